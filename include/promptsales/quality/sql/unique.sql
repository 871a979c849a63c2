-- Which values are there more than once?
SELECT to_jsonb(found) AS row
FROM (SELECT {columns}, count(*) AS veces FROM {table} WHERE {condition} GROUP BY {columns} HAVING count(*) > 1) AS found
