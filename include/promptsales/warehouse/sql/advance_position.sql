-- From now on, dw is built up to this load of the mirror.
INSERT INTO dw.posiciones (fuente, tabla, load_id)
VALUES (%(source)s, %(table)s, %(load_id)s)
ON CONFLICT (fuente, tabla) DO UPDATE SET load_id = excluded.load_id, actualizado_en = now()
WHERE posiciones.load_id < excluded.load_id
