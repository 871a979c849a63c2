/*
  Records figures of campaigns by channel and day, new or corrected: all the rows, or none if one of them is wrong.

  A day that is there already is replaced, not added to: the same rows sent again change nothing, not even their rv, so
  that the ETL does not move them again.

  @insertadas, @actualizadas  OUTPUT: how many days were new, and how many had other figures before.

  Errors: 50120 to 50123; and as the server words them 547 for a negative figure and 1205, should two calls with the
  same days meet: repeat the call.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

CREATE OR ALTER PROCEDURE dbo.usp_registrar_rendimiento
    @filas dbo.tipo_rendimiento READONLY,
    @insertadas int = NULL OUTPUT,
    @actualizadas int = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @inicio datetime2(3) = SYSUTCDATETIME();
    DECLARE @hoy date = CONVERT(date, SYSUTCDATETIME());
    DECLARE @detalle nvarchar(400);
    DECLARE @total int;
    DECLARE @error int;
    DECLARE @acciones TABLE (accion nvarchar(10) NOT NULL);

    SELECT @insertadas = NULL, @actualizadas = NULL;

    BEGIN TRY
        IF NOT EXISTS (SELECT 1 FROM @filas)
            EXECUTE dbo.usp_lanzar_error 50120;

        SELECT TOP (1) @detalle = CONCAT(N'id_campana ', dada.id_campana, N'.')
        FROM @filas AS dada
        WHERE NOT EXISTS (
            SELECT 1
            FROM dbo.campanas AS campana
            WHERE campana.id_campana = dada.id_campana
        )
        ORDER BY dada.id_campana;
        IF @detalle IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50121, @detalle;

        SELECT TOP (1) @detalle = CONCAT(N'id_canal ', dada.id_canal, N'.')
        FROM @filas AS dada
        WHERE NOT EXISTS (
            SELECT 1
            FROM dbo.canales AS canal
            WHERE canal.id_canal = dada.id_canal
        )
        ORDER BY dada.id_canal;
        IF @detalle IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50122, @detalle;

        SELECT TOP (1)
            @detalle = CONCAT(N'id_campana ', dada.id_campana, N', fecha ', CONVERT(char(10), dada.fecha, 23), N'.')
        FROM @filas AS dada
        INNER JOIN dbo.campanas AS campana ON dada.id_campana = campana.id_campana
        WHERE dada.fecha < campana.fecha_inicio OR dada.fecha > campana.fecha_fin OR dada.fecha > @hoy
        ORDER BY dada.id_campana, dada.fecha;
        IF @detalle IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50123, @detalle;

        -- One statement needs no transaction of its own: it is whole by itself, alone or inside the caller's.
        -- HOLDLOCK: without it, two sessions may both find a day missing and the second INSERT is error 2627.
        -- OUTPUT needs INTO, because the table has triggers (error 334). New keys are the column's default.
        MERGE INTO dbo.rendimiento_diario WITH (HOLDLOCK) AS destino
        USING @filas AS origen
            ON destino.id_campana = origen.id_campana
                AND destino.id_canal = origen.id_canal
                AND destino.fecha = origen.fecha
        WHEN MATCHED AND EXISTS (
            SELECT
                origen.impresiones,
                origen.alcance,
                origen.clics,
                origen.reacciones,
                origen.conversiones,
                origen.costo,
                origen.ingresos
            EXCEPT
            SELECT
                destino.impresiones,
                destino.alcance,
                destino.clics,
                destino.reacciones,
                destino.conversiones,
                destino.costo,
                destino.ingresos
        )
            THEN UPDATE SET
                impresiones = origen.impresiones,
                alcance = origen.alcance,
                clics = origen.clics,
                reacciones = origen.reacciones,
                conversiones = origen.conversiones,
                costo = origen.costo,
                ingresos = origen.ingresos
        WHEN NOT MATCHED BY TARGET
            THEN INSERT (
                id_campana,
                id_canal,
                fecha,
                impresiones,
                alcance,
                clics,
                reacciones,
                conversiones,
                costo,
                ingresos
            )
            VALUES (
                origen.id_campana,
                origen.id_canal,
                origen.fecha,
                origen.impresiones,
                origen.alcance,
                origen.clics,
                origen.reacciones,
                origen.conversiones,
                origen.costo,
                origen.ingresos
            )
        OUTPUT $action INTO @acciones (accion);

        SELECT
            @insertadas = COALESCE(SUM(CASE WHEN accion = N'INSERT' THEN 1 ELSE 0 END), 0),
            @actualizadas = COALESCE(SUM(CASE WHEN accion = N'UPDATE' THEN 1 ELSE 0 END), 0),
            @total = COUNT(*)
        FROM @acciones;

        EXECUTE dbo.usp_registrar_evento N'usp_registrar_rendimiento', N'correcto', NULL, @total, NULL, @inicio;
    END TRY
    BEGIN CATCH
        SET @error = ERROR_NUMBER();
        EXECUTE dbo.usp_registrar_evento N'usp_registrar_rendimiento', N'error', NULL, NULL, @error, @inicio;
        THROW;
    END CATCH;
END;
GO
