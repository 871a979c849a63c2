-- CASE: which running campaigns use up their budget faster than their time, and which lag behind?
--
-- Both sides are fractions: of the budget spent, and of the campaign's days that have passed until the last day with
-- figures. A tenth of difference is still "on plan".
WITH hoy AS (
    SELECT max(fecha) AS fecha FROM dw.hecho_rendimiento
),
avance AS (
    SELECT
        campana.id_campana,
        campana.nombre,
        campana.fecha_fin,
        campana.costo_usd / nullif(campana.presupuesto_usd, 0) AS gastado,
        (hoy.fecha - campana.fecha_inicio + 1)::numeric / (campana.fecha_fin - campana.fecha_inicio + 1) AS transcurrido
    FROM mart.rendimiento_campana AS campana
    CROSS JOIN hoy
    WHERE hoy.fecha BETWEEN campana.fecha_inicio AND campana.fecha_fin
)
SELECT
    id_campana,
    nombre,
    fecha_fin,
    round(100 * gastado, 1) AS porcentaje_gastado,
    round(100 * transcurrido, 1) AS porcentaje_transcurrido,
    CASE
        WHEN gastado IS NULL THEN 'sin gasto'
        WHEN gastado > 1 THEN 'agotada'
        WHEN gastado > transcurrido + 0.1 THEN 'adelantada'
        WHEN gastado < transcurrido - 0.1 THEN 'atrasada'
        ELSE 'en plan'
    END AS ritmo
FROM avance
ORDER BY gastado - transcurrido DESC NULLS LAST, id_campana
LIMIT 20;
