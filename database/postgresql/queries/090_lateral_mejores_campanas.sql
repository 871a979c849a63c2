-- LATERAL JOIN: which are the three best campaigns of each country, by sales in US dollars?
--
-- The query on the right is run for each country on the left, and stops after three.
SELECT
    pais.codigo_pais,
    mejor.id_campana,
    campana.nombre,
    mejor.ventas,
    round(mejor.ingresos_usd, 2) AS ingresos_usd
FROM (SELECT DISTINCT codigo_pais FROM mart.mercado) AS pais
CROSS JOIN LATERAL (
    SELECT actividad.id_campana, sum(actividad.ventas) AS ventas, sum(actividad.ingresos_usd) AS ingresos_usd
    FROM mart.actividad_mes AS actividad
    WHERE actividad.codigo_pais = pais.codigo_pais AND actividad.ventas > 0
    GROUP BY actividad.id_campana
    ORDER BY sum(actividad.ingresos_usd) DESC, actividad.id_campana
    LIMIT 3
) AS mejor
LEFT JOIN mart.campana AS campana USING (id_campana)
ORDER BY pais.codigo_pais, mejor.ingresos_usd DESC;
