-- How did people react to the affected ads on a day, and whose ads are they?
SELECT sentimientos.*, anuncios.id_campana, anuncios.id_canal, anuncios.id_influencer
FROM affected_hecho_sentimiento
JOIN ods_promptads.sentimientos AS sentimientos USING (id_sentimiento)
LEFT JOIN ods_promptads.anuncios AS anuncios USING (id_anuncio)
