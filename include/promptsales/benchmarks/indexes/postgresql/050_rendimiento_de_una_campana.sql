-- What did a campaign do, day by day, over its channels?
-- table: dw.hecho_rendimiento
-- index: ix_hecho_rendimiento_campana
-- values: SELECT id_campana FROM dw.hecho_rendimiento GROUP BY id_campana ORDER BY id_campana LIMIT 5
SELECT dia.fecha, sum(dia.impresiones) AS impresiones, sum(dia.clics) AS clics, sum(dia.costo_usd) AS costo_usd
FROM {table} AS dia
WHERE dia.id_campana = %(id_campana)s
GROUP BY dia.fecha
ORDER BY dia.fecha;
