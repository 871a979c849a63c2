-- What did the affected campaigns do on a channel and day, in their currency and in dollars at that day's rate?
WITH performance AS (
    SELECT rendimiento.*, campana.moneda
    FROM affected_hecho_rendimiento
    JOIN ods_promptads.rendimiento_diario AS rendimiento USING (id_rendimiento)
    LEFT JOIN dw.dim_campana AS campana USING (id_campana)
),
rates AS (
    SELECT
        days.moneda,
        days.fecha,
        (
            SELECT tipo_cambio.usd_por_unidad
            FROM dw.tipo_cambio
            WHERE tipo_cambio.moneda = days.moneda AND tipo_cambio.fecha <= days.fecha
            ORDER BY tipo_cambio.fecha DESC
            LIMIT 1
        ) AS usd
    FROM (SELECT DISTINCT moneda, fecha FROM performance) AS days
)
SELECT performance.*, performance.costo * rates.usd AS costo_usd, performance.ingresos * rates.usd AS ingresos_usd
FROM performance
LEFT JOIN rates USING (moneda, fecha)
