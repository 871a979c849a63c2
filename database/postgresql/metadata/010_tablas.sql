-- What tables does the warehouse hold, how large are they, and what does each say of itself?
SELECT
    espacio.nspname AS esquema,
    tabla.relname AS tabla,
    CASE tabla.relkind WHEN 'p' THEN 'particionada' WHEN 'v' THEN 'vista' ELSE 'tabla' END AS clase,
    CASE
        WHEN tabla.relkind = 'p'
            THEN (
                SELECT sum(greatest(particion.reltuples, 0))
                FROM pg_inherits
                INNER JOIN pg_class AS particion ON particion.oid = pg_inherits.inhrelid
                WHERE pg_inherits.inhparent = tabla.oid
            )
        WHEN tabla.relkind = 'r' THEN nullif(tabla.reltuples, -1)
    END::bigint AS filas_estimadas,
    CASE
        WHEN tabla.relkind = 'p'
            THEN (
                SELECT pg_size_pretty(sum(pg_total_relation_size(pg_inherits.inhrelid)))
                FROM pg_inherits
                WHERE pg_inherits.inhparent = tabla.oid
            )
        WHEN tabla.relkind = 'r' THEN pg_size_pretty(pg_total_relation_size(tabla.oid))
    END AS tamano,
    obj_description(tabla.oid, 'pg_class') AS descripcion
FROM pg_class AS tabla
INNER JOIN pg_namespace AS espacio ON espacio.oid = tabla.relnamespace
WHERE
    espacio.nspname IN ('etl', 'ods_promptads', 'ods_promptcrm', 'ods_promptcontent', 'dw', 'mart', 'sso', 'ops')
    AND tabla.relkind IN ('r', 'p', 'v')
    AND NOT tabla.relispartition
ORDER BY esquema, tabla;
