-- What became of the leads of a campaign?
-- table: dw.hecho_lead
-- index: ix_hecho_lead_campana
-- values: SELECT id_campana FROM dw.hecho_lead GROUP BY id_campana ORDER BY id_campana LIMIT 5
SELECT contacto.estado, count(*) AS leads, avg(contacto.puntaje) AS puntaje
FROM {table} AS contacto
WHERE contacto.id_campana = %(id_campana)s
GROUP BY contacto.estado;
