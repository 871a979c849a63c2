/*
  PromptCRM: every campaign whose revenue in PromptAds is not what was sold here, to the cent. No row means they agree.

  When the link is down this raises 50250, never a row: a missing answer is not a revenue of 0. Two things make that
  sure:
    - sp_testlinkedserver asks first, whose error a TRY of this procedure catches;
    - the remote query is in a procedure of its own. A name behind a link is resolved when its statement is compiled, in
      the middle of the run (deferred name resolution is for local tables; PROMPTADS itself must exist when the
      procedure is created, or error 7202 refuses it). An error of compilation is not caught by the TRY around that
      statement, but by the one around the call.
  Read inside a transaction, the link would be enlisted in a distributed one, for which nothing here is set up: refused
  with 50251.

  Errors: 50250, 50251.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- Fills #ads, its caller's. Sums over there: one row a campaign crosses the network, not one a day. It inserts by
-- itself, because INSERT ... EXECUTE would run the remote query inside a transaction.
CREATE OR ALTER PROCEDURE dbo.usp_leer_ingresos_de_promptads
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    INSERT INTO #ads (id_campana, nombre, moneda, ingresos)
    SELECT
        id_campana,
        nombre,
        moneda,
        ingresos
    FROM OPENQUERY (
        PROMPTADS,
        'SELECT c.id_campana, c.nombre, c.moneda, COALESCE(SUM(r.ingresos), 0) AS ingresos
        FROM etl.campanas AS c
        LEFT JOIN etl.rendimiento_diario AS r ON c.id_campana = r.id_campana
        GROUP BY c.id_campana, c.nombre, c.moneda'
    );
END;
GO

-- Result: id_campana, campana, moneda_ads, moneda_crm, ingresos_ads, vendido_crm, diferencia, motivo; largest first.
-- motivo: solo en PromptAds, solo en PromptCRM, otra moneda, or otro importe.
CREATE OR ALTER PROCEDURE dbo.usp_conciliar_campanas
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @inicio datetime2(3) = SYSUTCDATETIME();
    DECLARE @filas int;
    DECLARE @error int;
    DECLARE @detalle nvarchar(400);
    DECLARE @leido bit = 0;
    -- A temporary table's texts are in tempdb's collation, the server's: compared with this database's, error 468.
    CREATE TABLE #ads (
        id_campana int NOT NULL PRIMARY KEY,
        nombre nvarchar(160) COLLATE DATABASE_DEFAULT NOT NULL,
        moneda char(3) COLLATE DATABASE_DEFAULT NOT NULL,
        ingresos decimal(38, 2) NOT NULL
    );

    BEGIN TRY
        IF @@TRANCOUNT > 0
            EXECUTE dbo.usp_lanzar_error 50251;
        EXECUTE sys.sp_testlinkedserver @servername = N'PROMPTADS';
        EXECUTE dbo.usp_leer_ingresos_de_promptads;
        SET @leido = 1;

        WITH crm AS (
            SELECT
                id_campana,
                moneda,
                SUM(total) AS vendido
            FROM dbo.ventas
            GROUP BY id_campana, moneda
        ),

        juntos AS (
            SELECT
                COALESCE(a.id_campana, v.id_campana) AS id_campana,
                a.nombre AS campana,
                a.moneda AS moneda_ads,
                v.moneda AS moneda_crm,
                a.ingresos AS ingresos_ads,
                v.vendido AS vendido_crm,
                CASE
                    -- A campaign that has not sold yet is in both: nothing earned there, nothing sold here.
                    WHEN v.id_campana IS NULL AND a.ingresos <> 0 THEN N'solo en PromptAds'
                    WHEN a.id_campana IS NULL THEN N'solo en PromptCRM'
                    WHEN a.moneda <> v.moneda THEN N'otra moneda'
                    WHEN a.ingresos <> v.vendido THEN N'otro importe'
                END AS motivo
            FROM #ads AS a
            FULL OUTER JOIN crm AS v ON a.id_campana = v.id_campana
        )

        SELECT
            id_campana,
            campana,
            moneda_ads,
            moneda_crm,
            ingresos_ads,
            vendido_crm,
            IIF(moneda_ads = moneda_crm, ingresos_ads - vendido_crm, NULL) AS diferencia,
            motivo
        FROM juntos
        WHERE motivo IS NOT NULL
        ORDER BY ABS(COALESCE(ingresos_ads, 0) - COALESCE(vendido_crm, 0)) DESC, id_campana;
        SET @filas = @@ROWCOUNT;
        EXECUTE dbo.usp_registrar_evento N'usp_conciliar_campanas', N'correcto', NULL, @filas, NULL, @inicio;
    END TRY
    BEGIN CATCH
        SET @error = ERROR_NUMBER();
        EXECUTE dbo.usp_registrar_evento N'usp_conciliar_campanas', N'error', NULL, NULL, @error, @inicio;
        IF @leido = 0 AND @error NOT BETWEEN 50200 AND 50299
        BEGIN
            SET @detalle = CONCAT(N'error ', @error, N'.');
            EXECUTE dbo.usp_lanzar_error 50250, @detalle;
        END;
        THROW;
    END CATCH;
END;
GO

GRANT EXECUTE ON OBJECT::dbo.usp_conciliar_campanas TO rol_lee_enmascarado;
GO
