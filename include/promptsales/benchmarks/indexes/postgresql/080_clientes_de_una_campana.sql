-- How many customers did a campaign win, by segment?
-- table: dw.dim_cliente
-- index: ix_dim_cliente_campana_origen
-- values: SELECT id_campana_origen FROM dw.dim_cliente WHERE es_actual GROUP BY id_campana_origen ORDER BY id_campana_origen LIMIT 5
SELECT cliente.segmento, count(*) AS clientes
FROM {table} AS cliente
WHERE cliente.id_campana_origen = %(id_campana_origen)s AND cliente.es_actual
GROUP BY cliente.segmento;
