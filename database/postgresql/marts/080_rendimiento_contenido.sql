-- mart.rendimiento_contenido: what does an approved text cost, and how long does one take, by model?
SELECT
    motor AS modelo,
    sum(piezas) AS textos,
    sum(aprobadas) AS aprobados,
    sum(tokens) AS tokens,
    sum(costo_usd) AS costo_usd,
    round(sum(costo_usd) / nullif(sum(aprobadas), 0), 6) AS costo_por_aprobado_usd,
    round(sum(latencia_media_ms * piezas) / nullif(sum(piezas) FILTER (WHERE latencia_media_ms IS NOT NULL), 0), 1)
        AS latencia_media_ms
FROM mart.rendimiento_contenido
WHERE origen = 'copia'
GROUP BY motor
ORDER BY costo_por_aprobado_usd NULLS LAST, modelo;
