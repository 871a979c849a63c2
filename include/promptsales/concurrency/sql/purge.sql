-- What runs of another day left behind.
DELETE FROM {table} WHERE creado_en < %s
