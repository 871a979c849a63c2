-- What did a customer buy?
-- table: PromptCRM dbo.ventas
-- key: id_venta
-- columns: id_venta, id_cliente, id_campana, fecha, total, moneda, estado
-- index: IX_ventas_id_cliente (id_cliente)
-- values: SELECT TOP (5) id_cliente FROM dbo.ventas GROUP BY id_cliente ORDER BY COUNT(*) DESC, id_cliente
SELECT id_venta, fecha, total, moneda, estado
FROM {table}
WHERE id_cliente = %(id_cliente)s
ORDER BY fecha;
