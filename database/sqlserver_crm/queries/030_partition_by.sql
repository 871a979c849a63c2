/*
  PARTITION BY. For each campaign, how do its sales add up day by day, and what share of the campaign is each day?

  Windows restart with each campaign and currency (amounts of different currencies are never added). ROWS, not the
  default RANGE: one row a day is unique, and ROWS needs no work table on disk.
*/
WITH dias AS (
    SELECT
        id_campana,
        moneda,
        CONVERT(date, fecha) AS dia,
        COUNT(*) AS ventas,
        SUM(total) AS total
    FROM dbo.ventas
    GROUP BY id_campana, moneda, CONVERT(date, fecha)
)

SELECT
    id_campana,
    moneda,
    dia,
    ventas,
    total,
    SUM(total) OVER (PARTITION BY id_campana, moneda ORDER BY dia ROWS UNBOUNDED PRECEDING) AS acumulado,
    AVG(total) OVER (
        PARTITION BY id_campana, moneda
        ORDER BY dia
        ROWS BETWEEN 6 PRECEDING AND CURRENT ROW
    ) AS media_7_dias_con_ventas,
    CONVERT(
        decimal(5, 2), 100 * total / NULLIF(SUM(total) OVER (PARTITION BY id_campana, moneda), 0)
    ) AS porcentaje_de_la_campana,
    DATEDIFF(
        DAY, LAG(dia) OVER (PARTITION BY id_campana, moneda ORDER BY dia), dia
    ) AS dias_desde_la_anterior
FROM dias
ORDER BY id_campana, moneda, dia;
GO
