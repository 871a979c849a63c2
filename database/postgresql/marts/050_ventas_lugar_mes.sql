-- mart.ventas_lugar_mes: how much was sold by country, region and city in the last twelve months, with subtotals?
SELECT
    codigo_pais,
    CASE WHEN grouping(region) = 1 THEN 'todo el pais' ELSE coalesce(region, 'sin region') END AS region,
    CASE
        WHEN grouping(region) = 1 THEN ''
        WHEN grouping(ciudad) = 1 THEN 'toda la region'
        ELSE coalesce(ciudad, 'sin ciudad')
    END AS ciudad,
    sum(ventas)::bigint AS ventas,
    sum(unidades)::bigint AS unidades,
    sum(ingresos_usd) AS ingresos_usd
FROM mart.ventas_lugar_mes
WHERE mes > (SELECT date_trunc('month', ultima_venta) - INTERVAL '12 months' FROM mart.posicion)
GROUP BY codigo_pais, ROLLUP (region, ciudad)
ORDER BY codigo_pais, grouping(region) DESC, region, grouping(ciudad) DESC, ciudad;
