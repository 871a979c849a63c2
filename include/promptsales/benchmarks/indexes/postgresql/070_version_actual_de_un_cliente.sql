-- Who is a customer now, in which segment and where? The refresh asks it for every sale that it takes.
-- table: dw.dim_cliente
-- index: uq_dim_cliente_actual
-- values: SELECT id_cliente FROM dw.dim_cliente WHERE es_actual ORDER BY id_cliente DESC LIMIT 5
SELECT cliente.cliente_clave, cliente.segmento, cliente.codigo_pais, cliente.ciudad
FROM {table} AS cliente
WHERE cliente.id_cliente = %(id_cliente)s AND cliente.es_actual;
