/*
  Registers a batch of customers, all or none. The texts come in clear and are stored as ciphertext and keyed hash.

  Transactions, here and in every procedure of this folder: one that finds a transaction open works inside it and leaves
  COMMIT and ROLLBACK to whoever began it; only one that began its own ends it. A nested BEGIN TRANSACTION would only
  count, a ROLLBACK would undo the caller's work too and end in error 266, and a savepoint is no use: with XACT_ABORT ON
  an error makes the transaction uncommittable, and such a one cannot go back to a savepoint. So a caller that gets an
  error from here must roll back, as XACT_STATE() = -1 tells it.

  Errors: 50201, 50202, 50203, 50210.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- Result, unless devolver_claves is 0: orden and id_cliente of each row. id_primero: the least of the new keys.
CREATE OR ALTER PROCEDURE dbo.usp_cargar_clientes
    @clientes dbo.tipo_clientes READONLY,
    @devolver_claves bit = 1,
    @id_primero int = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @transaccion_propia bit = IIF(@@TRANCOUNT = 0, 1, 0);
    DECLARE @inicio datetime2(3) = SYSUTCDATETIME();
    DECLARE @interior varbinary(64);
    DECLARE @exterior varbinary(64);
    DECLARE @llave uniqueidentifier;
    DECLARE @abierta_aqui bit = 0;
    DECLARE @detalle nvarchar(400);
    DECLARE @filas int;
    DECLARE @error int;
    DECLARE @claves TABLE (orden int NOT NULL PRIMARY KEY, id_cliente int NOT NULL);
    DECLARE @preparados TABLE (
        id_cliente int NOT NULL PRIMARY KEY,
        documento_cifrado varbinary(512) NULL,
        documento_hash binary(32) NOT NULL,
        correo_cifrado varbinary(512) NULL,
        correo_hash binary(32) NOT NULL,
        telefono_cifrado varbinary(512) NULL,
        telefono_hash binary(32) NOT NULL
    );

    BEGIN TRY
        IF NOT EXISTS (SELECT 1 FROM @clientes)
            EXECUTE dbo.usp_lanzar_error 50202;

        -- The first wrong row, by its column: never by its value. Binary collation: in a linguistic one [0-9] also
        -- matches superscripts and fractions.
        SELECT TOP (1) @detalle = CONCAT(N'fila ', r.orden, N', ', r.columna, N'.')
        FROM (
            SELECT
                c.orden,
                CASE
                    WHEN c.nombre = N'' THEN N'nombre'
                    WHEN c.apellidos = N'' THEN N'apellidos'
                    WHEN c.documento = N'' THEN N'documento'
                    WHEN c.correo NOT LIKE N'_%@_%._%' OR c.correo LIKE N'% %' THEN N'correo'
                    WHEN
                        c.telefono NOT LIKE N'+[1-9]%'
                        OR SUBSTRING(c.telefono, 2, 40) LIKE N'%[^0-9]%'
                        OR LEN(c.telefono) NOT BETWEEN 8 AND 16
                        THEN N'telefono'
                    WHEN
                        c.fecha_nacimiento < '1900-01-01'
                        OR c.fecha_nacimiento > DATEADD(YEAR, -18, CONVERT(date, SYSUTCDATETIME()))
                        THEN N'fecha_nacimiento'
                    WHEN c.genero NOT IN ('F', 'M', 'X') THEN N'genero'
                    WHEN c.latitud NOT BETWEEN -90 AND 90 THEN N'latitud'
                    WHEN c.longitud NOT BETWEEN -180 AND 180 THEN N'longitud'
                END AS columna
            FROM (
                SELECT
                    orden,
                    LTRIM(nombre) AS nombre,
                    LTRIM(apellidos) AS apellidos,
                    seguridad.fn_normalizar(N'documento', documento) AS documento,
                    seguridad.fn_normalizar(N'correo', correo) COLLATE Latin1_General_100_BIN2 AS correo,
                    seguridad.fn_normalizar(N'telefono', telefono) COLLATE Latin1_General_100_BIN2 AS telefono,
                    fecha_nacimiento,
                    genero,
                    latitud,
                    longitud
                FROM @clientes
            ) AS c
        ) AS r
        WHERE r.columna IS NOT NULL
        ORDER BY r.orden;
        IF @detalle IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50201, @detalle;

        EXECUTE seguridad.usp_leer_bloques_hash @interior OUTPUT, @exterior OUTPUT;

        INSERT INTO @claves (orden, id_cliente)
        SELECT
            orden,
            NEXT VALUE FOR dbo.seq_clientes
        FROM @clientes;

        EXECUTE seguridad.usp_abrir_llave @llave OUTPUT, @abierta_aqui OUTPUT;
        INSERT INTO @preparados (
            id_cliente, documento_cifrado, documento_hash, correo_cifrado, correo_hash, telefono_cifrado, telefono_hash
        )
        SELECT
            k.id_cliente,
            ENCRYPTBYKEY(@llave, LTRIM(RTRIM(c.documento)), 1, seguridad.fn_autenticador(N'documento', k.id_cliente)),
            seguridad.fn_hmac(@interior, @exterior, seguridad.fn_normalizar(N'documento', c.documento)),
            ENCRYPTBYKEY(@llave, LTRIM(RTRIM(c.correo)), 1, seguridad.fn_autenticador(N'correo', k.id_cliente)),
            seguridad.fn_hmac(@interior, @exterior, seguridad.fn_normalizar(N'correo', c.correo)),
            ENCRYPTBYKEY(@llave, LTRIM(RTRIM(c.telefono)), 1, seguridad.fn_autenticador(N'telefono', k.id_cliente)),
            seguridad.fn_hmac(@interior, @exterior, seguridad.fn_normalizar(N'telefono', c.telefono))
        FROM @clientes AS c
        INNER JOIN @claves AS k ON c.orden = k.orden;
        -- The key stays open for as short as can be: it belongs to the session, not to this procedure.
        IF @abierta_aqui = 1
            EXECUTE seguridad.usp_cerrar_llave;
        SET @abierta_aqui = 0;

        -- ENCRYPTBYKEY answers NULL, not an error, when its key is not open.
        IF EXISTS (
            SELECT 1
            FROM @preparados
            WHERE documento_cifrado IS NULL OR correo_cifrado IS NULL OR telefono_cifrado IS NULL
        )
            EXECUTE dbo.usp_lanzar_error 50210;

        IF EXISTS (
            SELECT 1
            FROM @preparados
            GROUP BY documento_hash
            HAVING COUNT(*) > 1
        ) OR EXISTS (
            SELECT 1
            FROM @preparados AS p
            INNER JOIN dbo.clientes AS c ON p.documento_hash = c.documento_hash
        )
            EXECUTE dbo.usp_lanzar_error 50203;

        IF @transaccion_propia = 1
            BEGIN TRANSACTION;
        INSERT INTO dbo.clientes (
            id_cliente, nombre, apellidos, documento_cifrado, documento_hash, correo_cifrado, correo_hash,
            telefono_cifrado, telefono_hash, fecha_nacimiento, genero, segmento, pais, codigo_pais, region, ciudad,
            latitud, longitud, id_campana_origen, fecha_registro, activo
        )
        SELECT
            p.id_cliente,
            LTRIM(RTRIM(c.nombre)),
            LTRIM(RTRIM(c.apellidos)),
            p.documento_cifrado,
            p.documento_hash,
            p.correo_cifrado,
            p.correo_hash,
            p.telefono_cifrado,
            p.telefono_hash,
            c.fecha_nacimiento,
            c.genero,
            N'nuevo',
            c.pais,
            c.codigo_pais,
            c.region,
            c.ciudad,
            c.latitud,
            c.longitud,
            c.id_campana_origen,
            @inicio,
            1
        FROM @preparados AS p
        INNER JOIN @claves AS k ON p.id_cliente = k.id_cliente
        INNER JOIN @clientes AS c ON k.orden = c.orden;
        SET @filas = @@ROWCOUNT;
        IF @transaccion_propia = 1
            COMMIT TRANSACTION;

        SET @id_primero = (SELECT MIN(id_cliente) FROM @claves);
        EXECUTE dbo.usp_registrar_evento
            N'usp_cargar_clientes', N'correcto', @id_primero, @filas, NULL, @inicio;
        IF @devolver_claves = 1
            SELECT
                orden,
                id_cliente
            FROM @claves
            ORDER BY orden;
    END TRY
    BEGIN CATCH
        SET @error = ERROR_NUMBER();
        IF @transaccion_propia = 1 AND XACT_STATE() <> 0
            ROLLBACK TRANSACTION;
        IF @abierta_aqui = 1
            EXECUTE seguridad.usp_cerrar_llave;
        EXECUTE dbo.usp_registrar_evento N'usp_cargar_clientes', N'error', NULL, NULL, @error, @inicio;
        -- Another session may register the same document between the check and the insert: the unique key decides.
        IF @error IN (2601, 2627)
            EXECUTE dbo.usp_lanzar_error 50203;
        THROW;
    END CATCH;
END;
GO
