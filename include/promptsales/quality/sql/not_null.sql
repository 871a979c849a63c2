-- Which rows lack a value that every row must have, and which one? Their keys; no other value of theirs.
SELECT to_jsonb(found) AS row
FROM (
    SELECT {key}array_remove(ARRAY[{named}], NULL) AS faltan
    FROM {table}
    WHERE ({missing}) AND ({condition})
) AS found
