/*
  PromptCRM: how the large tables are stored, and the indexes that reports use.

  PAGE compression of the clustered indexes only: places, segments, states and currencies repeat, so that a page holds
  two to three times the rows. The secondary indexes are hashes, keys and rowversions, which do not repeat.
  A rebuild is done once: each is guarded by what sys.partitions says (data_compression 2 is PAGE).
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF EXISTS (
    SELECT 1
    FROM sys.partitions
    WHERE object_id = OBJECT_ID(N'dbo.clientes') AND index_id IN (0, 1) AND data_compression <> 2
)
    ALTER TABLE dbo.clientes REBUILD WITH (DATA_COMPRESSION = PAGE);
GO
IF EXISTS (
    SELECT 1
    FROM sys.partitions
    WHERE object_id = OBJECT_ID(N'dbo.ventas') AND index_id IN (0, 1) AND data_compression <> 2
)
    ALTER TABLE dbo.ventas REBUILD WITH (DATA_COMPRESSION = PAGE);
GO
IF EXISTS (
    SELECT 1
    FROM sys.partitions
    WHERE object_id = OBJECT_ID(N'dbo.lineas_venta') AND index_id IN (0, 1) AND data_compression <> 2
)
    ALTER TABLE dbo.lineas_venta REBUILD WITH (DATA_COMPRESSION = PAGE);
GO
IF EXISTS (
    SELECT 1
    FROM sys.partitions
    WHERE object_id = OBJECT_ID(N'dbo.leads') AND index_id IN (0, 1) AND data_compression <> 2
)
    ALTER TABLE dbo.leads REBUILD WITH (DATA_COMPRESSION = PAGE);
GO

-- Sales of a period, by campaign and currency, without touching the table: what most reports of queries/ ask.
IF INDEXPROPERTY(OBJECT_ID(N'dbo.ventas'), N'IX_ventas_fecha', 'IndexID') IS NULL
    CREATE INDEX IX_ventas_fecha ON dbo.ventas (fecha, id_campana) INCLUDE (moneda, total);
GO
-- Customers of a place.
IF INDEXPROPERTY(OBJECT_ID(N'dbo.clientes'), N'IX_clientes_lugar', 'IndexID') IS NULL
    CREATE INDEX IX_clientes_lugar ON dbo.clientes (codigo_pais, region, ciudad) INCLUDE (segmento, activo);
GO
-- Open contacts of a state, oldest first.
IF INDEXPROPERTY(OBJECT_ID(N'dbo.leads'), N'IX_leads_estado', 'IndexID') IS NULL
    CREATE INDEX IX_leads_estado ON dbo.leads (estado, creado_en) INCLUDE (id_campana, puntaje);
GO
