INSERT INTO {table} (corrida, clave, valor) VALUES (%s, %s, %s)
