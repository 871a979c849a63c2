-- Which rows of the affected groups differ from what dw now says? Those alone are written.
WITH different AS (
    SELECT {key}, {staged_others}, staged.{first_key} IS NOT NULL AS found
    FROM {staged} AS staged
    FULL JOIN (
        SELECT mart.* FROM {mart} AS mart JOIN {affected} AS affected USING ({group})
    ) AS held USING ({key})
    WHERE staged IS DISTINCT FROM held
),
merged AS (
    MERGE INTO {mart} AS mart
    USING different ON {same_key}
    WHEN MATCHED AND NOT different.found THEN DELETE
    WHEN MATCHED THEN UPDATE SET {assignments}
    WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({different_columns})
    RETURNING {campaign} AS id_campana
)
INSERT INTO touched_marts (mart, id_campana, filas)
SELECT {name}, id_campana, count(*)
FROM merged
GROUP BY id_campana
