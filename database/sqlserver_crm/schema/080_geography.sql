/*
  PromptCRM: where customers are, as geography, with a spatial index.

  A computed column, so that whoever writes latitud and longitud (seeding by bulk INSERT above all) cannot forget it or
  let it drift. PERSISTED, because a spatial index needs the value stored; that is allowed because geography::Point is
  deterministic. SRID 4326 is WGS 84, what GPS coordinates are in; distances come in metres.

  Whoever writes to the table must have ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ARITHABORT, CONCAT_NULL_YIELDS_NULL and
  QUOTED_IDENTIFIER ON (sqlcmd: option -I), as for any index on a computed column; error 1934 says so otherwise.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF COL_LENGTH(N'dbo.clientes', N'ubicacion') IS NULL
    ALTER TABLE dbo.clientes ADD ubicacion AS geography::Point(latitud, longitud, 4326) PERSISTED; -- noqa: CP05
GO

-- A string only because sqlfluff has no grammar for CREATE SPATIAL INDEX. One cell an object is all a point can fill.
IF INDEXPROPERTY(OBJECT_ID(N'dbo.clientes'), N'SIX_clientes_ubicacion', 'IndexID') IS NULL
    EXECUTE (N'
        CREATE SPATIAL INDEX SIX_clientes_ubicacion ON dbo.clientes (ubicacion)
        USING GEOGRAPHY_AUTO_GRID WITH (CELLS_PER_OBJECT = 1, DATA_COMPRESSION = PAGE);
    ');
GO
