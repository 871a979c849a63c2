-- Which rows have a value out of bounds?
SELECT to_jsonb(found) AS row
FROM (
    SELECT {key}{column} AS valor
    FROM {table}
    WHERE ({column} < {minimum} OR {column} > {maximum}) AND ({condition})
) AS found
