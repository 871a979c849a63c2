-- How do the affected campaigns stand? Their version is set once everything of theirs is known.
SELECT
    campana.id_campana,
    campana.nombre,
    campana.id_marca,
    marca.nombre AS marca,
    marca.sector,
    campana.objetivo,
    campana.estado,
    campana.fecha_inicio,
    campana.fecha_fin,
    coalesce(held.version, 0) AS version
FROM affected_campana
JOIN dw.dim_campana AS campana USING (id_campana)
LEFT JOIN dw.dim_marca AS marca USING (id_marca)
LEFT JOIN mart.campana AS held USING (id_campana)
