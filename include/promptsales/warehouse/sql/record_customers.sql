-- Which customers did this refresh touch, themselves or by one of their sales?
INSERT INTO dw.cambios_cliente (id_refresco, id_cliente)
SELECT {refresh_id}, id_cliente
FROM (
    SELECT id_cliente_antes AS id_cliente FROM touched WHERE tabla = 'hecho_venta'
    UNION
    SELECT id_cliente FROM touched WHERE tabla IN ('hecho_venta', 'dim_cliente')
) AS customers
WHERE id_cliente IS NOT NULL
