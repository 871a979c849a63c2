-- mart.ranking_mercado: which city leads each country in the last month with sales?
SELECT
    codigo_pais,
    ciudad,
    posicion AS posicion_en_todos,
    ventas,
    ingresos_usd,
    roi
FROM mart.ranking_mercado
WHERE
    mes = (SELECT date_trunc('month', ultima_venta)::date FROM mart.posicion)
    AND posicion_en_pais = 1
    AND ventas > 0
ORDER BY posicion;
