-- When was this refresh, and how many rows did it change in which table?
INSERT INTO dw.refrescos (iniciado_en, filas)
SELECT now(), coalesce(jsonb_object_agg(tabla, filas), '{{}}')
FROM (SELECT tabla, count(*) AS filas FROM touched GROUP BY tabla) AS counts
RETURNING id_refresco, filas
