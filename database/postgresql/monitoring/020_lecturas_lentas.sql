-- Which reads of the marts are slower than the 400 ms that the platform promises, on average or at their worst?
--
-- No row is the good answer.
SELECT
    pg_get_userbyid(sentencia.userid) AS usuario,
    sentencia.calls AS llamadas,
    round(sentencia.mean_exec_time::numeric, 1) AS ms_medios,
    round(sentencia.max_exec_time::numeric, 1) AS ms_maximos,
    left(regexp_replace(sentencia.query, '(--[^\n]*)|\s+', ' ', 'g'), 100) AS consulta
FROM pg_stat_statements AS sentencia
WHERE
    sentencia.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND sentencia.query ~* '^\s*(with|select)' AND sentencia.query ~ 'mart\.'
    AND sentencia.userid <> 'promptsales_etl'::regrole
    AND sentencia.max_exec_time > 400
ORDER BY sentencia.max_exec_time DESC
LIMIT 20;
