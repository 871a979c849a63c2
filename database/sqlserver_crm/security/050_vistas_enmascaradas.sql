/*
  PromptCRM: the views of those who read masked: analysts, the MCP server. No secrets.

  The masks are part of the view, so that they hold for WHERE as well: dynamic data masking (060) alone would let a
  reader find out a name by asking WHERE nombre = N'...'. No hashes, no ciphertexts, no coordinates: the place is the
  city.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF SCHEMA_ID(N'enmascarado') IS NULL
    EXECUTE (N'CREATE SCHEMA enmascarado AUTHORIZATION dbo;');
GO

CREATE OR ALTER VIEW enmascarado.clientes
AS
SELECT
    id_cliente,
    CONCAT(LEFT(nombre, 1), N'***') AS nombre,
    CONCAT(LEFT(apellidos, 1), N'***') AS apellidos,
    YEAR(fecha_nacimiento) / 10 * 10 AS decada_nacimiento,
    genero,
    segmento,
    pais,
    codigo_pais,
    region,
    ciudad,
    id_campana_origen,
    fecha_registro,
    activo
FROM dbo.clientes;
GO

CREATE OR ALTER VIEW enmascarado.ventas
AS
SELECT
    id_venta,
    id_cliente,
    id_campana,
    id_canal,
    fecha,
    total,
    moneda,
    estado
FROM dbo.ventas;
GO

CREATE OR ALTER VIEW enmascarado.leads
AS
SELECT
    id_lead,
    id_campana,
    id_canal,
    id_cliente,
    estado,
    puntaje,
    creado_en,
    convertido_en
FROM dbo.leads;
GO

GRANT SELECT ON SCHEMA::enmascarado TO rol_lee_enmascarado;
GO
