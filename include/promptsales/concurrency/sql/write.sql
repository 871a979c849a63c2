-- A new value for one row, whatever it held.
UPDATE {table} SET valor = %s WHERE corrida = %s AND clave = %s
