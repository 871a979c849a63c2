/*
  LOWER: which tag must the links of each running ad carry, for web analytics to put its visits together?

  Analytics tools tell Summer from summer: one campaign written in two ways is two campaigns there. So tags are
  lower case, with hyphens for blanks, and end in the keys that make them unique.
*/
SELECT
    marca.nombre AS marca,
    campana.nombre AS campana,
    anuncio.id_anuncio,
    LOWER(REPLACE(canal.nombre, N' ', N'-')) AS utm_source,
    LOWER(canal.tipo) AS utm_medium,
    CONCAT(LOWER(REPLACE(LTRIM(RTRIM(campana.nombre)), N' ', N'-')), N'-', campana.id_campana) AS utm_campaign,
    COALESCE(LOWER(influencer.usuario), CONCAT(N'anuncio-', anuncio.id_anuncio)) AS utm_content
FROM dbo.anuncios AS anuncio
INNER JOIN dbo.campanas AS campana ON anuncio.id_campana = campana.id_campana
INNER JOIN dbo.marcas AS marca ON campana.id_marca = marca.id_marca
INNER JOIN dbo.canales AS canal ON anuncio.id_canal = canal.id_canal
LEFT JOIN dbo.influencers AS influencer ON anuncio.id_influencer = influencer.id_influencer
WHERE campana.estado = N'activa' AND anuncio.activo = 1
ORDER BY marca.nombre, campana.id_campana, anuncio.id_anuncio;
