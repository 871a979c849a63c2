-- Which groups do the affected customers leave, and which do they join? Exact numbers add up, so the groups need not be
-- counted again.
WITH moves AS (
    SELECT 1 AS signo, staged.* FROM staged_rfm_cliente AS staged
    UNION ALL
    SELECT -1, held.* FROM mart.rfm_cliente AS held JOIN affected_rfm_cliente USING (id_cliente)
),
deltas AS (
    SELECT
        codigo_pais,
        mes_ultima,
        frecuencia,
        monto,
        sum(signo) AS clientes,
        sum(signo * ventas) AS ventas,
        sum(signo * ingresos_usd) AS ingresos_usd
    FROM moves
    GROUP BY codigo_pais, mes_ultima, frecuencia, monto
    HAVING sum(signo) <> 0 OR sum(signo * ventas) <> 0 OR sum(signo * ingresos_usd) <> 0
),
merged AS (
    MERGE INTO mart.rfm_grupo AS grupo
    USING deltas ON
        grupo.codigo_pais = deltas.codigo_pais
        AND grupo.mes_ultima = deltas.mes_ultima
        AND grupo.frecuencia = deltas.frecuencia
        AND grupo.monto = deltas.monto
    WHEN MATCHED AND grupo.clientes + deltas.clientes = 0 THEN DELETE
    WHEN MATCHED THEN UPDATE SET
        clientes = grupo.clientes + deltas.clientes,
        ventas = grupo.ventas + deltas.ventas,
        ingresos_usd = grupo.ingresos_usd + deltas.ingresos_usd
    WHEN NOT MATCHED THEN INSERT (codigo_pais, mes_ultima, frecuencia, monto, clientes, ventas, ingresos_usd)
    VALUES (
        deltas.codigo_pais, deltas.mes_ultima, deltas.frecuencia, deltas.monto, deltas.clientes, deltas.ventas,
        deltas.ingresos_usd
    )
    RETURNING deltas.clientes
)
INSERT INTO touched_marts (mart, filas)
SELECT 'rfm_grupo', count(*)
FROM merged
HAVING count(*) > 0
