/*
  PromptCRM: deletes the tombstones that every reader has passed. Only when dbo.bajas has grown:
  documentation/SQL_SERVER.md says how the version is found.

  @hasta     tombstones up to this version go: a version that every reader of etl had passed some days ago, so that a
             warehouse restored from a backup of those days still finds what it needs. A reader that is behind it keeps
             the deleted rows for ever.
  @borradas  OUTPUT: how many went.

  Errors: 50261.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

CREATE OR ALTER PROCEDURE dbo.usp_purgar_bajas
    @hasta bigint,
    @borradas int = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @inicio datetime2(3) = SYSUTCDATETIME();
    DECLARE @version binary(8) = CONVERT(binary(8), @hasta);
    DECLARE @tabla nvarchar(128);
    DECLARE @pieza int = 0;
    DECLARE @total int = 0;
    DECLARE @error int;

    SET @borradas = NULL;

    BEGIN TRY
        IF @hasta IS NULL OR @hasta <= 0 OR @hasta > (SELECT version FROM etl.limite)
            EXECUTE dbo.usp_lanzar_error 50261;

        -- One table at a time: IX_bajas_rv begins with it.
        SET @tabla = (SELECT MIN(tabla) FROM dbo.bajas);
        WHILE @tabla IS NOT NULL
        BEGIN
            DELETE TOP (5000) FROM dbo.bajas
            WHERE tabla = @tabla AND rv <= @version;
            SET @pieza = @@ROWCOUNT;
            SET @total += @pieza;
            IF @pieza = 0
                SET @tabla = (
                    SELECT MIN(tabla)
                    FROM dbo.bajas
                    WHERE tabla > @tabla
                );
        END;

        SET @borradas = @total;
        EXECUTE dbo.usp_registrar_evento N'usp_purgar_bajas', N'correcto', NULL, @total, NULL, @inicio;
    END TRY
    BEGIN CATCH
        SET @error = ERROR_NUMBER();
        EXECUTE dbo.usp_registrar_evento N'usp_purgar_bajas', N'error', NULL, NULL, @error, @inicio;
        THROW;
    END CATCH;
END;
GO
