/*
  INTERSECT: which campaigns make money and hurt the brand at the same time?

  The campaigns that earned more than they cost, and the ones with an ad of which people said more bad than good:
  each set from its own table, over the same 30 days, and only who is in both. INTERSECT needs no join, and no
  DISTINCT: a campaign with ten such ads is there once.
*/
DECLARE @hasta date = (SELECT MAX(fecha) FROM dbo.sentimientos);
DECLARE @desde date = DATEADD(DAY, -29, @hasta);

WITH rentables_y_criticadas AS (
    SELECT id_campana
    FROM dbo.rendimiento_diario
    WHERE fecha BETWEEN @desde AND @hasta
    GROUP BY id_campana
    HAVING SUM(ingresos) > SUM(costo)

    INTERSECT

    SELECT anuncio.id_campana
    FROM dbo.sentimientos AS sentimiento
    INNER JOIN dbo.anuncios AS anuncio ON sentimiento.id_anuncio = anuncio.id_anuncio
    WHERE sentimiento.fecha BETWEEN @desde AND @hasta
    GROUP BY anuncio.id_campana, anuncio.id_anuncio
    HAVING SUM(sentimiento.negativos) > SUM(sentimiento.positivos)
)

SELECT
    campana.id_campana,
    marca.nombre AS marca,
    campana.nombre AS campana,
    campana.estado,
    campana.moneda
FROM rentables_y_criticadas AS ambas
INNER JOIN dbo.campanas AS campana ON ambas.id_campana = campana.id_campana
INNER JOIN dbo.marcas AS marca ON campana.id_marca = marca.id_marca
ORDER BY marca.nombre, campana.id_campana;
