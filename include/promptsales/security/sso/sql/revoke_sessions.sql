-- Which sessions of this user end now? One, or all where none is named.
UPDATE sso.sesiones
SET revocada_en = clock_timestamp(), motivo = %(reason)s
WHERE id_usuario = %(user_id)s AND revocada_en IS NULL AND (%(session)s::uuid IS NULL OR id_sesion = %(session)s::uuid)
RETURNING id_sesion
