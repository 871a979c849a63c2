-- Whose session does this refresh token extend? It serves once: no row where it is unknown or was used before.
UPDATE sso.refresh_tokens
SET usado_en = clock_timestamp()
FROM sso.sesiones
WHERE refresh_tokens.huella = %s AND refresh_tokens.usado_en IS NULL AND sesiones.id_sesion = refresh_tokens.id_sesion
RETURNING sesiones.id_sesion, sesiones.id_usuario
