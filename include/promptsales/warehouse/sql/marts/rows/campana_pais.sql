-- Which countries are the affected campaigns meant for, with what part of the budget, and where else did they sell?
WITH weights AS (
    SELECT affected.id_campana, coalesce(mercado.codigo_pais, 'ZZ') AS codigo_pais, coalesce(puente.peso, 0) AS peso
    FROM affected_campana_pais AS affected
    JOIN dw.puente_campana_mercado AS puente USING (id_campana)
    LEFT JOIN mart.mercado AS mercado USING (id_mercado)
    UNION ALL
    SELECT affected.id_campana, 'ZZ', 1 - coalesce(sum(puente.peso), 0)
    FROM affected_campana_pais AS affected
    LEFT JOIN dw.puente_campana_mercado AS puente USING (id_campana)
    GROUP BY affected.id_campana
    HAVING coalesce(sum(puente.peso), 0) <> 1
    UNION ALL
    SELECT DISTINCT affected.id_campana, actividad.codigo_pais, 0
    FROM affected_campana_pais AS affected
    JOIN mart.actividad_mes AS actividad USING (id_campana)
)
SELECT
    weights.id_campana,
    weights.codigo_pais,
    sum(weights.peso) AS peso,
    coalesce(campana.moneda, 'XXX') AS moneda,
    campana.presupuesto * sum(weights.peso) AS presupuesto,
    campana.presupuesto_usd * sum(weights.peso) AS presupuesto_usd
FROM weights
JOIN dw.dim_campana AS campana USING (id_campana)
GROUP BY
    weights.id_campana, weights.codigo_pais, campana.moneda, campana.presupuesto, campana.presupuesto_usd
