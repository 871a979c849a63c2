-- How many rows does a run have, from a key on?
SELECT COUNT(*) AS filas FROM {table} WHERE corrida = %s AND clave >= %s
