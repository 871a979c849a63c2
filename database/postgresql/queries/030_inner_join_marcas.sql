-- INNER JOIN: which brands earned most in the last 90 days with sales, with how many customers?
--
-- Only what has all three, brand, campaign and sale, can be part of the answer.
SELECT
    marca.nombre AS marca,
    marca.sector,
    count(*) AS ventas,
    count(DISTINCT hecho.id_cliente) AS clientes,
    round(sum(hecho.total_usd), 2) AS ingresos_usd
FROM dw.hecho_venta AS hecho
INNER JOIN dw.dim_campana AS campana USING (id_campana)
INNER JOIN dw.dim_marca AS marca USING (id_marca)
WHERE hecho.fecha > (SELECT max(fecha) - 90 FROM dw.hecho_venta)
GROUP BY marca.id_marca, marca.nombre, marca.sector
ORDER BY ingresos_usd DESC NULLS LAST, marca.nombre
LIMIT 20;
