INSERT INTO ops.consultas_costosas (
    corrida, motor, fuente, base, sentencia, llamadas, segundos, lecturas, unidad_lecturas
)
VALUES (
    %(run)s, %(engine)s, %(source)s, %(database)s, %(statement)s, %(calls)s, %(seconds)s, %(reads)s, %(reads_unit)s
)
