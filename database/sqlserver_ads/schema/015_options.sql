/*
  PromptAds: database options.

  READ_COMMITTED_SNAPSHOT: readers (the ETL above all) never wait for writers and never make them wait.
  ALLOW_SNAPSHOT_ISOLATION: a report may read several tables as of one moment.

  ALTER DATABASE cannot run inside a transaction: this file needs a connection in autocommit.
  WITH ROLLBACK IMMEDIATE ends other sessions' transactions, so the option is only touched where it is off.
*/
IF EXISTS (
    SELECT 1
    FROM sys.databases
    WHERE database_id = DB_ID() AND is_read_committed_snapshot_on = 0
)
    ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;
GO

-- snapshot_isolation_state: 0 off, 1 on, 2 and 3 on their way to off and on.
IF EXISTS (
    SELECT 1
    FROM sys.databases
    WHERE database_id = DB_ID() AND snapshot_isolation_state IN (0, 2)
)
    ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
