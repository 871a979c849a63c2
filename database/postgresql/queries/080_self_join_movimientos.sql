-- Self join: how do customers move from one segment to another?
--
-- dim_cliente has a row a version; the one that begins where another ends is the same customer's next.
SELECT
    anterior.segmento AS de,
    siguiente.segmento AS a,
    count(*) AS clientes,
    max(siguiente.vigente_desde) AS ultimo
FROM dw.dim_cliente AS anterior
INNER JOIN dw.dim_cliente AS siguiente
    ON siguiente.id_cliente = anterior.id_cliente AND siguiente.vigente_desde = anterior.vigente_hasta
WHERE anterior.segmento IS DISTINCT FROM siguiente.segmento
GROUP BY anterior.segmento, siguiente.segmento
ORDER BY clientes DESC, de, a;
