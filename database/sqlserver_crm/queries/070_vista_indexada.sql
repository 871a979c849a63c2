/*
  Indexed view. What has each campaign sold, in each currency? Asked all day long, over all sales.

  Without an index the view is only a name, and each question reads every sale. With a unique clustered index its rows
  are stored and kept up to date by each sale. What that takes: SCHEMABINDING, two-part names, COUNT_BIG(*) beside the
  SUM, no nullable column in the SUM, and the seven SET options below, for whoever creates it and for whoever writes to
  dbo.ventas. What it costs: every sale of a campaign updates the same row of the view, so that sales of one campaign
  commit one after another; for campaigns of some sales a second that is nothing.

  The plans are results too: each of the two answers is followed by the actual plan it was found by, as XML (saved as
  .sqlplan, any tool draws it). That takes the right SHOWPLAN on the database.

  Before: Index Scan of all of ventas, then Hash Match (Aggregate). EXPAND VIEWS keeps the view's index out of it.
  After:  Clustered Index Scan of the view: one row a campaign and currency. NOEXPAND asks for it in every edition.
*/
SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ARITHABORT, CONCAT_NULL_YIELDS_NULL, QUOTED_IDENTIFIER ON;
SET NUMERIC_ROUNDABORT OFF;
GO

-- Created once: CREATE OR ALTER would drop the index of a view that has one. In a string, because CREATE VIEW must be
-- the first of its batch.
IF OBJECT_ID(N'dbo.v_ventas_por_campana', N'V') IS NULL
    EXECUTE (N'
        CREATE VIEW dbo.v_ventas_por_campana
        WITH SCHEMABINDING
        AS
        SELECT
            id_campana,
            moneda,
            COUNT_BIG(*) AS ventas,
            SUM(total) AS total
        FROM dbo.ventas
        GROUP BY id_campana, moneda;
    ');
GO

IF INDEXPROPERTY(OBJECT_ID(N'dbo.v_ventas_por_campana'), N'UX_v_ventas_por_campana', 'IndexID') IS NULL
    CREATE UNIQUE CLUSTERED INDEX UX_v_ventas_por_campana ON dbo.v_ventas_por_campana (id_campana, moneda);
GO

SET STATISTICS XML ON;
GO

-- Before.
SELECT
    id_campana,
    moneda,
    COUNT_BIG(*) AS ventas,
    SUM(total) AS total
FROM dbo.ventas
GROUP BY id_campana, moneda
ORDER BY id_campana, moneda
OPTION (EXPAND VIEWS);
GO

-- After.
SELECT
    id_campana,
    moneda,
    ventas,
    total
FROM dbo.v_ventas_por_campana WITH (NOEXPAND)
ORDER BY id_campana, moneda;
GO

SET STATISTICS XML OFF;
GO

-- One campaign is a seek: what a page that shows a campaign asks.
SELECT
    v.id_campana,
    v.moneda,
    v.ventas,
    v.total,
    v.total / v.ventas AS venta_media
FROM dbo.v_ventas_por_campana AS v WITH (NOEXPAND)
WHERE
    v.id_campana = (
        SELECT TOP (1) id_campana
        FROM dbo.ventas
        ORDER BY fecha DESC, id_venta DESC
    );
GO
