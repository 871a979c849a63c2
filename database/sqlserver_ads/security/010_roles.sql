/*
  PromptAds: roles beyond those of schema/060_permissions.sql, one a part of the platform.

  Run by an administrator of the database, after `promptsales db init`; again at any time:
    sqlcmd -S <server> -d PromptAds -b -I -i 010_roles.sql

  etl_reader     (schema/060) the ETL: the views of etl, no table.
  data_writer    (schema/060) rows of every table of dbo.
  rol_mcp_ads    the MCP server ads_optimizer: creates campaigns, reads the views of etl that hold rows, and reads and
                 writes no table. Procedures, views, tables and sequences have one owner, and the ownership chain does
                 the rest.
  rol_ejecuta    registers days of performance and closes campaigns that are over. For programs and jobs beside the
                 platform: none of its logins is a member.
  rol_siembra    seeding and simulation: data_writer, and what a bulk load does besides.

  What PromptCRM's linked server may read here is granted by sqlserver_crm/linked_server/010_login_en_promptads.sql.

  No one is given EXECUTE on a whole schema: a new procedure is nobody's until it is granted.
*/
IF DATABASE_PRINCIPAL_ID(N'rol_mcp_ads') IS NULL
    CREATE ROLE rol_mcp_ads AUTHORIZATION dbo;
GO
IF DATABASE_PRINCIPAL_ID(N'rol_ejecuta') IS NULL
    CREATE ROLE rol_ejecuta AUTHORIZATION dbo;
GO
IF DATABASE_PRINCIPAL_ID(N'rol_siembra') IS NULL
    CREATE ROLE rol_siembra AUTHORIZATION dbo;
GO

-- EXECUTE on a table type is what declaring a variable of it takes. usp_registrar_evento is not among these: only
-- the procedures call it.
GRANT EXECUTE ON OBJECT::dbo.usp_crear_campana TO rol_mcp_ads;
GRANT EXECUTE ON OBJECT::dbo.usp_registrar_rendimiento TO rol_ejecuta;
GRANT EXECUTE ON OBJECT::dbo.usp_cerrar_campanas_vencidas TO rol_ejecuta;
GO
GRANT EXECUTE ON TYPE::dbo.tipo_canales TO rol_mcp_ads;
GRANT EXECUTE ON TYPE::dbo.tipo_anuncios TO rol_mcp_ads;
GRANT EXECUTE ON TYPE::dbo.tipo_mercados TO rol_mcp_ads;
GRANT EXECUTE ON TYPE::dbo.tipo_rendimiento TO rol_ejecuta;
GO
-- rol_mcp_ads had these where this file ran before there was rol_ejecuta: a grant stays until it is revoked.
REVOKE EXECUTE ON OBJECT::dbo.usp_registrar_rendimiento FROM rol_mcp_ads;
REVOKE EXECUTE ON OBJECT::dbo.usp_cerrar_campanas_vencidas FROM rol_mcp_ads;
REVOKE EXECUTE ON TYPE::dbo.tipo_rendimiento FROM rol_mcp_ads;
GO

-- One by one: the tombstones and the ceiling are the ETL's alone.
GRANT SELECT ON OBJECT::etl.marcas TO rol_mcp_ads;
GRANT SELECT ON OBJECT::etl.canales TO rol_mcp_ads;
GRANT SELECT ON OBJECT::etl.mercados TO rol_mcp_ads;
GRANT SELECT ON OBJECT::etl.influencers TO rol_mcp_ads;
GRANT SELECT ON OBJECT::etl.campanas TO rol_mcp_ads;
GRANT SELECT ON OBJECT::etl.anuncios TO rol_mcp_ads;
GRANT SELECT ON OBJECT::etl.campanas_mercados TO rol_mcp_ads;
GRANT SELECT ON OBJECT::etl.rendimiento_diario TO rol_mcp_ads;
GRANT SELECT ON OBJECT::etl.sentimientos TO rol_mcp_ads;
GO

-- Seeding restarts each sequence after the keys it chose, renews the statistics of each table, and sets its
-- constraints aside while it loads. The last two take ALTER on the table, which also allows TRUNCATE TABLE and
-- disabling a trigger: ways to lose tombstones. So this role is for loading and for nothing else, and its login is
-- disabled between loads.
ALTER ROLE data_writer ADD MEMBER rol_siembra;
GO
GRANT ALTER ON OBJECT::dbo.seq_marcas TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.seq_canales TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.seq_mercados TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.seq_influencers TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.seq_campanas TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.seq_anuncios TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.seq_rendimiento_diario TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.seq_sentimientos TO rol_siembra;
GO
GRANT ALTER ON OBJECT::dbo.marcas TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.canales TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.mercados TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.influencers TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.campanas TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.anuncios TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.campanas_mercados TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.rendimiento_diario TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.sentimientos TO rol_siembra;
GO
