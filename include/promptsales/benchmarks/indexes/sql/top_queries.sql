-- What did each server spend its time and reads on, as this run found?
SELECT
    motor AS engine,
    fuente AS source,
    base AS database,
    sentencia AS statement,
    llamadas AS calls,
    segundos AS seconds,
    lecturas AS reads,
    unidad_lecturas AS reads_unit
FROM ops.consultas_costosas
WHERE corrida = %(run)s
ORDER BY motor, segundos DESC
