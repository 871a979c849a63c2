-- Which days of sentiment may have changed? Those of the loads, and those of ads that changed.
SELECT id_sentimiento FROM changed_sentimientos
UNION
SELECT hecho.id_sentimiento
FROM changed_anuncios
JOIN dw.hecho_sentimiento AS hecho USING (id_anuncio)
