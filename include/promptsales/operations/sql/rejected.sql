-- Why were rows refused that no later version has replaced? The last hundred of each table.
SELECT
    source,
    table_name,
    reason
FROM (
    SELECT
        source,
        table_name,
        reason,
        row_number() OVER (PARTITION BY source, table_name ORDER BY rejected_id DESC) AS place
    FROM etl.rejected_rows
    WHERE resolved_at IS NULL
) AS rejected
WHERE place <= 100
ORDER BY source, table_name, place
