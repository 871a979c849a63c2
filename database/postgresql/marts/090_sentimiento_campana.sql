-- mart.sentimiento_campana: which campaigns were received worst in the last month with opinions?
SELECT
    sentimiento.id_campana,
    campana.nombre,
    sum(sentimiento.positivos) AS positivos,
    sum(sentimiento.neutros) AS neutros,
    sum(sentimiento.negativos) AS negativos,
    round(
        sum(sentimiento.positivos - sentimiento.negativos)
        / nullif(sum(sentimiento.positivos + sentimiento.neutros + sentimiento.negativos), 0), 4
    ) AS saldo
FROM mart.sentimiento_campana AS sentimiento
INNER JOIN mart.campana AS campana USING (id_campana)
WHERE sentimiento.mes = (SELECT max(ultimo.mes) FROM mart.sentimiento_campana AS ultimo)
GROUP BY sentimiento.id_campana, campana.nombre
ORDER BY saldo NULLS LAST, sentimiento.id_campana
LIMIT 10;
