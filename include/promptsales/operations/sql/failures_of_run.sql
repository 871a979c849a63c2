-- Why did attempts of one run to load a table fail?
SELECT
    message,
    failed_at
FROM etl.failures
WHERE run_id = %(run_id)s AND source = %(source)s AND table_name = %(table)s
ORDER BY failed_at DESC
LIMIT 20
