-- Anti join (NOT EXISTS): how many customers of each country have not bought for half a year, and could be called back?
--
-- NOT EXISTS, not NOT IN: a single NULL in the list of NOT IN makes its answer empty.
SELECT
    coalesce(cliente.codigo_pais, 'ZZ') AS codigo_pais,
    count(*) AS clientes,
    count(*) FILTER (WHERE cliente.activo) AS activos
FROM dw.dim_cliente AS cliente
WHERE
    cliente.es_actual
    AND NOT cliente.eliminado
    AND NOT EXISTS (
        SELECT FROM dw.hecho_venta AS hecho
        WHERE
            hecho.id_cliente = cliente.id_cliente
            AND hecho.fecha > (SELECT max(ultima.fecha) - 182 FROM dw.hecho_venta AS ultima)
    )
GROUP BY 1
ORDER BY clientes DESC, codigo_pais
LIMIT 20;
