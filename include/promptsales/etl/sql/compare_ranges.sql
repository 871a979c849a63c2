-- In which ranges of the key do source and mirror differ? A range is some thousand rows of the source; its digest is
-- the sum of the rows' hashes, which does not depend on their order.
CREATE TEMP TABLE ranges ON COMMIT DROP AS
WITH bounds AS (
    SELECT coalesce(array_agg(first_key ORDER BY first_key), '{{}}') AS at
    FROM (
        SELECT {first_key} AS first_key, row_number() OVER (ORDER BY {first_key}) AS position FROM staged_rows
    ) AS ordered
    WHERE position %% %(range_rows)s = 0
),
digests AS (
    SELECT
        width_bucket({first_key}, (SELECT at FROM bounds)) AS bucket,
        count(*) AS source_rows,
        0 AS mirror_rows,
        sum(hashtextextended(({newest_columns})::text, 0)::numeric) AS digest
    FROM staged_rows AS newest
    GROUP BY bucket
    UNION ALL
    SELECT
        width_bucket({first_key}, (SELECT at FROM bounds)),
        0,
        count(*),
        -sum(hashtextextended(({mirror_columns})::text, 0)::numeric)
    FROM {mirror} AS mirror
    WHERE NOT EXISTS (SELECT FROM changed_keys AS newest WHERE {same_key})
    GROUP BY 1
)
SELECT
    bucket,
    sum(source_rows)::bigint AS source_rows,
    sum(mirror_rows)::bigint AS mirror_rows,
    sum(digest) <> 0 OR sum(source_rows) <> sum(mirror_rows) AS differs,
    (SELECT at FROM bounds) AS bounds
FROM digests
GROUP BY bucket
