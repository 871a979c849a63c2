-- What did the affected campaigns do in a month: performance shared among their markets, sales where they were made?
WITH performance AS (
    SELECT
        affected.id_campana,
        affected.mes,
        hecho.id_canal,
        coalesce(hecho.moneda, 'XXX') AS moneda,
        coalesce(sum(hecho.impresiones), 0) AS impresiones,
        coalesce(sum(hecho.alcance), 0) AS alcance,
        coalesce(sum(hecho.clics), 0) AS clics,
        coalesce(sum(hecho.conversiones), 0) AS conversiones,
        coalesce(sum(hecho.costo), 0) AS costo,
        coalesce(sum(hecho.costo_usd), 0) AS costo_usd
    FROM affected_actividad_mes AS affected
    JOIN dw.hecho_rendimiento AS hecho ON
        hecho.id_campana = affected.id_campana
        AND hecho.fecha >= affected.mes
        AND hecho.fecha < (affected.mes + interval '1 month')::date
    GROUP BY affected.id_campana, affected.mes, hecho.id_canal, hecho.moneda
),
shares AS (
    SELECT id_campana, id_mercado, coalesce(peso, 0) AS peso
    FROM dw.puente_campana_mercado
    UNION ALL
    SELECT campaigns.id_campana, 0, 1 - coalesce(sum(puente.peso), 0)
    FROM (SELECT DISTINCT id_campana FROM performance) AS campaigns
    LEFT JOIN dw.puente_campana_mercado AS puente USING (id_campana)
    GROUP BY campaigns.id_campana
    HAVING coalesce(sum(puente.peso), 0) <> 1
),
combined AS (
    SELECT
        performance.id_campana,
        performance.mes,
        performance.id_canal,
        shares.id_mercado,
        performance.moneda,
        performance.impresiones * shares.peso AS impresiones,
        performance.alcance * shares.peso AS alcance,
        performance.clics * shares.peso AS clics,
        performance.conversiones * shares.peso AS conversiones,
        performance.costo * shares.peso AS costo,
        performance.costo_usd * shares.peso AS costo_usd,
        0 AS ventas,
        0 AS unidades,
        0 AS ingresos,
        0 AS ingresos_usd,
        0 AS ventas_sin_cambio
    FROM performance
    JOIN shares USING (id_campana)
    UNION ALL
    SELECT
        affected.id_campana,
        affected.mes,
        hecho.id_canal,
        coalesce(hecho.id_mercado, 0),
        coalesce(hecho.moneda, 'XXX'),
        0,
        0,
        0,
        0,
        0,
        0,
        count(*),
        sum(hecho.unidades),
        sum(hecho.total),
        coalesce(sum(hecho.total_usd), 0),
        count(*) - count(hecho.total_usd)
    FROM affected_actividad_mes AS affected
    JOIN dw.hecho_venta AS hecho ON
        hecho.id_campana = affected.id_campana
        AND hecho.fecha >= affected.mes
        AND hecho.fecha < (affected.mes + interval '1 month')::date
    GROUP BY affected.id_campana, affected.mes, hecho.id_canal, hecho.id_mercado, hecho.moneda
)
SELECT
    combined.id_campana,
    combined.mes,
    combined.id_canal,
    combined.id_mercado,
    combined.moneda,
    coalesce(mercado.codigo_pais, 'ZZ') AS codigo_pais,
    sum(combined.impresiones) AS impresiones,
    sum(combined.alcance) AS alcance,
    sum(combined.clics) AS clics,
    sum(combined.conversiones) AS conversiones,
    sum(combined.costo) AS costo,
    sum(combined.costo_usd) AS costo_usd,
    sum(combined.ventas) AS ventas,
    sum(combined.unidades) AS unidades,
    sum(combined.ingresos) AS ingresos,
    sum(combined.ingresos_usd) AS ingresos_usd,
    sum(combined.ventas_sin_cambio) AS ventas_sin_cambio
FROM combined
LEFT JOIN mart.mercado AS mercado USING (id_mercado)
GROUP BY
    combined.id_campana, combined.mes, combined.id_canal, combined.id_mercado, combined.moneda, mercado.codigo_pais
