/*
  One of the two databases and the login that owns it: what `promptsales db init` needs before it can begin. Run by an
  administrator of the server with sqlcmd, again at any time; a login that exists keeps its password.

  sqlcmd variables: DATABASE (PromptAds or PromptCRM), OWNER_PASSWORD.
*/
IF DB_ID(N'$(DATABASE)') IS NULL
    CREATE DATABASE [$(DATABASE)];
GO
IF SUSER_ID(N'promptsales_admin') IS NULL
    CREATE LOGIN promptsales_admin WITH PASSWORD = N'$(OWNER_PASSWORD)', CHECK_POLICY = ON;
GO
ALTER AUTHORIZATION ON DATABASE::[$(DATABASE)] TO promptsales_admin;
GO
-- Who waits for whom (promptsales bench isolation), and what statements cost (the DAG index_benchmark).
GRANT VIEW SERVER STATE TO promptsales_admin;
GO
