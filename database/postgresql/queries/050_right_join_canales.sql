-- RIGHT JOIN: what did every channel sell in the last month with sales, those that sold nothing included?
--
-- The channels are the side that is kept whole. The month is chosen before the join: after it, WHERE would drop those
-- that sold nothing.
WITH ventas AS (
    SELECT id_canal, count(*) AS ventas, sum(total_usd) AS ingresos_usd
    FROM dw.hecho_venta
    WHERE fecha >= (SELECT date_trunc('month', max(fecha))::date FROM dw.hecho_venta)
    GROUP BY id_canal
)
SELECT
    canal.nombre AS canal,
    canal.tipo,
    coalesce(ventas.ventas, 0) AS ventas,
    round(coalesce(ventas.ingresos_usd, 0), 2) AS ingresos_usd
FROM ventas
RIGHT JOIN dw.dim_canal AS canal USING (id_canal)
ORDER BY ventas.ingresos_usd DESC NULLS LAST, canal.nombre;
