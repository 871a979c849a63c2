/*
  Recursive CTE. How many sales did each of the last 24 months have, months without any included?

  GROUP BY alone leaves out a month in which nothing was sold, which is the one to look at. So the months come from a
  recursion: from the month of the newest sale 23 steps back. Bounds on fecha, and not YEAR(fecha), so that
  IX_ventas_fecha is sought.
*/
WITH meses AS (
    SELECT
        1 AS paso,
        CONVERT(date, DATEADD(DAY, 1 - DAY(MAX(fecha)), MAX(fecha))) AS mes
    FROM dbo.ventas
    HAVING COUNT(*) > 0

    UNION ALL

    SELECT
        paso + 1,
        DATEADD(MONTH, -1, mes)
    FROM meses
    WHERE paso < 24
)

SELECT
    m.mes,
    COUNT(v.id_venta) AS ventas,
    COUNT(DISTINCT v.id_cliente) AS clientes,
    COUNT(DISTINCT v.id_campana) AS campanas
FROM meses AS m
LEFT JOIN dbo.ventas AS v
    ON
        v.fecha >= CONVERT(datetime2(0), m.mes)
        AND v.fecha < CONVERT(datetime2(0), DATEADD(MONTH, 1, m.mes))
GROUP BY m.mes
ORDER BY m.mes
OPTION (MAXRECURSION 24);
GO
