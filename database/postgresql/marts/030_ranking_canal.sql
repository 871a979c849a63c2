-- mart.ranking_canal: which channels earned most in the last month with sales, and at what return?
SELECT
    posicion,
    canal,
    tipo,
    ventas,
    costo_usd,
    ingresos_usd,
    roi
FROM mart.ranking_canal
WHERE mes = (SELECT date_trunc('month', ultima_venta)::date FROM mart.posicion)
ORDER BY posicion, canal;
