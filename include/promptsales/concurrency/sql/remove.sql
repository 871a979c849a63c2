-- One row less.
DELETE FROM {table} WHERE corrida = %s AND clave = %s
