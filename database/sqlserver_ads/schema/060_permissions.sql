/*
  PromptAds: roles and what each may do.

  Logins and their passwords belong to the server, not to this repository. Whoever administers it creates
  the users and adds each to one role: ALTER ROLE etl_reader ADD MEMBER ...;

  etl_reader   reads the delta contract, and no table.
  data_writer  reads and writes the tables, and takes keys from the sequences: UPDATE on the schema covers NEXT
               VALUE FOR. Tombstones and the record of migrations are not its own to write; the triggers write
               tombstones through the ownership chain.
*/
IF DATABASE_PRINCIPAL_ID(N'etl_reader') IS NULL
    CREATE ROLE etl_reader AUTHORIZATION dbo;
GO
IF DATABASE_PRINCIPAL_ID(N'data_writer') IS NULL
    CREATE ROLE data_writer AUTHORIZATION dbo;
GO

GRANT SELECT ON SCHEMA::etl TO etl_reader;
GO

GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA::dbo TO data_writer;
GO
DENY INSERT, UPDATE, DELETE ON OBJECT::dbo.bajas TO data_writer;
GO
DENY INSERT, UPDATE, DELETE ON OBJECT::dbo.migraciones TO data_writer;
GO
