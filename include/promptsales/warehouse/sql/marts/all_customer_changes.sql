-- Which customers have bought, in dw or in mart?
SELECT id_cliente FROM dw.hecho_venta
UNION
SELECT id_cliente FROM mart.rfm_cliente
