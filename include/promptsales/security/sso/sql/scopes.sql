-- What may this user do? The permissions of all of their roles, as long as they are active.
SELECT coalesce(array_agg(DISTINCT roles_permisos.permiso ORDER BY roles_permisos.permiso), '{}')
FROM sso.usuarios
INNER JOIN sso.usuarios_roles USING (id_usuario)
INNER JOIN sso.roles_permisos USING (rol)
WHERE usuarios.id_usuario = %s AND usuarios.activo
