-- What do the rows of a run hold together?
SELECT SUM(valor) AS total FROM {table} WHERE corrida = %s
