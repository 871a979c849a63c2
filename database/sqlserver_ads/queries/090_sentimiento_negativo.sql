/*
  Negative sentiment, for a range of days: which ads are people turning against, whose are they, and how many
  reactions have they lost?

  An ad is listed if over the range people said more bad than good of it. sentimiento: (positive - negative) over
  all mentions, from -1 to 1.
  caida_reacciones_pct: what it lost against the days just before, as many of them: 25.0 is a quarter fewer, a
  negative figure is a gain, NULL is an ad that had no reactions then.

  Change @desde and @hasta to ask of other days. Both periods come from one read of IX_sentimientos_fecha.
*/
DECLARE @hasta date = (SELECT MAX(fecha) FROM dbo.sentimientos);
DECLARE @desde date = DATEADD(DAY, -29, @hasta);
DECLARE @dias int = DATEDIFF(DAY, @desde, @hasta) + 1;
DECLARE @desde_anterior date = DATEADD(DAY, -@dias, @desde);

WITH periodos AS (
    SELECT
        id_anuncio,
        SUM(CASE WHEN fecha >= @desde THEN CONVERT(bigint, positivos) ELSE 0 END) AS positivos,
        SUM(CASE WHEN fecha >= @desde THEN CONVERT(bigint, neutros) ELSE 0 END) AS neutros,
        SUM(CASE WHEN fecha >= @desde THEN CONVERT(bigint, negativos) ELSE 0 END) AS negativos,
        SUM(CASE WHEN fecha >= @desde THEN CONVERT(bigint, reacciones) ELSE 0 END) AS reacciones,
        SUM(CASE WHEN fecha < @desde THEN CONVERT(bigint, reacciones) ELSE 0 END) AS reacciones_antes
    FROM dbo.sentimientos
    WHERE fecha BETWEEN @desde_anterior AND @hasta
    GROUP BY id_anuncio
)

SELECT
    campana.nombre AS campana,
    marca.nombre AS marca,
    anuncio.titulo AS anuncio,
    canal.nombre AS canal,
    COALESCE(influencer.nombre, N'(la marca)') AS influencer,
    CONVERT(
        decimal(5, 3),
        1.0 * (periodo.positivos - periodo.negativos)
        / NULLIF(periodo.positivos + periodo.neutros + periodo.negativos, 0)
    ) AS sentimiento,
    periodo.negativos,
    periodo.positivos,
    periodo.reacciones,
    periodo.reacciones_antes,
    CONVERT(
        decimal(9, 1),
        100.0 * (periodo.reacciones_antes - periodo.reacciones) / NULLIF(periodo.reacciones_antes, 0)
    ) AS caida_reacciones_pct
FROM periodos AS periodo
INNER JOIN dbo.anuncios AS anuncio ON periodo.id_anuncio = anuncio.id_anuncio
INNER JOIN dbo.campanas AS campana ON anuncio.id_campana = campana.id_campana
INNER JOIN dbo.marcas AS marca ON campana.id_marca = marca.id_marca
INNER JOIN dbo.canales AS canal ON anuncio.id_canal = canal.id_canal
LEFT JOIN dbo.influencers AS influencer ON anuncio.id_influencer = influencer.id_influencer
WHERE periodo.negativos > periodo.positivos
ORDER BY caida_reacciones_pct DESC, sentimiento, anuncio.id_anuncio;
