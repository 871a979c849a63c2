-- How much did a campaign sell?
-- table: PromptCRM dbo.ventas
-- key: id_venta
-- columns: id_venta, id_cliente, id_campana, fecha, total, moneda, estado
-- index: IX_ventas_id_campana (id_campana)
-- values: SELECT TOP (5) id_campana FROM dbo.ventas GROUP BY id_campana ORDER BY id_campana
SELECT COUNT(*) AS ventas, SUM(total) AS total
FROM {table}
WHERE id_campana = %(id_campana)s;
