-- What does each row of a run hold?
SELECT clave, valor FROM {table} WHERE corrida = %s ORDER BY clave
