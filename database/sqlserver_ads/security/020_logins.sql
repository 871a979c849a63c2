/*
  PromptAds: the logins of the parts of the platform, one each, and their users, each in one role.

  Run by an administrator of the server, after 010_roles.sql. Passwords come from sqlcmd variables, which sqlcmd takes
  from the environment, so that they are in no file, no command line and no history:

    export ADS_ETL_PASSWORD=... ADS_MCP_PASSWORD=... ADS_SEED_PASSWORD=...
    sqlcmd -S <server> -d PromptAds -b -I -i 020_logins.sql

  -b ends at the first error; a variable that is not set is one. sqlcmd puts a value in as it is, so a password must
  hold no quote ('). A login that exists keeps its password: ALTER LOGIN changes it.

  promptads_etl      etl_reader: the views of schema etl.
  promptads_mcp      rol_mcp_ads: usp_crear_campana, and the views of etl that hold rows.
  promptads_siembra  rol_siembra: seeding. Created disabled: ALTER LOGIN promptads_siembra ENABLE for the time of one.
*/
IF SUSER_ID(N'promptads_etl') IS NULL
    CREATE LOGIN promptads_etl
    WITH PASSWORD = N'$(ADS_ETL_PASSWORD)', DEFAULT_DATABASE = PromptAds, CHECK_POLICY = ON;
GO
IF SUSER_ID(N'promptads_mcp') IS NULL
    CREATE LOGIN promptads_mcp
    WITH PASSWORD = N'$(ADS_MCP_PASSWORD)', DEFAULT_DATABASE = PromptAds, CHECK_POLICY = ON;
GO
-- A string only because sqlfluff has no grammar for ALTER LOGIN.
IF SUSER_ID(N'promptads_siembra') IS NULL
BEGIN
    CREATE LOGIN promptads_siembra
    WITH PASSWORD = N'$(ADS_SEED_PASSWORD)', DEFAULT_DATABASE = PromptAds, CHECK_POLICY = ON;
    EXECUTE (N'ALTER LOGIN promptads_siembra DISABLE;');
END;
GO

IF DATABASE_PRINCIPAL_ID(N'promptads_etl') IS NULL
    CREATE USER promptads_etl FOR LOGIN promptads_etl;
GO
IF DATABASE_PRINCIPAL_ID(N'promptads_mcp') IS NULL
    CREATE USER promptads_mcp FOR LOGIN promptads_mcp;
GO
IF DATABASE_PRINCIPAL_ID(N'promptads_siembra') IS NULL
    CREATE USER promptads_siembra FOR LOGIN promptads_siembra;
GO

ALTER ROLE etl_reader ADD MEMBER promptads_etl;
ALTER ROLE rol_mcp_ads ADD MEMBER promptads_mcp;
ALTER ROLE rol_siembra ADD MEMBER promptads_siembra;
GO
