-- Does this connection wait for another one's lock?
SELECT cardinality(pg_blocking_pids(%s)) > 0 AS espera
