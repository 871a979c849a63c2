/*
  PromptCRM: who may decrypt, who reads masked, who only executes. No secrets: `sqlcmd -i` without variables.

  rol_mcp_crm          the MCP server crm_analyzer: registers sales, searches, finds who is near. Sees personal data
                       masked; reads no table.
  rol_ejecuta          besides, registers customers and converts leads. For programs beside the platform: none of its
                       logins is a member.
  rol_descifra         searches, and sees what it finds in clear.
  rol_lee_enmascarado  reads the views of schema enmascarado, and no table.
  rol_siembra          data_writer, and what seeding does besides: restarting sequences, updating statistics, setting
                       constraints aside. The last two take ALTER on the tables, which is also the right to TRUNCATE
                       them behind the tombstones' back: so its login stays disabled but for a seeding (070_logins.sql).
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF DATABASE_PRINCIPAL_ID(N'rol_mcp_crm') IS NULL
    CREATE ROLE rol_mcp_crm AUTHORIZATION dbo;
GO
IF DATABASE_PRINCIPAL_ID(N'rol_ejecuta') IS NULL
    CREATE ROLE rol_ejecuta AUTHORIZATION dbo;
GO
IF DATABASE_PRINCIPAL_ID(N'rol_descifra') IS NULL
    CREATE ROLE rol_descifra AUTHORIZATION dbo;
GO
IF DATABASE_PRINCIPAL_ID(N'rol_lee_enmascarado') IS NULL
    CREATE ROLE rol_lee_enmascarado AUTHORIZATION dbo;
GO
IF DATABASE_PRINCIPAL_ID(N'rol_siembra') IS NULL
    CREATE ROLE rol_siembra AUTHORIZATION dbo;
GO

-- To declare a variable of a table type takes EXECUTE on the type.
GRANT EXECUTE ON TYPE::dbo.tipo_lineas_venta TO rol_mcp_crm;
GRANT EXECUTE ON TYPE::dbo.tipo_claves TO rol_mcp_crm;
GRANT EXECUTE ON TYPE::dbo.tipo_clientes TO rol_ejecuta;
GRANT EXECUTE ON TYPE::dbo.tipo_lineas_venta TO rol_ejecuta;
GRANT EXECUTE ON TYPE::dbo.tipo_claves TO rol_ejecuta;
GRANT EXECUTE ON TYPE::dbo.tipo_claves TO rol_descifra;
GRANT EXECUTE ON TYPE::dbo.tipo_claves TO usuario_cifrado;
GO

GRANT EXECUTE ON OBJECT::dbo.usp_registrar_venta TO rol_mcp_crm;
GRANT EXECUTE ON OBJECT::dbo.usp_buscar_cliente TO rol_mcp_crm;
GRANT EXECUTE ON OBJECT::dbo.usp_clientes_cercanos TO rol_mcp_crm;
GO

GRANT EXECUTE ON OBJECT::dbo.usp_registrar_cliente TO rol_ejecuta;
GRANT EXECUTE ON OBJECT::dbo.usp_cargar_clientes TO rol_ejecuta;
GRANT EXECUTE ON OBJECT::dbo.usp_registrar_venta TO rol_ejecuta;
GRANT EXECUTE ON OBJECT::dbo.usp_convertir_lead TO rol_ejecuta;
GRANT EXECUTE ON OBJECT::dbo.usp_buscar_cliente TO rol_ejecuta;
GRANT EXECUTE ON OBJECT::dbo.usp_clientes_cercanos TO rol_ejecuta;
GO

-- Being its member is what usp_buscar_cliente asks for before it decrypts.
GRANT EXECUTE ON OBJECT::dbo.usp_buscar_cliente TO rol_descifra;
GO

ALTER ROLE data_writer ADD MEMBER rol_siembra;
GO
GRANT ALTER ON OBJECT::dbo.seq_clientes TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.seq_ventas TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.seq_leads TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.seq_consentimientos TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.clientes TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.ventas TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.lineas_venta TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.leads TO rol_siembra;
GRANT ALTER ON OBJECT::dbo.consentimientos TO rol_siembra;
GO
