/*
  PromptAds: the login that PROMPTCRM's linked server enters with. Run on PromptAds' server, in its database, by an
  administrator.

  sqlcmd variable: ADS_LINK_PASSWORD.

  It reads two views of the delta contract, which hold no personal data, and nothing else: not etl_reader, which reads
  all of them.
*/
IF SUSER_ID(N'promptcrm_vinculo') IS NULL
    CREATE LOGIN promptcrm_vinculo
    WITH PASSWORD = '$(ADS_LINK_PASSWORD)', DEFAULT_DATABASE = PromptAds, CHECK_POLICY = ON;
GO
IF DATABASE_PRINCIPAL_ID(N'promptcrm_vinculo') IS NULL
    CREATE USER promptcrm_vinculo FOR LOGIN promptcrm_vinculo;
GO
GRANT SELECT ON OBJECT::etl.campanas TO promptcrm_vinculo;
GRANT SELECT ON OBJECT::etl.rendimiento_diario TO promptcrm_vinculo;
GO
