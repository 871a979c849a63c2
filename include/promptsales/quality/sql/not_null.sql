-- Which rows lack a value that every row must have?
SELECT to_jsonb(found) AS row
FROM (SELECT {columns} FROM {table} WHERE ({columns_missing}) AND ({condition})) AS found
