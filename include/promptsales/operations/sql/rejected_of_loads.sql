-- Which rows did these loads refuse, why, and has a later version been loaded since? At most two hundred.
SELECT
    load_id,
    row_key,
    reason,
    rejected_at,
    resolved_at
FROM etl.rejected_rows
WHERE load_id = ANY(%(load_ids)s)
ORDER BY rejected_id
LIMIT 200
