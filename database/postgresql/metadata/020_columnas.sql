-- Of what columns are the star schema and the marts made, of which type, and which are part of a key?
SELECT
    columna.table_schema AS esquema,
    columna.table_name AS tabla,
    columna.ordinal_position AS posicion,
    columna.column_name AS columna,
    columna.data_type AS tipo,
    columna.is_nullable = 'YES' AS admite_nulos,
    clave.constraint_type AS clave
FROM information_schema.columns AS columna
LEFT JOIN (
    SELECT
        uso.table_schema,
        uso.table_name,
        uso.column_name,
        string_agg(DISTINCT restriccion.constraint_type, ', ') AS constraint_type
    FROM information_schema.key_column_usage AS uso
    INNER JOIN information_schema.table_constraints AS restriccion
        USING (constraint_schema, constraint_name, table_schema, table_name)
    GROUP BY uso.table_schema, uso.table_name, uso.column_name
) AS clave USING (table_schema, table_name, column_name)
WHERE columna.table_schema IN ('dw', 'mart') AND columna.table_name !~ '^hecho_rendimiento_\d'
ORDER BY esquema, tabla, posicion;
