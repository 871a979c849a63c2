/*
  Correlated analysis, both senses of the word.

  1. Correlated subqueries: which sales are more than twice what the same customer spends on average in that currency,
  and
     how long after the customer's sale before? They are the ones to thank for, or to check for fraud.
  2. Correlation: do the campaigns that bring better leads (mean score) convert more of them? Pearson's coefficient over
     campaigns, and the share of conversions by band of score to see what is behind the number.
*/
SELECT TOP (100)
    v.id_venta,
    v.id_cliente,
    v.fecha,
    v.total,
    v.moneda,
    (
        SELECT AVG(o.total)
        FROM dbo.ventas AS o
        WHERE o.id_cliente = v.id_cliente AND o.moneda = v.moneda AND o.id_venta <> v.id_venta
    ) AS media_de_las_otras,
    DATEDIFF(
        DAY,
        (
            SELECT MAX(o.fecha)
            FROM dbo.ventas AS o
            WHERE o.id_cliente = v.id_cliente AND o.fecha < v.fecha
        ),
        v.fecha
    ) AS dias_desde_la_anterior
FROM dbo.ventas AS v
WHERE
    v.total > 2 * (
        SELECT AVG(o.total)
        FROM dbo.ventas AS o
        WHERE o.id_cliente = v.id_cliente AND o.moneda = v.moneda AND o.id_venta <> v.id_venta
    )
ORDER BY v.fecha DESC, v.id_venta DESC;
GO

-- Pearson: covariance over the product of the standard deviations. NULL where there is no campaign, or all have one
-- score or one rate: no correlation is defined then.
WITH campanas AS (
    SELECT
        id_campana,
        AVG(CONVERT(float, puntaje)) AS puntaje,
        AVG(CONVERT(float, IIF(estado = N'convertido', 1, 0))) AS conversion
    FROM dbo.leads
    GROUP BY id_campana
)

SELECT
    COUNT(*) AS campanas,
    ROUND(
        (AVG(puntaje * conversion) - AVG(puntaje) * AVG(conversion))
        / NULLIF(STDEVP(puntaje) * STDEVP(conversion), 0),
        4
    ) AS correlacion_puntaje_conversion
FROM campanas;
GO

SELECT
    FLOOR(puntaje / 20) * 20 AS puntaje_desde,
    COUNT(*) AS leads,
    SUM(IIF(estado = N'convertido', 1, 0)) AS convertidos,
    CONVERT(decimal(5, 2), 100.0 * SUM(IIF(estado = N'convertido', 1, 0)) / COUNT(*)) AS porcentaje
FROM dbo.leads
GROUP BY FLOOR(puntaje / 20) * 20
ORDER BY puntaje_desde;
GO
