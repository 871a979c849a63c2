-- For how long may a change at the source have waited for its load? Since the last committed window, or since one was
-- seen to be held back there.
SELECT extract(EPOCH FROM now() - least(updated_at, held_since))::double precision
FROM etl.watermarks
WHERE source = %(source)s AND table_name = %(table)s
