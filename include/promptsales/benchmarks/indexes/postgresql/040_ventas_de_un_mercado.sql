-- How much was sold in a city, month by month, in a year?
-- table: dw.hecho_venta
-- index: ix_hecho_venta_mercado
-- values: SELECT id_mercado, max(fecha) - 365 AS desde FROM dw.hecho_venta WHERE id_mercado IS NOT NULL GROUP BY id_mercado ORDER BY id_mercado LIMIT 5
SELECT date_trunc('month', venta.fecha) AS mes, sum(venta.total_usd) AS total_usd
FROM {table} AS venta
WHERE venta.id_mercado = %(id_mercado)s AND venta.fecha >= %(desde)s
GROUP BY date_trunc('month', venta.fecha)
ORDER BY mes;
