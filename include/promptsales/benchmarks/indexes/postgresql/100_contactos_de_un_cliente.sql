-- Which leads led to a customer?
-- table: dw.hecho_lead
-- index: ix_hecho_lead_cliente
-- values: SELECT id_cliente FROM dw.hecho_lead WHERE id_cliente IS NOT NULL GROUP BY id_cliente ORDER BY id_cliente LIMIT 5
SELECT contacto.id_lead, contacto.creado_en, contacto.convertido_en, contacto.puntaje
FROM {table} AS contacto
WHERE contacto.id_cliente = %(id_cliente)s
ORDER BY contacto.creado_en;
