DELETE FROM {table} WHERE corrida = %s
