-- Who may do what to which table? Everything granted to the platform's roles, and to nobody in particular (PUBLIC).
SELECT
    coalesce(rol.rolname, 'PUBLIC') AS rol,
    espacio.nspname AS esquema,
    CASE tabla.relkind WHEN 'v' THEN 'vistas' ELSE 'tablas' END AS clase,
    string_agg(DISTINCT permiso.privilege_type, ', ' ORDER BY permiso.privilege_type) AS permisos,
    count(DISTINCT tabla.oid) AS cuantas
FROM pg_class AS tabla
INNER JOIN pg_namespace AS espacio ON espacio.oid = tabla.relnamespace
CROSS JOIN LATERAL aclexplode(tabla.relacl) AS permiso
LEFT JOIN pg_roles AS rol ON rol.oid = permiso.grantee
WHERE
    espacio.nspname IN ('etl', 'ods_promptads', 'ods_promptcrm', 'ods_promptcontent', 'dw', 'mart', 'sso', 'ops')
    AND tabla.relkind IN ('r', 'p', 'v')
    AND permiso.grantee <> tabla.relowner
GROUP BY rol, esquema, clase
ORDER BY rol, esquema, clase;
