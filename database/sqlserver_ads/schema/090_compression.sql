/*
  PromptAds: page compression of the two large tables and of all their indexes.

  Daily figures are small numbers and repeated keys and dates, which a page dictionary shrinks well, and they are
  read far more often than they are written. Every edition of SQL Server has compression since 2016 SP1; a rebuild
  ONLINE does not come with all of them, so this one is not: it locks each table once, when it is first applied.

  data_compression: 0 none, 1 row, 2 page. An index added later is compressed when this file next changes, so
  new indexes of these tables say WITH (DATA_COMPRESSION = PAGE) themselves.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF EXISTS (
    SELECT 1
    FROM sys.partitions
    WHERE object_id = OBJECT_ID(N'dbo.rendimiento_diario') AND data_compression <> 2
)
    ALTER INDEX ALL ON dbo.rendimiento_diario REBUILD WITH (DATA_COMPRESSION = PAGE);
GO

IF EXISTS (
    SELECT 1
    FROM sys.partitions
    WHERE object_id = OBJECT_ID(N'dbo.sentimientos') AND data_compression <> 2
)
    ALTER INDEX ALL ON dbo.sentimientos REBUILD WITH (DATA_COMPRESSION = PAGE);
GO
