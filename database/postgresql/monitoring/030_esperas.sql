-- Who is doing what right now, since when, and who waits for whom?
SELECT
    sesion.pid,
    sesion.usename AS usuario,
    sesion.application_name AS programa,
    sesion.state AS estado,
    date_trunc('second', clock_timestamp() - sesion.xact_start) AS en_transaccion,
    sesion.wait_event_type AS espera,
    nullif(pg_blocking_pids(sesion.pid), '{}') AS espera_a,
    left(regexp_replace(sesion.query, '(--[^\n]*)|\s+', ' ', 'g'), 80) AS consulta
FROM pg_stat_activity AS sesion
WHERE sesion.datname = current_database() AND sesion.backend_type = 'client backend'
ORDER BY cardinality(pg_blocking_pids(sesion.pid)) DESC, sesion.xact_start;
