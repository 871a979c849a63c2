-- Which months of which campaigns? Those of changed performance and sales, and all of campaigns that changed markets.
SELECT id_campana, mes
FROM changes
WHERE tabla IN ('hecho_rendimiento', 'hecho_venta')
UNION
SELECT hecho.id_campana, date_trunc('month', hecho.fecha)::date
FROM changes
JOIN dw.hecho_rendimiento AS hecho USING (id_campana)
WHERE changes.tabla = 'puente_campana_mercado'
