-- How were ads received in a week?
-- table: PromptAds dbo.sentimientos
-- key: id_sentimiento
-- columns: id_sentimiento, id_anuncio, fecha, positivos, neutros, negativos, puntaje, reacciones
-- index: IX_sentimientos_fecha (fecha, id_anuncio) INCLUDE (positivos, neutros, negativos, puntaje, reacciones)
-- values: SELECT TOP (5) fecha AS desde FROM dbo.sentimientos GROUP BY fecha ORDER BY fecha DESC
SELECT id_anuncio, SUM(positivos) AS positivos, SUM(negativos) AS negativos
FROM {table}
WHERE fecha >= %(desde)s AND fecha < DATEADD(DAY, 7, CAST(%(desde)s AS date))
GROUP BY id_anuncio;
