/*
  Finishes the campaigns whose last day is past, and withdraws their ads.

  @hasta     campaigns whose last day is this one or before it; yesterday (UTC) if NULL. Today is refused: a campaign
             runs to the end of its last day.
  @cerradas  OUTPUT: how many.

  Result: the campaigns closed now, with the state they were in.

  Errors: 50130.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

CREATE OR ALTER PROCEDURE dbo.usp_cerrar_campanas_vencidas
    @hasta date = NULL,
    @cerradas int = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @transaccion_propia bit = IIF(@@TRANCOUNT = 0, 1, 0);
    DECLARE @inicio datetime2(3) = SYSUTCDATETIME();
    DECLARE @hoy date = CONVERT(date, SYSUTCDATETIME());
    DECLARE @total int;
    DECLARE @detalle nvarchar(400);
    DECLARE @error int;
    DECLARE @vencidas TABLE (id_campana int NOT NULL PRIMARY KEY);
    DECLARE @cambios TABLE (
        id_campana int NOT NULL PRIMARY KEY,
        nombre nvarchar(160) NOT NULL,
        fecha_fin date NOT NULL,
        estado_anterior nvarchar(20) NOT NULL
    );

    SET @cerradas = NULL;
    SET @hasta = COALESCE(@hasta, DATEADD(DAY, -1, @hoy));
    SET @detalle = CONVERT(nvarchar(10), @hasta, 23);

    BEGIN TRY
        IF @hasta >= @hoy
            EXECUTE dbo.usp_lanzar_error 50130, @detalle;

        INSERT INTO @vencidas (id_campana)
        SELECT id_campana
        FROM dbo.campanas
        WHERE fecha_fin <= @hasta AND estado <> N'finalizada';

        IF @transaccion_propia = 1
            BEGIN TRANSACTION;

        -- The list may be old by now: a campaign extended or closed meanwhile is left as it is.
        UPDATE dbo.campanas
        SET estado = N'finalizada', actualizado_en = SYSUTCDATETIME()
        OUTPUT deleted.id_campana, deleted.nombre, deleted.fecha_fin, deleted.estado
        INTO @cambios (id_campana, nombre, fecha_fin, estado_anterior)
        WHERE id_campana IN (SELECT id_campana FROM @vencidas) AND fecha_fin <= @hasta AND estado <> N'finalizada';
        SET @total = @@ROWCOUNT;

        UPDATE anuncio
        SET activo = 0
        FROM dbo.anuncios AS anuncio
        INNER JOIN @cambios AS cambio ON anuncio.id_campana = cambio.id_campana
        WHERE anuncio.activo = 1;

        IF @transaccion_propia = 1
            COMMIT TRANSACTION;

        SET @cerradas = @total;
        EXECUTE dbo.usp_registrar_evento
            N'usp_cerrar_campanas_vencidas', N'correcto', @detalle, @total, NULL, @inicio;

        SELECT id_campana, nombre, fecha_fin, estado_anterior
        FROM @cambios
        ORDER BY fecha_fin, id_campana;
    END TRY
    BEGIN CATCH
        SET @error = ERROR_NUMBER();
        IF @transaccion_propia = 1 AND XACT_STATE() <> 0
            ROLLBACK TRANSACTION;
        EXECUTE dbo.usp_registrar_evento N'usp_cerrar_campanas_vencidas', N'error', @detalle, NULL, @error, @inicio;
        THROW;
    END CATCH;
END;
GO
