-- Record what one check found.
INSERT INTO ops.quality_results (corrida, chequeo, tipo, gravedad, estado, filas, muestra, mensaje, segundos)
VALUES (
    %(run_id)s, %(check)s, %(kind)s, %(severity)s, %(state)s, %(rows)s, %(sample)s, %(message)s, %(seconds)s
)
