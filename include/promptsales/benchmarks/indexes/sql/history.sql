-- How long did each query take with its index, and without, run by run up to this one, on the same server and as much
-- data?
SELECT
    con_indice.motor AS engine,
    con_indice.consulta AS query,
    con_indice.momento AS moment,
    con_indice.mediana_ms AS median,
    (
        SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY corridas.ms)
        FROM unnest(con_indice.milisegundos) AS corridas (ms)
    ) AS low_quartile,
    sin_indice.mediana_ms AS median_without,
    con_indice.lecturas AS reads,
    con_indice.usa_indice AS uses_index,
    con_indice.corrida = %(run)s AS is_this_run
FROM ops.index_benchmarks AS con_indice
INNER JOIN ops.index_benchmarks AS sin_indice USING (corrida, motor, consulta)
INNER JOIN ops.index_benchmarks AS ahora USING (motor, consulta)
WHERE
    con_indice.fase = 'despues'
    AND sin_indice.fase = 'antes'
    AND ahora.fase = 'despues'
    AND ahora.corrida = %(run)s
    AND con_indice.servidor = ahora.servidor
    AND con_indice.filas_tabla BETWEEN ahora.filas_tabla * 0.8 AND ahora.filas_tabla * 1.25
    AND con_indice.momento BETWEEN ahora.momento - interval '60 days' AND ahora.momento
ORDER BY con_indice.momento
