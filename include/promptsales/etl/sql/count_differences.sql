-- How many rows of each side were compared, in how many ranges, and how many differ in which way?
SELECT
    coalesce((SELECT sum(source_rows) FROM ranges), 0)::bigint,
    coalesce((SELECT sum(mirror_rows) FROM ranges), 0)::bigint,
    (SELECT count(*) FROM changed_keys),
    (SELECT count(*) FROM ranges),
    (SELECT count(*) FROM ranges WHERE differs),
    (SELECT count(*) FROM differences WHERE kind = 'missing'),
    (SELECT count(*) FROM differences WHERE kind = 'extra'),
    (SELECT count(*) FROM differences WHERE kind = 'different'),
    coalesce(
        (SELECT jsonb_agg(sample) FROM (SELECT jsonb_build_array(kind, {key}) AS sample FROM differences LIMIT 5) AS few),
        '[]'
    )
