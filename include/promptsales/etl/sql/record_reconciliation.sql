-- Record what a comparison found; records are kept for a year.
WITH purged AS (
    DELETE FROM ops.reconciliaciones WHERE momento < now() - interval '1 year'
)
INSERT INTO ops.reconciliaciones (
    corrida, fuente, tabla, resultado, filas_fuente, filas_espejo, en_vuelo, rangos, rangos_distintos, faltan, sobran,
    distintas, muestra, segundos
)
VALUES (
    %(run_id)s, %(source)s, %(table)s, %(outcome)s, %(source_rows)s, %(mirror_rows)s, %(in_flight)s, %(ranges)s,
    %(differing_ranges)s, %(missing)s, %(extra)s, %(different)s, %(sample)s, %(seconds)s
)
