-- How was a campaign received, month by month?
-- table: dw.hecho_sentimiento
-- index: ix_hecho_sentimiento_campana
-- values: SELECT id_campana FROM dw.hecho_sentimiento WHERE id_campana IS NOT NULL GROUP BY id_campana ORDER BY id_campana LIMIT 5
SELECT date_trunc('month', dia.fecha) AS mes, avg(dia.puntaje) AS puntaje, sum(dia.negativos) AS negativos
FROM {table} AS dia
WHERE dia.id_campana = %(id_campana)s
GROUP BY date_trunc('month', dia.fecha)
ORDER BY mes;
