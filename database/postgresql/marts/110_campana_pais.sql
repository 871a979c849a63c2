-- mart.campana_pais: how much of its budget has each running campaign spent in every country it addresses?
SELECT
    pais.id_campana,
    campana.nombre,
    pais.codigo_pais,
    round(pais.presupuesto_usd, 2) AS presupuesto_usd,
    round(coalesce(actividad.costo_usd, 0), 2) AS costo_usd,
    round(100 * actividad.costo_usd / nullif(pais.presupuesto_usd, 0), 1) AS porcentaje
FROM mart.campana_pais AS pais
INNER JOIN mart.campana AS campana USING (id_campana)
LEFT JOIN (
    SELECT id_campana, codigo_pais, sum(costo_usd) AS costo_usd
    FROM mart.actividad_mes
    GROUP BY id_campana, codigo_pais
) AS actividad USING (id_campana, codigo_pais)
WHERE campana.estado = 'activa' AND pais.peso > 0
ORDER BY porcentaje DESC NULLS LAST, pais.id_campana, pais.codigo_pais
LIMIT 20;
