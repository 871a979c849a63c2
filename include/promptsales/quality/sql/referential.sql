-- Which references lead nowhere, and how often is each made?
SELECT jsonb_build_object('valor', wrong.{column}, 'veces', count(*)) AS row
FROM {table} AS wrong
WHERE
    wrong.{column} IS NOT NULL AND ({condition})
    AND NOT EXISTS (SELECT FROM {other} AS other WHERE other.{other_column} = wrong.{column})
GROUP BY wrong.{column}
