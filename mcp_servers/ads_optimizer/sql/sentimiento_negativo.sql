-- Which ads are people turning against over some days, the greatest loss of reactions first: ads of which more bad was
-- said than good? The loss is against as many days just before; NULL where there were no reactions then.
-- The asking side of sqlserver_ads/queries/090_sentimiento_negativo.sql, within the reader's countries.
WITH periodos AS (
    SELECT
        id_anuncio,
        SUM(CASE WHEN fecha >= %(desde)s THEN CONVERT(bigint, positivos) ELSE 0 END) AS positivos,
        SUM(CASE WHEN fecha >= %(desde)s THEN CONVERT(bigint, neutros) ELSE 0 END) AS neutros,
        SUM(CASE WHEN fecha >= %(desde)s THEN CONVERT(bigint, negativos) ELSE 0 END) AS negativos,
        SUM(CASE WHEN fecha >= %(desde)s THEN CONVERT(bigint, reacciones) ELSE 0 END) AS reacciones,
        SUM(CASE WHEN fecha < %(desde)s THEN CONVERT(bigint, reacciones) ELSE 0 END) AS reacciones_antes
    FROM etl.sentimientos
    WHERE fecha BETWEEN %(desde_anterior)s AND %(hasta)s
    GROUP BY id_anuncio
),

anuncios_negativos AS (
    SELECT
        campana.id_campana,
        campana.nombre AS campana,
        marca.nombre AS marca,
        anuncio.id_anuncio,
        anuncio.titulo AS anuncio,
        canal.nombre AS canal,
        influencer.nombre AS influencer,
        periodo.positivos,
        periodo.negativos,
        periodo.reacciones,
        periodo.reacciones_antes,
        1.0 * (periodo.positivos - periodo.negativos)
        / NULLIF(periodo.positivos + periodo.neutros + periodo.negativos, 0) AS sentimiento,
        100.0 * (periodo.reacciones_antes - periodo.reacciones)
        / NULLIF(periodo.reacciones_antes, 0) AS caida
    FROM periodos AS periodo
    INNER JOIN etl.anuncios AS anuncio ON periodo.id_anuncio = anuncio.id_anuncio
    INNER JOIN etl.campanas AS campana ON anuncio.id_campana = campana.id_campana
    INNER JOIN etl.marcas AS marca ON campana.id_marca = marca.id_marca
    INNER JOIN etl.canales AS canal ON anuncio.id_canal = canal.id_canal
    LEFT JOIN etl.influencers AS influencer ON anuncio.id_influencer = influencer.id_influencer
    WHERE periodo.negativos > periodo.positivos
        AND (%(marca)s IS NULL OR marca.nombre = %(marca)s)
        AND (%(id_campana)s IS NULL OR campana.id_campana = %(id_campana)s)
        AND (
            %(todos)s = 1
            OR EXISTS (
                SELECT 1
                FROM etl.campanas_mercados AS reparto
                INNER JOIN etl.mercados AS mercado ON reparto.id_mercado = mercado.id_mercado
                WHERE reparto.id_campana = campana.id_campana AND mercado.codigo_pais IN %(paises)s
            )
        )
)

SELECT
    id_campana,
    campana,
    marca,
    id_anuncio,
    anuncio,
    canal,
    influencer,
    positivos,
    negativos,
    reacciones,
    reacciones_antes,
    sentimiento,
    caida
FROM anuncios_negativos
WHERE %(caida_minima)s IS NULL OR caida >= %(caida_minima)s
ORDER BY CASE WHEN caida IS NULL THEN 1 ELSE 0 END, caida DESC, sentimiento, id_anuncio
OFFSET %(omitidas)s ROWS FETCH NEXT %(filas)s ROWS ONLY;
