-- What did a customer buy last?
-- table: dw.hecho_venta
-- index: ix_hecho_venta_cliente
-- values: SELECT id_cliente FROM dw.hecho_venta GROUP BY id_cliente ORDER BY count(*) DESC, id_cliente LIMIT 5
SELECT venta.id_venta, venta.momento, venta.total, venta.moneda
FROM {table} AS venta
WHERE venta.id_cliente = %(id_cliente)s
ORDER BY venta.momento DESC
LIMIT 10;
