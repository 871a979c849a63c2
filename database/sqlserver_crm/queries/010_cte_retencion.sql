/*
  CTE. How many of the customers won in a month bought again within 30, 90 and 180 days of their first purchase?

  One row a month of first purchase. A share is of all customers of that month, also of months younger than the period:
  read the last rows with that in mind. Three steps, each named, each built on the one before.
*/
WITH primeras AS (
    SELECT
        id_cliente,
        MIN(fecha) AS primera
    FROM dbo.ventas
    GROUP BY id_cliente
),

regresos AS (
    SELECT
        p.id_cliente,
        p.primera,
        MIN(v.fecha) AS segunda
    FROM primeras AS p
    LEFT JOIN dbo.ventas AS v ON p.id_cliente = v.id_cliente AND p.primera < v.fecha
    GROUP BY p.id_cliente, p.primera
),

plazos AS (
    SELECT
        DATEFROMPARTS(YEAR(primera), MONTH(primera), 1) AS mes,
        DATEDIFF(DAY, primera, segunda) AS dias
    FROM regresos
)

SELECT
    mes,
    COUNT(*) AS clientes,
    SUM(IIF(dias <= 30, 1, 0)) AS regresan_30_dias,
    SUM(IIF(dias <= 90, 1, 0)) AS regresan_90_dias,
    SUM(IIF(dias <= 180, 1, 0)) AS regresan_180_dias,
    CONVERT(decimal(5, 2), 100.0 * SUM(IIF(dias <= 180, 1, 0)) / COUNT(*)) AS porcentaje_180_dias
FROM plazos
GROUP BY mes
ORDER BY mes;
GO
