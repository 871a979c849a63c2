/*
  The nearest active customers within some kilometres of a point: whom to invite to a shop.

  A spatial index serves a predicate only in the form column.STDistance(@point) <= number, and the order only together
  with TOP; so the distance is bounded in metres, as a variable, and not computed on. No coordinates come back: distance
  and city are what the question needs.

  Errors: 50200, 50241.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- latitud, longitud: degrees, WGS 84. kilometros: up to 500. cuantos: up to 1,000.
CREATE OR ALTER PROCEDURE dbo.usp_clientes_cercanos
    @latitud decimal(9, 6),
    @longitud decimal(9, 6),
    @kilometros decimal(9, 3),
    @cuantos int = 100
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @inicio datetime2(3) = SYSUTCDATETIME();
    DECLARE @centro geography;
    DECLARE @metros float;
    DECLARE @detalle nvarchar(400);
    DECLARE @filas int;
    DECLARE @error int;

    BEGIN TRY
        SET @detalle = CASE
            WHEN @latitud IS NULL THEN N'latitud.'
            WHEN @longitud IS NULL THEN N'longitud.'
            WHEN @kilometros IS NULL THEN N'kilometros.'
            WHEN @cuantos IS NULL THEN N'cuantos.'
        END;
        IF @detalle IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50200, @detalle;
        SET @detalle = CASE
            WHEN @latitud NOT BETWEEN -90 AND 90 THEN N'latitud va de -90 a 90.'
            WHEN @longitud NOT BETWEEN -180 AND 180 THEN N'longitud va de -180 a 180.'
            WHEN @kilometros <= 0 OR @kilometros > 500 THEN N'kilometros pasa de 0 y llega a 500.'
            WHEN @cuantos NOT BETWEEN 1 AND 1000 THEN N'cuantos va de 1 a 1000.'
        END;
        IF @detalle IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50241, @detalle;

        SET @centro = geography::Point(@latitud, @longitud, 4326); -- noqa: CP05
        SET @metros = @kilometros * 1000;
        SELECT TOP (@cuantos)
            c.id_cliente,
            c.ciudad,
            c.segmento,
            ROUND(c.ubicacion.STDistance(@centro) / 1000, 3) AS kilometros
        FROM dbo.clientes AS c
        WHERE c.ubicacion.STDistance(@centro) <= @metros AND c.activo = 1
        ORDER BY c.ubicacion.STDistance(@centro);
        SET @filas = @@ROWCOUNT;
        EXECUTE dbo.usp_registrar_evento N'usp_clientes_cercanos', N'correcto', NULL, @filas, NULL, @inicio;
    END TRY
    BEGIN CATCH
        SET @error = ERROR_NUMBER();
        EXECUTE dbo.usp_registrar_evento N'usp_clientes_cercanos', N'error', NULL, NULL, @error, @inicio;
        THROW;
    END CATCH;
END;
GO
