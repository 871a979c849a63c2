-- CROSS JOIN: in which country has which channel not sold anything for a year?
--
-- Every pair of country and channel is made first; those with sales are taken away. What is left are the gaps.
WITH combinaciones AS (
    SELECT paises.codigo_pais, canal.id_canal, canal.nombre
    FROM (SELECT DISTINCT codigo_pais FROM dw.dim_mercado) AS paises
    CROSS JOIN dw.dim_canal AS canal
),
vendidas AS (
    SELECT DISTINCT mercado.codigo_pais, hecho.id_canal
    FROM dw.hecho_venta AS hecho
    INNER JOIN dw.dim_mercado AS mercado USING (id_mercado)
    WHERE hecho.fecha > (SELECT max(fecha) - 365 FROM dw.hecho_venta)
)
SELECT
    combinaciones.nombre AS canal,
    count(*) AS paises_sin_ventas,
    string_agg(combinaciones.codigo_pais, ', ' ORDER BY combinaciones.codigo_pais) AS paises
FROM combinaciones
LEFT JOIN vendidas USING (codigo_pais, id_canal)
WHERE vendidas.id_canal IS NULL
GROUP BY combinaciones.nombre
ORDER BY paises_sin_ventas DESC, canal;
