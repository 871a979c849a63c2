/*
  Converts a lead: from now on it is that customer, won by the lead's campaign.

  To register the customer and convert the lead together, call usp_registrar_cliente and this in one transaction.

  Errors: 50200, 50220, 50230, 50231, 50232.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

CREATE OR ALTER PROCEDURE dbo.usp_convertir_lead
    @id_lead int,
    @id_cliente int
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @transaccion_propia bit = IIF(@@TRANCOUNT = 0, 1, 0);
    DECLARE @inicio datetime2(3) = SYSUTCDATETIME();
    DECLARE @detalle nvarchar(400);
    DECLARE @estado nvarchar(20);
    DECLARE @dueno int;
    DECLARE @error int;

    BEGIN TRY
        IF @id_lead IS NULL
            EXECUTE dbo.usp_lanzar_error 50200, N'id_lead.';
        IF @id_cliente IS NULL
            EXECUTE dbo.usp_lanzar_error 50200, N'id_cliente.';
        IF NOT EXISTS (
            SELECT 1
            FROM dbo.clientes
            WHERE id_cliente = @id_cliente
        )
        BEGIN
            SET @detalle = CONCAT(N'id_cliente ', @id_cliente, N'.');
            EXECUTE dbo.usp_lanzar_error 50220, @detalle;
        END;

        IF @transaccion_propia = 1
            BEGIN TRANSACTION;
        -- Read with the lock that the update needs: two conversions of one lead cannot both find it open.
        SELECT
            @estado = estado,
            @dueno = id_cliente
        FROM dbo.leads WITH (UPDLOCK, ROWLOCK)
        WHERE id_lead = @id_lead;
        SET @detalle = CONCAT(N'id_lead ', @id_lead, N'.');
        IF @estado IS NULL
            EXECUTE dbo.usp_lanzar_error 50230, @detalle;
        IF @estado IN (N'convertido', N'perdido')
            EXECUTE dbo.usp_lanzar_error 50231, @detalle;
        IF @dueno <> @id_cliente
            EXECUTE dbo.usp_lanzar_error 50232, @detalle;

        UPDATE dbo.leads
        SET
            estado = N'convertido',
            id_cliente = @id_cliente,
            convertido_en = @inicio
        WHERE id_lead = @id_lead;
        IF @transaccion_propia = 1
            COMMIT TRANSACTION;
        EXECUTE dbo.usp_registrar_evento N'usp_convertir_lead', N'correcto', @id_lead, 1, NULL, @inicio;
    END TRY
    BEGIN CATCH
        SET @error = ERROR_NUMBER();
        IF @transaccion_propia = 1 AND XACT_STATE() <> 0
            ROLLBACK TRANSACTION;
        EXECUTE dbo.usp_registrar_evento N'usp_convertir_lead', N'error', @id_lead, NULL, @error, @inicio;
        THROW;
    END CATCH;
END;
GO
