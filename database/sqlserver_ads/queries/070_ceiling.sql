/*
  CEILING: in how many days will each running campaign have spent its budget, and will that be before its end?

  At the mean of its days with figures. A budget that lasts 4.1 days is spent on the fifth: hence up.
*/
DECLARE @hasta date = (SELECT MAX(fecha) FROM dbo.rendimiento_diario);

WITH ritmo AS (
    SELECT
        id_campana,
        SUM(costo) AS gastado,
        SUM(costo) / COUNT(DISTINCT fecha) AS gasto_diario
    FROM dbo.rendimiento_diario
    WHERE fecha <= @hasta
    GROUP BY id_campana
),

agotamiento AS (
    SELECT
        campana.id_campana,
        campana.nombre,
        campana.moneda,
        ritmo.gasto_diario,
        DATEDIFF(DAY, @hasta, campana.fecha_fin) AS dias_restantes,
        CONVERT(bigint, CEILING((campana.presupuesto - ritmo.gastado) / NULLIF(ritmo.gasto_diario, 0)))
            AS dias_de_presupuesto
    FROM dbo.campanas AS campana
    INNER JOIN ritmo ON campana.id_campana = ritmo.id_campana
    WHERE campana.estado = N'activa' AND campana.presupuesto > ritmo.gastado AND ritmo.gasto_diario > 0
)

SELECT
    id_campana,
    nombre AS campana,
    moneda,
    CONVERT(decimal(18, 2), gasto_diario) AS gasto_diario,
    dias_de_presupuesto,
    dias_restantes,
    CASE WHEN dias_de_presupuesto < dias_restantes THEN N'se agota antes' ELSE N'alcanza' END AS pronostico
FROM agotamiento
ORDER BY dias_de_presupuesto - dias_restantes, id_campana;
