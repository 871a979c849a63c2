-- Which groups are there, in dw or in mart? All of them count as touched.
SELECT 'hecho_rendimiento' AS tabla, id_campana, date_trunc('month', fecha)::date AS mes FROM dw.hecho_rendimiento
UNION
SELECT 'hecho_venta', id_campana, date_trunc('month', fecha)::date FROM dw.hecho_venta
UNION
SELECT 'hecho_venta', id_campana, mes FROM mart.actividad_mes
UNION
SELECT 'hecho_lead', id_campana, date_trunc('month', fecha)::date FROM dw.hecho_lead
UNION
SELECT 'hecho_lead', id_campana, cohorte FROM mart.embudo_mes
UNION
SELECT 'hecho_contenido', coalesce(id_campana, 0), date_trunc('month', fecha)::date FROM dw.hecho_contenido
UNION
SELECT 'hecho_contenido', id_campana, mes FROM mart.contenido_mes
UNION
SELECT 'hecho_sentimiento', coalesce(id_campana, 0), date_trunc('month', fecha)::date FROM dw.hecho_sentimiento
UNION
SELECT 'hecho_sentimiento', id_campana, mes FROM mart.sentimiento_mes
UNION
SELECT 'dim_campana', id_campana, NULL FROM dw.dim_campana
UNION
SELECT 'dim_campana', id_campana, NULL FROM mart.campana
UNION
SELECT 'dim_campana', id_campana, NULL FROM mart.campana_pais
