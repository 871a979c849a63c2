-- What does one row hold?
SELECT valor FROM {table} WHERE corrida = %s AND clave = %s
