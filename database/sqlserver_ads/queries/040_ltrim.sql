/*
  LTRIM: which opening words of an ad win the most reactions per thousand mentions?

  Titles are typed by people and pasted from documents: blanks before the first word would make one opening two.
  LTRIM takes them away before the first word is cut off; the blank added at the end serves titles of one word.
*/
WITH aperturas AS (
    SELECT
        id_anuncio,
        LEFT(LTRIM(titulo), CHARINDEX(N' ', LTRIM(titulo) + N' ') - 1) AS apertura
    FROM dbo.anuncios
)

SELECT TOP (20)
    apertura.apertura,
    COUNT(DISTINCT apertura.id_anuncio) AS anuncios,
    SUM(CONVERT(bigint, sentimiento.reacciones)) AS reacciones,
    SUM(sentimiento.menciones) AS menciones,
    CONVERT(
        decimal(12, 1),
        1000.0 * SUM(CONVERT(bigint, sentimiento.reacciones)) / NULLIF(SUM(sentimiento.menciones), 0)
    ) AS reacciones_por_mil_menciones
FROM aperturas AS apertura
INNER JOIN dbo.sentimientos AS sentimiento ON apertura.id_anuncio = sentimiento.id_anuncio
GROUP BY apertura.apertura
ORDER BY reacciones_por_mil_menciones DESC, apertura.apertura;
