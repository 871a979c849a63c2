INSERT INTO ops.mediciones_omitidas (corrida, motor, medicion, motivo)
VALUES (%(run)s, %(engine)s, %(measurement)s, %(reason)s)
