-- Does Query Store collect? 1 is read only, 2 read and write.
SELECT actual_state AS estado FROM sys.database_query_store_options;
