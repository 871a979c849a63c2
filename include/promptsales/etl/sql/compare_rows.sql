-- Of the ranges that differ: which rows does the mirror lack, which does the source lack, which are not equal?
CREATE TEMP TABLE differences ON COMMIT DROP AS
WITH differing AS (SELECT bucket, bounds FROM ranges WHERE differs),
source_rows AS (
    SELECT *
    FROM staged_rows
    WHERE width_bucket({first_key}, (SELECT bounds FROM ranges LIMIT 1)) IN (SELECT bucket FROM differing)
),
mirror_rows AS (
    SELECT *
    FROM {mirror} AS mirror
    WHERE
        width_bucket({first_key}, (SELECT bounds FROM ranges LIMIT 1)) IN (SELECT bucket FROM differing)
        AND NOT EXISTS (SELECT FROM changed_keys AS newest WHERE {same_key})
)
SELECT
    {either_key},
    CASE
        WHEN mirror._version IS NULL THEN 'missing'
        WHEN newest._version IS NULL THEN 'extra'
        ELSE 'different'
    END AS kind
FROM source_rows AS newest
FULL JOIN mirror_rows AS mirror ON {same_key}
WHERE
    newest._version IS NULL OR mirror._version IS NULL
    OR ({newest_columns})::text IS DISTINCT FROM ({mirror_columns})::text
