-- Which statements took most of the time, and which most of the pages, of those whose plans are still in memory?
WITH contadas AS (
    SELECT
        SUBSTRING(
            t.text,
            s.statement_start_offset / 2 + 1,
            (CASE WHEN s.statement_end_offset = -1 THEN DATALENGTH(t.text) ELSE s.statement_end_offset END
                - s.statement_start_offset) / 2 + 1
        ) AS sentencia,
        s.execution_count AS llamadas,
        s.total_elapsed_time / 1000000.0 AS segundos,
        s.total_logical_reads AS lecturas
    FROM sys.dm_exec_query_stats AS s
    CROSS APPLY sys.dm_exec_sql_text(s.sql_handle) AS t
    CROSS APPLY sys.dm_exec_plan_attributes(s.plan_handle) AS a
    WHERE
        a.attribute = N'dbid' AND CAST(a.value AS int) = DB_ID()
        -- Not the index benchmarks' own.
        AND t.text NOT LIKE N'%banco.antes%'
        AND t.text NOT LIKE N'%banco.despues%'
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
