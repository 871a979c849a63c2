-- Whose session did this refresh token belong to?
SELECT
    sesiones.id_usuario,
    sesiones.id_sesion
FROM sso.refresh_tokens
INNER JOIN sso.sesiones USING (id_sesion)
WHERE refresh_tokens.huella = %s
