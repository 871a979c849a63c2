-- More of what one row holds.
UPDATE {table} SET valor = valor + %s WHERE corrida = %s AND clave = %s
