-- mart.segmentos_rfm: how many champions, customers at risk and lost ones are there, and what did they bring?
SELECT
    segmento,
    sum(clientes) AS clientes,
    round(100.0 * sum(clientes) / sum(sum(clientes)) OVER (), 1) AS porcentaje,
    sum(ingresos_usd) AS ingresos_usd,
    round(sum(ingresos_usd) / sum(clientes), 2) AS ingresos_por_cliente_usd
FROM mart.segmentos_rfm
GROUP BY segmento
ORDER BY ingresos_usd DESC;
