-- Which values are out of bounds?
SELECT jsonb_build_object('valor', {column}) AS row
FROM {table}
WHERE ({column} < {minimum} OR {column} > {maximum}) AND ({condition})
