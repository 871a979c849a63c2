-- How many rows did each table's loads of the last day move, cycle by cycle? Also of cycles that moved none.
SELECT
    watermark.source,
    watermark.table_name,
    cycle.number,
    cycle.rows
FROM etl.watermarks AS watermark
CROSS JOIN LATERAL (
    SELECT
        floor(extract(EPOCH FROM loads.committed_at) / %(cycle_seconds)s)::bigint AS number,
        sum(loads.rows_inserted + loads.rows_updated + loads.rows_deleted)::bigint AS rows
    FROM etl.loads
    WHERE
        loads.source = watermark.source
        AND loads.table_name = watermark.table_name
        AND loads.committed_at > now() - interval '1 day'
    GROUP BY 1
) AS cycle
ORDER BY watermark.source, watermark.table_name, cycle.number
