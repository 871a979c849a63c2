/*
  FLOOR: how many whole thousands of impressions does what is left of each running campaign's budget still buy?

  Impressions are sold by the thousand, and a part of a thousand cannot be bought: hence down, never to the
  nearest. The price is what the campaign itself has paid so far, in its own currency.
*/
WITH gasto AS (
    SELECT
        id_campana,
        SUM(costo) AS gastado,
        1000 * SUM(costo) / NULLIF(SUM(impresiones), 0) AS costo_por_mil
    FROM dbo.rendimiento_diario
    GROUP BY id_campana
)

SELECT
    campana.id_campana,
    campana.nombre AS campana,
    campana.moneda,
    campana.presupuesto - gasto.gastado AS disponible,
    CONVERT(decimal(18, 2), gasto.costo_por_mil) AS costo_por_mil,
    CONVERT(bigint, FLOOR((campana.presupuesto - gasto.gastado) / NULLIF(gasto.costo_por_mil, 0)))
        AS miles_de_impresiones
FROM dbo.campanas AS campana
INNER JOIN gasto ON campana.id_campana = gasto.id_campana
WHERE campana.estado = N'activa' AND campana.presupuesto > gasto.gastado AND gasto.costo_por_mil > 0
ORDER BY miles_de_impresiones DESC, campana.id_campana;
