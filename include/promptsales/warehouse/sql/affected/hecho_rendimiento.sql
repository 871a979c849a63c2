-- Which days of performance may have changed? Those of the loads, those of campaigns that changed currency, and those
-- whose rate was corrected.
SELECT id_rendimiento FROM changed_rendimiento_diario
UNION
SELECT hecho.id_rendimiento
FROM touched
JOIN dw.dim_campana AS campana ON campana.id_campana = touched.clave
JOIN dw.hecho_rendimiento AS hecho ON hecho.id_campana = campana.id_campana
WHERE touched.tabla = 'dim_campana' AND hecho.moneda IS DISTINCT FROM campana.moneda
UNION
SELECT hecho.id_rendimiento
FROM changed_rates
JOIN dw.hecho_rendimiento AS hecho ON
    hecho.moneda = changed_rates.moneda AND hecho.fecha >= changed_rates.fecha AND hecho.fecha < changed_rates.hasta
