-- mart.rendimiento_campana: which ten campaigns have the best return on what they cost?
SELECT
    id_campana,
    nombre,
    marca,
    estado,
    costo_usd,
    ingresos_usd,
    roi
FROM mart.rendimiento_campana
WHERE roi IS NOT NULL
ORDER BY roi DESC, id_campana
LIMIT 10;
