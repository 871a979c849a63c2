-- Which values are none of those agreed on, and how often?
SELECT jsonb_build_object('valor', {column}, 'veces', count(*)) AS row
FROM {table}
WHERE {column} <> ALL ({accepted}) AND ({condition})
GROUP BY {column}
