-- COALESCE: who speaks for the brands where people react most, the influencer or else the channel itself?
--
-- An ad need not have an influencer, and a sentiment may arrive before its ad: the first name that is known is taken.
SELECT
    coalesce(influencer.nombre, canal.nombre, 'sin identificar') AS vocero,
    CASE WHEN influencer.nombre IS NULL THEN 'canal' ELSE 'influencer' END AS clase,
    coalesce(sum(hecho.reacciones), 0) AS reacciones,
    round(avg(hecho.puntaje)::numeric, 3) AS puntaje_medio
FROM dw.hecho_sentimiento AS hecho
LEFT JOIN dw.dim_influencer AS influencer USING (id_influencer)
LEFT JOIN dw.dim_canal AS canal ON canal.id_canal = hecho.id_canal
GROUP BY vocero, clase
ORDER BY reacciones DESC, vocero
LIMIT 20;
