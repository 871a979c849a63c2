-- Which statements took most of the server's time since its statistics were last reset, and do they read from disk?
--
-- Needs pg_stat_statements (schema/071_monitoring.sql); statements of other logins are shown to members of
-- pg_read_all_stats.
SELECT
    pg_get_userbyid(sentencia.userid) AS usuario,
    sentencia.calls AS llamadas,
    round(sentencia.total_exec_time::numeric / 1000, 2) AS segundos,
    round(sentencia.mean_exec_time::numeric, 2) AS ms_medios,
    round(sentencia.max_exec_time::numeric, 2) AS ms_maximos,
    sentencia.rows AS filas,
    round(
        100.0 * sentencia.shared_blks_hit / nullif(sentencia.shared_blks_hit + sentencia.shared_blks_read, 0), 1
    ) AS porcentaje_en_memoria,
    sentencia.temp_blks_written AS bloques_temporales,
    left(regexp_replace(sentencia.query, '(--[^\n]*)|\s+', ' ', 'g'), 100) AS consulta
FROM pg_stat_statements AS sentencia
WHERE sentencia.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY sentencia.total_exec_time DESC
LIMIT 20;
