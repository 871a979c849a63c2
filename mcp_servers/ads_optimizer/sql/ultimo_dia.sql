-- Which is the last day with figures of a campaign?
SELECT MAX(fecha) AS ultimo
FROM etl.rendimiento_diario
WHERE id_campana = %(id_campana)s;
