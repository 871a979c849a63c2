-- Which mirrors of a source were not loaded for too long, or never?
SELECT jsonb_build_object('tabla', expected.name, 'minutos', round(extract(EPOCH FROM now() - last_load.at) / 60)) AS row
FROM unnest({tables}::text[]) AS expected (name)
LEFT JOIN LATERAL (
    SELECT max(committed_at) AS at FROM etl.loads WHERE source = {source} AND table_name = expected.name
) AS last_load ON TRUE
WHERE last_load.at IS NULL OR last_load.at < now() - make_interval(mins => {minutes})
