-- Who are the users, what may they do, and who of them cannot sign in now?
SELECT
    usuarios.usuario,
    usuarios.nombre,
    usuarios.activo,
    coalesce(usuarios.bloqueado_hasta > clock_timestamp(), FALSE) AS bloqueado,
    ARRAY(SELECT rol FROM sso.usuarios_roles WHERE id_usuario = usuarios.id_usuario ORDER BY rol) AS roles,
    ARRAY(
        SELECT codigo_pais FROM sso.usuarios_paises WHERE id_usuario = usuarios.id_usuario ORDER BY codigo_pais
    ) AS paises,
    (
        SELECT count(*) FROM sso.sesiones
        WHERE id_usuario = usuarios.id_usuario AND revocada_en IS NULL AND vence_en > clock_timestamp()
    ) AS sesiones
FROM sso.usuarios
ORDER BY usuarios.usuario
