-- Which deletions does nobody wait for? Those of a week ago in mirrors that dw is not made of.
DELETE FROM etl.deleted_rows
WHERE
    deleted_at < now() - interval '7 days'
    AND NOT EXISTS (
        SELECT FROM dw.posiciones
        WHERE posiciones.fuente = deleted_rows.source AND posiciones.tabla = deleted_rows.table_name
    )
