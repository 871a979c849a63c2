-- How do the affected campaigns stand, and what is their budget in dollars at the rate of their first day?
SELECT
    campanas.*,
    campanas.presupuesto * (
        SELECT tipo_cambio.usd_por_unidad
        FROM dw.tipo_cambio
        WHERE tipo_cambio.moneda = campanas.moneda AND tipo_cambio.fecha <= campanas.fecha_inicio
        ORDER BY tipo_cambio.fecha DESC
        LIMIT 1
    ) AS presupuesto_usd
FROM affected_dim_campana
JOIN ods_promptads.campanas AS campanas USING (id_campana)
