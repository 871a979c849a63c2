-- Does this connection wait for another one's lock? Needs VIEW SERVER STATE: without it a login sees only itself.
SELECT COUNT(*) AS espera FROM sys.dm_exec_requests WHERE session_id = %s AND blocking_session_id <> 0
