/*
  PromptCRM: deletes the rows of the log that are older than some days. For a nightly job: documentation/SQL_SERVER.md.

  In pieces of 5,000 rows, below the number of locks at which SQL Server locks the whole table, so that procedures go on
  writing their log meanwhile. Each piece is whole by itself; stopped anywhere, another call does the rest.

  @dias      rows of more than this many days go; at least 7.
  @borradas  OUTPUT: how many went.

  Errors: 50260.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

CREATE OR ALTER PROCEDURE dbo.usp_purgar_bitacora
    @dias int = 90,
    @borradas int = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @inicio datetime2(3) = SYSUTCDATETIME();
    DECLARE @limite datetime2(3);
    DECLARE @pieza int = 1;
    DECLARE @total int = 0;
    DECLARE @error int;

    SET @borradas = NULL;

    BEGIN TRY
        IF @dias IS NULL OR @dias < 7
            EXECUTE dbo.usp_lanzar_error 50260;
        SET @limite = DATEADD(DAY, -@dias, @inicio);

        WHILE @pieza > 0
        BEGIN
            DELETE TOP (5000) FROM dbo.bitacora_procedimientos
            WHERE registrado_en < @limite;
            SET @pieza = @@ROWCOUNT;
            SET @total += @pieza;
        END;

        SET @borradas = @total;
        EXECUTE dbo.usp_registrar_evento N'usp_purgar_bitacora', N'correcto', NULL, @total, NULL, @inicio;
    END TRY
    BEGIN CATCH
        SET @error = ERROR_NUMBER();
        EXECUTE dbo.usp_registrar_evento N'usp_purgar_bitacora', N'error', NULL, NULL, @error, @inicio;
        THROW;
    END CATCH;
END;
GO
