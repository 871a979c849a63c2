-- May this user try a password now, and against which hash? The attempt is counted before it is made, so that many at
-- once are no more guesses than one after another. No row: no such user, or locked.
UPDATE sso.usuarios
SET
    intentos_fallidos = CASE WHEN bloqueado_hasta IS NULL THEN intentos_fallidos + 1 ELSE 1 END,
    bloqueado_hasta = CASE
        WHEN bloqueado_hasta IS NULL AND intentos_fallidos + 1 >= %(attempts)s THEN clock_timestamp() + %(locked_for)s
    END
WHERE usuario = %(username)s AND (bloqueado_hasta IS NULL OR bloqueado_hasta <= clock_timestamp())
RETURNING id_usuario, clave_hash, activo
