/*
  PromptCRM: one login a part, each in one role. Run in the database by an administrator of the server.

  sqlcmd variables: CRM_ETL_PASSWORD, CRM_MCP_PASSWORD, CRM_APP_PASSWORD, CRM_SUPPORT_PASSWORD, CRM_SEED_PASSWORD.

  promptsales_etl      etl_reader: the views of schema etl.
  promptsales_mcp      rol_lee_enmascarado: the views of schema enmascarado.
  promptsales_app      rol_mcp_crm: the procedures that crm_analyzer executes.
  promptsales_soporte  rol_descifra: finds one customer, in clear, on the record.
  promptsales_siembra  rol_siembra: seeding. Left disabled: ALTER LOGIN promptsales_siembra ENABLE for the time of one.
*/
IF SUSER_ID(N'promptsales_etl') IS NULL
    CREATE LOGIN promptsales_etl
    WITH PASSWORD = '$(CRM_ETL_PASSWORD)', DEFAULT_DATABASE = PromptCRM, CHECK_POLICY = ON;
GO
IF SUSER_ID(N'promptsales_mcp') IS NULL
    CREATE LOGIN promptsales_mcp
    WITH PASSWORD = '$(CRM_MCP_PASSWORD)', DEFAULT_DATABASE = PromptCRM, CHECK_POLICY = ON;
GO
IF SUSER_ID(N'promptsales_app') IS NULL
    CREATE LOGIN promptsales_app
    WITH PASSWORD = '$(CRM_APP_PASSWORD)', DEFAULT_DATABASE = PromptCRM, CHECK_POLICY = ON;
GO
IF SUSER_ID(N'promptsales_soporte') IS NULL
    CREATE LOGIN promptsales_soporte
    WITH PASSWORD = '$(CRM_SUPPORT_PASSWORD)', DEFAULT_DATABASE = PromptCRM, CHECK_POLICY = ON;
GO
IF SUSER_ID(N'promptsales_siembra') IS NULL
    CREATE LOGIN promptsales_siembra
    WITH PASSWORD = '$(CRM_SEED_PASSWORD)', DEFAULT_DATABASE = PromptCRM, CHECK_POLICY = ON;
GO

IF DATABASE_PRINCIPAL_ID(N'promptsales_etl') IS NULL
    CREATE USER promptsales_etl FOR LOGIN promptsales_etl;
GO
IF DATABASE_PRINCIPAL_ID(N'promptsales_mcp') IS NULL
    CREATE USER promptsales_mcp FOR LOGIN promptsales_mcp;
GO
IF DATABASE_PRINCIPAL_ID(N'promptsales_app') IS NULL
    CREATE USER promptsales_app FOR LOGIN promptsales_app;
GO
IF DATABASE_PRINCIPAL_ID(N'promptsales_soporte') IS NULL
    CREATE USER promptsales_soporte FOR LOGIN promptsales_soporte;
GO
IF DATABASE_PRINCIPAL_ID(N'promptsales_siembra') IS NULL
    CREATE USER promptsales_siembra FOR LOGIN promptsales_siembra;
GO

ALTER ROLE etl_reader ADD MEMBER promptsales_etl;
ALTER ROLE rol_lee_enmascarado ADD MEMBER promptsales_mcp;
ALTER ROLE rol_mcp_crm ADD MEMBER promptsales_app;
ALTER ROLE rol_descifra ADD MEMBER promptsales_soporte;
ALTER ROLE rol_siembra ADD MEMBER promptsales_siembra;
GO
-- promptsales_app was a member where this file ran before there was rol_mcp_crm.
IF IS_ROLEMEMBER(N'rol_ejecuta', N'promptsales_app') = 1
    ALTER ROLE rol_ejecuta DROP MEMBER promptsales_app;
GO

-- noqa: disable=PRS
ALTER LOGIN promptsales_siembra DISABLE;
GO
-- noqa: enable=PRS
