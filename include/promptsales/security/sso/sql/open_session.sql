-- A new session: it ends %(idle)s after its last refresh, and in any case %(whole)s from now. The user's row is locked
-- against whoever disables them or replaces the password meanwhile; no row where that was done.
INSERT INTO sso.sesiones (id_sesion, id_usuario, vence_en, vence_siempre_en)
SELECT
    %(session)s,
    id_usuario,
    clock_timestamp() + %(idle)s,
    clock_timestamp() + %(whole)s
FROM sso.usuarios
WHERE id_usuario = %(user_id)s AND activo AND clave_hash = %(hash)s
FOR SHARE
RETURNING vence_en
