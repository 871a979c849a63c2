-- What did a campaign sell in the last three months of its life?
-- table: dw.hecho_venta
-- index: ix_hecho_venta_campana
-- values: SELECT id_campana, max(fecha) - 90 AS desde FROM dw.hecho_venta GROUP BY id_campana ORDER BY id_campana LIMIT 5
SELECT count(*) AS ventas, sum(venta.total_usd) AS total_usd
FROM {table} AS venta
WHERE venta.id_campana = %(id_campana)s AND venta.fecha >= %(desde)s;
