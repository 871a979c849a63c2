-- How many customers share country, month of last purchase and scores?
SELECT
    codigo_pais,
    mes_ultima,
    frecuencia,
    monto,
    count(*) AS clientes,
    sum(ventas) AS ventas,
    sum(ingresos_usd) AS ingresos_usd
FROM mart.rfm_cliente
GROUP BY codigo_pais, mes_ultima, frecuencia, monto
