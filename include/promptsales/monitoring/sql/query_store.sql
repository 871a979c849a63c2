-- Which statements took most of the time, and which most of the pages, in the last seven days of Query Store?
WITH contadas AS (
    SELECT
        t.query_sql_text AS sentencia,
        SUM(r.count_executions) AS llamadas,
        SUM(r.avg_duration * r.count_executions) / 1000000.0 AS segundos,
        SUM(r.avg_logical_io_reads * r.count_executions) AS lecturas
    FROM sys.query_store_runtime_stats AS r
    INNER JOIN sys.query_store_runtime_stats_interval AS i
        ON i.runtime_stats_interval_id = r.runtime_stats_interval_id
    INNER JOIN sys.query_store_plan AS p ON p.plan_id = r.plan_id
    INNER JOIN sys.query_store_query AS q ON q.query_id = p.query_id
    INNER JOIN sys.query_store_query_text AS t ON t.query_text_id = q.query_text_id
    WHERE
        i.start_time >= DATEADD(DAY, -7, SYSDATETIMEOFFSET())
        -- Not the index benchmarks' own.
        AND t.query_sql_text NOT LIKE N'%banco.antes%'
        AND t.query_sql_text NOT LIKE N'%banco.despues%'
    GROUP BY t.query_sql_text
),

ordenadas AS (
    SELECT
        sentencia,
        llamadas,
        segundos,
        lecturas,
        ROW_NUMBER() OVER (ORDER BY segundos DESC) AS por_segundos,
        ROW_NUMBER() OVER (ORDER BY lecturas DESC) AS por_lecturas
    FROM contadas
)

SELECT
    DB_NAME() AS base,
    sentencia,
    CAST(llamadas AS bigint) AS llamadas,
    CAST(segundos AS float) AS segundos,
    CAST(lecturas AS bigint) AS lecturas
FROM ordenadas
WHERE por_segundos <= 15 OR por_lecturas <= 15
ORDER BY segundos DESC;
