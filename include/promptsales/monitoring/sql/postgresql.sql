-- Which statements took most of the time, and which most of the pages, since pg_stat_statements began to count? Only
-- statements on rows: others may hold a value that is nobody's to keep, such as a password.
WITH counted AS (
    SELECT
        query AS sentencia,
        sum(calls)::bigint AS llamadas,
        sum(total_exec_time) / 1000 AS segundos,
        sum(shared_blks_hit + shared_blks_read)::bigint AS lecturas
    FROM pg_stat_statements
    WHERE
        dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND query ~* '^\s*(--[^\n]*\n\s*)*(with|select|insert|update|delete|merge)\y'
        AND query !~ '\y(banco_antes|banco_despues)\.' -- the index benchmarks' own
    GROUP BY query
),

ranked AS (
    SELECT
        counted.*,
        row_number() OVER (ORDER BY segundos DESC) AS por_segundos,
        row_number() OVER (ORDER BY lecturas DESC) AS por_lecturas
    FROM counted
)

SELECT current_database()::text AS base, sentencia, llamadas, segundos, lecturas
FROM ranked
WHERE por_segundos <= 15 OR por_lecturas <= 15
ORDER BY segundos DESC;
