-- mart.embudo_cohorte: of the leads of each month, how many were converted, how many bought, and after how many days?
SELECT
    cohorte,
    sum(leads) AS leads,
    sum(convertidos) AS convertidos,
    sum(compradores) AS compradores,
    round(100.0 * sum(convertidos) / nullif(sum(leads), 0), 1) AS porcentaje_conversion,
    round(sum(dias_conversion * convertidos) / nullif(sum(convertidos), 0), 1) AS dias_conversion,
    sum(ingresos_usd) AS ingresos_usd
FROM mart.embudo_cohorte
GROUP BY cohorte
ORDER BY cohorte;
