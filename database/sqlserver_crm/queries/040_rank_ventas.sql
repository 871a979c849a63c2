/*
  RANK. Number, total and rank of sales by year, month and campaign: which campaigns led each month?

  The rank is within a month and a currency: totals of two currencies have no order. RANK leaves a gap after a tie (1,
  1, 3), DENSE_RANK none (1, 1, 2); both are shown, and the rank by number of sales beside them. The windows are over
  the groups, so they rank sums: GROUP BY comes before OVER.
*/
SELECT
    YEAR(fecha) AS anio,
    MONTH(fecha) AS mes,
    id_campana,
    moneda,
    COUNT(*) AS ventas,
    SUM(total) AS total,
    RANK() OVER (PARTITION BY YEAR(fecha), MONTH(fecha), moneda ORDER BY SUM(total) DESC) AS puesto_por_total,
    DENSE_RANK() OVER (PARTITION BY YEAR(fecha), MONTH(fecha), moneda ORDER BY SUM(total) DESC) AS puesto_sin_huecos,
    RANK() OVER (PARTITION BY YEAR(fecha), MONTH(fecha), moneda ORDER BY COUNT(*) DESC) AS puesto_por_numero
FROM dbo.ventas
GROUP BY YEAR(fecha), MONTH(fecha), id_campana, moneda
ORDER BY anio, mes, moneda, puesto_por_total, id_campana;
GO
