/*
  Registers one customer: a batch of one, so that validation and encryption are written once.

  The text parameters are wider than what is stored. SQL Server cuts an argument to its parameter's length without a
  word, and an e-mail that lost its end is wrong in a way nobody would notice; so the length is checked here.

  Errors: 50200, 50201, 50203, 50210.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

CREATE OR ALTER PROCEDURE dbo.usp_registrar_cliente
    @nombre nvarchar(400),
    @apellidos nvarchar(400),
    @documento nvarchar(400),
    @correo nvarchar(400),
    @telefono nvarchar(400),
    @fecha_nacimiento date,
    @genero char(1),
    @pais nvarchar(60),
    @codigo_pais char(2),
    @region nvarchar(80),
    @ciudad nvarchar(80),
    @latitud decimal(9, 6),
    @longitud decimal(9, 6),
    @id_campana_origen int,
    @id_cliente int = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @inicio datetime2(3) = SYSUTCDATETIME();
    DECLARE @error int;
    DECLARE @cliente dbo.tipo_clientes;
    DECLARE @columna nvarchar(400);

    BEGIN TRY
        SET @columna = CASE
            WHEN @nombre IS NULL THEN N'nombre.'
            WHEN @apellidos IS NULL THEN N'apellidos.'
            WHEN @documento IS NULL THEN N'documento.'
            WHEN @correo IS NULL THEN N'correo.'
            WHEN @telefono IS NULL THEN N'telefono.'
            WHEN @fecha_nacimiento IS NULL THEN N'fecha_nacimiento.'
            WHEN @genero IS NULL THEN N'genero.'
            WHEN @pais IS NULL THEN N'pais.'
            WHEN @codigo_pais IS NULL THEN N'codigo_pais.'
            WHEN @region IS NULL THEN N'region.'
            WHEN @ciudad IS NULL THEN N'ciudad.'
            WHEN @latitud IS NULL THEN N'latitud.'
            WHEN @longitud IS NULL THEN N'longitud.'
            WHEN @id_campana_origen IS NULL THEN N'id_campana_origen.'
        END;
        IF @columna IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50200, @columna;

        SET @columna = CASE
            WHEN LEN(@nombre) > 80 THEN N'nombre pasa de 80 caracteres.'
            WHEN LEN(@apellidos) > 120 THEN N'apellidos pasa de 120 caracteres.'
            WHEN LEN(@documento) > 60 THEN N'documento pasa de 60 caracteres.'
            WHEN LEN(@correo) > 200 THEN N'correo pasa de 200 caracteres.'
            WHEN LEN(@telefono) > 40 THEN N'telefono pasa de 40 caracteres.'
        END;
        IF @columna IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50201, @columna;

        INSERT INTO @cliente (
            orden, nombre, apellidos, documento, correo, telefono, fecha_nacimiento, genero, pais, codigo_pais, region,
            ciudad, latitud, longitud, id_campana_origen
        )
        VALUES (
            1, @nombre, @apellidos, @documento, @correo, @telefono, @fecha_nacimiento, @genero, @pais, @codigo_pais,
            @region, @ciudad, @latitud, @longitud, @id_campana_origen
        );
        EXECUTE dbo.usp_cargar_clientes
            @clientes = @cliente, @devolver_claves = 0, @id_primero = @id_cliente OUTPUT;
        EXECUTE dbo.usp_registrar_evento N'usp_registrar_cliente', N'correcto', @id_cliente, 1, NULL, @inicio;
    END TRY
    BEGIN CATCH
        SET @error = ERROR_NUMBER();
        EXECUTE dbo.usp_registrar_evento N'usp_registrar_cliente', N'error', NULL, NULL, @error, @inicio;
        THROW;
    END CATCH;
END;
GO
