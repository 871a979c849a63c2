-- How were the affected campaigns received in a month, channel by channel?
SELECT
    affected.id_campana,
    affected.mes,
    coalesce(hecho.id_canal, 0) AS id_canal,
    coalesce(sum(hecho.positivos), 0) AS positivos,
    coalesce(sum(hecho.neutros), 0) AS neutros,
    coalesce(sum(hecho.negativos), 0) AS negativos
FROM affected_sentimiento_mes AS affected
JOIN dw.hecho_sentimiento AS hecho ON
    -- 0 is of ads that are not there, by whatever month.
    (hecho.id_campana = affected.id_campana OR (affected.id_campana = 0 AND hecho.id_campana IS NULL))
    AND hecho.fecha >= affected.mes
    AND hecho.fecha < (affected.mes + interval '1 month')::date
GROUP BY affected.id_campana, affected.mes, hecho.id_canal
