-- Which campaign-days did this refresh touch, in which table?
INSERT INTO dw.cambios (id_refresco, tabla, id_campana, fecha)
SELECT {refresh_id}, tabla, id_campana, fecha
FROM (
    SELECT tabla, id_campana_antes AS id_campana, fecha_antes AS fecha FROM touched WHERE accion <> 'INSERT'
    UNION
    SELECT tabla, id_campana, fecha FROM touched WHERE accion <> 'DELETE'
    UNION
    SELECT tabla, clave, NULL FROM touched WHERE tabla = 'dim_campana'
) AS changes
WHERE NOT starts_with(tabla, 'dim_') OR (tabla = 'dim_campana' AND id_campana IS NOT NULL)
