/*
  Customers by document, e-mail or telephone, through the keyed hash: the value looked for is hashed, and the hash is
  found by its index. Nothing is decrypted to search.

  A member of rol_descifra gets the personal data in clear, and the log says so; everyone else, the owner of the
  database included, gets it masked, and nothing is decrypted. Ciphertexts that seeding left out read NULL in both.

  In clear only on the record: the row of the log is committed before anything is decrypted, or nothing is decrypted.
  In a caller's transaction the row could be rolled back once the data was read, so there it is refused (50242).

  Errors: 50210, 50211, 50240, 50242.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- tipo: documento, correo or telefono.
CREATE OR ALTER PROCEDURE dbo.usp_buscar_cliente
    @tipo nvarchar(20),
    @valor nvarchar(400)
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF; -- or the first SELECT here would begin one, and the log's row would wait for its end
    DECLARE @inicio datetime2(3) = SYSUTCDATETIME();
    DECLARE @interior varbinary(64);
    DECLARE @exterior varbinary(64);
    DECLARE @hash binary(32);
    DECLARE @claves dbo.tipo_claves;
    DECLARE @descifra bit;
    DECLARE @resultado nvarchar(20);
    DECLARE @filas int;
    DECLARE @primera int;
    DECLARE @error int;

    BEGIN TRY
        IF COALESCE(seguridad.fn_normalizar(@tipo, @valor), N'') = N''
            EXECUTE dbo.usp_lanzar_error 50240;
        EXECUTE seguridad.usp_leer_bloques_hash @interior OUTPUT, @exterior OUTPUT;
        SET @hash = seguridad.fn_hmac(@interior, @exterior, seguridad.fn_normalizar(@tipo, @valor));

        -- One statement a kind: a predicate over all three columns would use none of their indexes.
        IF @tipo = N'documento'
            INSERT INTO @claves (clave)
            SELECT id_cliente
            FROM dbo.clientes
            WHERE documento_hash = @hash;
        ELSE IF @tipo = N'correo'
            INSERT INTO @claves (clave)
            SELECT id_cliente
            FROM dbo.clientes
            WHERE correo_hash = @hash;
        ELSE
            INSERT INTO @claves (clave)
            SELECT id_cliente
            FROM dbo.clientes
            WHERE telefono_hash = @hash;

        SELECT
            @filas = COUNT(*),
            @primera = MIN(clave)
        FROM @claves;
        -- Asked of the caller: no impersonation here.
        SET @descifra = COALESCE(IS_MEMBER(N'rol_descifra'), 0);
        SET @resultado = IIF(@descifra = 1 AND @filas > 0, N'descifrado', N'correcto');
        IF @resultado = N'descifrado' AND @@TRANCOUNT > 0
            EXECUTE dbo.usp_lanzar_error 50242;
        EXECUTE dbo.usp_registrar_evento
            N'usp_buscar_cliente', @resultado, @primera, @filas, NULL, @inicio, @descifra;
        EXECUTE seguridad.usp_mostrar_clientes @claves, @descifra;
    END TRY
    BEGIN CATCH
        SET @error = ERROR_NUMBER();
        EXECUTE dbo.usp_registrar_evento N'usp_buscar_cliente', N'error', @primera, NULL, @error, @inicio;
        THROW;
    END CATCH;
END;
GO
