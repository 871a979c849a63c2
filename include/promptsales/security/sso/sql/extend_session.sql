-- Until when does this session live now? No row where it has ended, or its user was disabled.
UPDATE sso.sesiones
SET vence_en = least(clock_timestamp() + %(idle)s, vence_siempre_en)
FROM sso.usuarios
WHERE
    sesiones.id_sesion = %(session)s AND usuarios.id_usuario = sesiones.id_usuario AND usuarios.activo
    AND sesiones.revocada_en IS NULL AND sesiones.vence_en > clock_timestamp()
RETURNING sesiones.vence_en
