-- mart.rendimiento_campana_mes: how did the return of the campaign that earned most develop from month to month?
WITH mejor AS (
    SELECT id_campana
    FROM mart.rendimiento_campana
    ORDER BY ingresos_usd DESC NULLS LAST, id_campana
    LIMIT 1
)
SELECT
    id_campana,
    mes,
    moneda,
    ventas,
    costo,
    ingresos,
    roi
FROM mart.rendimiento_campana_mes
WHERE id_campana = (SELECT mejor.id_campana FROM mejor)
ORDER BY mes;
