-- How much was sold on each day of a week?
-- table: dw.hecho_venta
-- index: ix_hecho_venta_fecha
-- values: SELECT max(fecha) - 7 * n - 6 AS desde, max(fecha) - 7 * n AS hasta FROM dw.hecho_venta, generate_series(0, 4) AS n GROUP BY n
SELECT venta.fecha, count(*) AS ventas, sum(venta.total_usd) AS total_usd
FROM {table} AS venta
WHERE venta.fecha BETWEEN %(desde)s AND %(hasta)s
GROUP BY venta.fecha
ORDER BY venta.fecha;
