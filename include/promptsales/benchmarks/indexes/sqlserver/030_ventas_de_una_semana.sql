-- How much was sold in a week, by campaign and currency?
-- table: PromptCRM dbo.ventas
-- key: id_venta
-- columns: id_venta, id_cliente, id_campana, fecha, total, moneda, estado
-- index: IX_ventas_fecha (fecha, id_campana) INCLUDE (moneda, total)
-- values: SELECT TOP (5) CAST(fecha AS date) AS desde FROM dbo.ventas GROUP BY CAST(fecha AS date) ORDER BY CAST(fecha AS date) DESC
SELECT id_campana, moneda, SUM(total) AS total
FROM {table}
WHERE fecha >= %(desde)s AND fecha < DATEADD(DAY, 7, CAST(%(desde)s AS datetime2(0)))
GROUP BY id_campana, moneda;
