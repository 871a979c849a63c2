/*
  PromptCRM: what stands between the procedures and the keys of the personal data.

  Schema seguridad holds the few modules that may use the certificate. They run as usuario_cifrado, a user without a
  login and with no right but the certificate and the key: whoever may execute a procedure of dbo needs no right on
  either, and ownership chaining (all belongs to dbo) lets those procedures call these. Nobody is granted EXECUTE here:
  whoever had it on usp_mostrar_clientes could read every customer in clear, off the record.
  EXECUTE AS rather than signed modules: a signature is lost each time CREATE OR ALTER runs, EXECUTE AS is part of the
  text. Only these modules impersonate; the procedures of dbo run as their caller, so that what the caller may do can be
  asked. The log keeps ORIGINAL_LOGIN().

  The keys themselves come with the scripts of security/. Until then usp_abrir_llave raises 50210.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF SCHEMA_ID(N'seguridad') IS NULL
    EXECUTE (N'CREATE SCHEMA seguridad AUTHORIZATION dbo;');
GO

IF DATABASE_PRINCIPAL_ID(N'usuario_cifrado') IS NULL
    CREATE USER usuario_cifrado WITHOUT LOGIN;
GO

-- Generations of the key. The newest encrypts; the certificate of the newest opens every key that still has rows.
IF OBJECT_ID(N'seguridad.llaves', N'U') IS NULL
BEGIN
    CREATE TABLE seguridad.llaves (
        generacion int NOT NULL,
        nombre_llave nvarchar(128) NOT NULL,
        nombre_certificado nvarchar(128) NOT NULL,
        instalada_en datetime2(3) NOT NULL CONSTRAINT DF_llaves_instalada_en DEFAULT (SYSUTCDATETIME()),
        retirada_en datetime2(3) NULL,
        CONSTRAINT PK_llaves PRIMARY KEY CLUSTERED (generacion),
        CONSTRAINT UQ_llaves_nombre_llave UNIQUE (nombre_llave)
    );
END;
GO

-- The key of the look-up hashes, as the two 64-byte blocks that HMAC starts its two rounds with (RFC 2104: the key
-- XOR 0x36... and XOR 0x5C...), each encrypted by the symmetric key. One row.
IF OBJECT_ID(N'seguridad.bloques_hash', N'U') IS NULL
BEGIN
    CREATE TABLE seguridad.bloques_hash (
        id tinyint NOT NULL,
        interior_cifrado varbinary(256) NOT NULL,
        exterior_cifrado varbinary(256) NOT NULL,
        instalado_en datetime2(3) NOT NULL CONSTRAINT DF_bloques_hash_instalado_en DEFAULT (SYSUTCDATETIME()),
        CONSTRAINT PK_bloques_hash PRIMARY KEY CLUSTERED (id),
        CONSTRAINT CK_bloques_hash_id CHECK (id = 1)
    );
END;
GO

-- One spelling of what is looked up, so that the same document, e-mail or telephone always has the same hash.
-- tipo: documento, correo or telefono; NULL for another.
CREATE OR ALTER FUNCTION seguridad.fn_normalizar(@tipo nvarchar(20), @valor nvarchar(400))
RETURNS nvarchar(400)
WITH SCHEMABINDING
AS
BEGIN
    RETURN
        CASE @tipo
            WHEN N'documento' THEN UPPER(REPLACE(@valor, N' ', N''))
            WHEN N'correo' THEN LOWER(LTRIM(RTRIM(@valor)))
            WHEN N'telefono'
                THEN REPLACE(TRANSLATE(@valor, N'-().', N'    '), N' ', N'')
        END;
END;
GO

-- HMAC-SHA256 of a text in UTF-8, from the two blocks of its key. SQL Server has no HMAC function, but its two rounds
-- are two calls of HASHBYTES: a hash of key + text in one round would let whoever knows one hash extend the text.
CREATE OR ALTER FUNCTION seguridad.fn_hmac(
    @interior varbinary(64), @exterior varbinary(64), @texto nvarchar(400)
)
RETURNS binary(32)
WITH SCHEMABINDING
AS
BEGIN
    DECLARE @utf8 varbinary(1600) = CONVERT(
        varbinary(1600), CONVERT(varchar(1600), @texto COLLATE Latin1_General_100_BIN2_UTF8)
    );
    RETURN HASHBYTES('SHA2_256', @exterior + HASHBYTES('SHA2_256', @interior + @utf8));
END;
GO

-- What ties a ciphertext to its row and column: copied to another customer or column, it does not decrypt.
-- nvarchar on both sides, always: the authenticator is compared byte by byte.
CREATE OR ALTER FUNCTION seguridad.fn_autenticador(@columna nvarchar(20), @id_cliente int)
RETURNS nvarchar(128)
WITH SCHEMABINDING
AS
BEGIN
    RETURN CONCAT(N'clientes.', @columna, N':', @id_cliente);
END;
GO

-- Opens the newest key for the session, and says whether it was closed before: whoever opens it closes it.
-- Only a place holder: OPEN SYMMETRIC KEY takes no variable, so security/ writes the real one, with the key's name, and
-- this file never overwrites it.
IF OBJECT_ID(N'seguridad.usp_abrir_llave', N'P') IS NULL
    EXECUTE (N'
        CREATE PROCEDURE seguridad.usp_abrir_llave @llave uniqueidentifier OUTPUT, @abierta_aqui bit OUTPUT
        AS
        BEGIN
            SET NOCOUNT, XACT_ABORT ON;
            SET @abierta_aqui = 0;
            EXECUTE dbo.usp_lanzar_error 50210;
        END;
    ');
GO
IF OBJECT_ID(N'seguridad.usp_cerrar_llave', N'P') IS NULL
    EXECUTE (N'
        CREATE PROCEDURE seguridad.usp_cerrar_llave
        AS
        BEGIN
            SET NOCOUNT, XACT_ABORT ON;
            EXECUTE dbo.usp_lanzar_error 50210;
        END;
    ');
GO

-- The blocks of the hash key, in clear, for the length of one call of a procedure. DECRYPTBYKEYAUTOCERT opens and
-- closes the key within the expression: a cancelled call leaves no key open in the session.
CREATE OR ALTER PROCEDURE seguridad.usp_leer_bloques_hash
    @interior varbinary(64) OUTPUT,
    @exterior varbinary(64) OUTPUT
WITH EXECUTE AS 'usuario_cifrado'
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @certificado int = (
        SELECT TOP (1) CERT_ID(nombre_certificado)
        FROM seguridad.llaves
        WHERE retirada_en IS NULL
        ORDER BY generacion DESC
    );
    IF @certificado IS NULL
        EXECUTE dbo.usp_lanzar_error 50210;
    SELECT
        @interior = DECRYPTBYKEYAUTOCERT(@certificado, NULL, interior_cifrado, 1, N'bloques_hash.interior'),
        @exterior = DECRYPTBYKEYAUTOCERT(@certificado, NULL, exterior_cifrado, 1, N'bloques_hash.exterior')
    FROM seguridad.bloques_hash
    WHERE id = 1;
    IF @interior IS NULL OR @exterior IS NULL
        EXECUTE dbo.usp_lanzar_error 50210;
END;
GO

-- Customers by key: in clear, or masked, as its caller says: usp_buscar_cliente, which asks whose call it is and writes
-- it down. The masks are written out here rather than left to dynamic data masking, from which the user that this runs
-- as is exempt.
CREATE OR ALTER PROCEDURE seguridad.usp_mostrar_clientes
    @claves dbo.tipo_claves READONLY,
    @descifra bit
WITH EXECUTE AS 'usuario_cifrado'
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    IF @descifra = 0
    BEGIN
        SELECT
            c.id_cliente,
            CONCAT(LEFT(c.nombre, 1), N'***') AS nombre,
            CONCAT(LEFT(c.apellidos, 1), N'***') AS apellidos,
            CONVERT(date, NULL) AS fecha_nacimiento,
            CONVERT(nvarchar(60), IIF(c.documento_cifrado IS NULL, NULL, N'***')) AS documento,
            CONVERT(nvarchar(200), IIF(c.correo_cifrado IS NULL, NULL, N'***')) AS correo,
            CONVERT(nvarchar(40), IIF(c.telefono_cifrado IS NULL, NULL, N'***')) AS telefono,
            c.segmento,
            c.pais,
            c.activo,
            CONVERT(bit, 0) AS descifrado
        FROM @claves AS k
        INNER JOIN dbo.clientes AS c ON k.clave = c.id_cliente
        ORDER BY c.id_cliente;
        RETURN;
    END;

    DECLARE @certificado int = (
        SELECT TOP (1) CERT_ID(nombre_certificado)
        FROM seguridad.llaves
        WHERE retirada_en IS NULL
        ORDER BY generacion DESC
    );
    IF @certificado IS NULL
        EXECUTE dbo.usp_lanzar_error 50210;
    DECLARE @abiertos TABLE (
        id_cliente int NOT NULL PRIMARY KEY,
        documento nvarchar(60) NULL,
        correo nvarchar(200) NULL,
        telefono nvarchar(40) NULL
    );
    INSERT INTO @abiertos (id_cliente, documento, correo, telefono)
    SELECT
        c.id_cliente,
        CONVERT(
            nvarchar(60),
            DECRYPTBYKEYAUTOCERT(
                @certificado, NULL, c.documento_cifrado, 1, seguridad.fn_autenticador(N'documento', c.id_cliente)
            )
        ),
        CONVERT(
            nvarchar(200),
            DECRYPTBYKEYAUTOCERT(
                @certificado, NULL, c.correo_cifrado, 1, seguridad.fn_autenticador(N'correo', c.id_cliente)
            )
        ),
        CONVERT(
            nvarchar(40),
            DECRYPTBYKEYAUTOCERT(
                @certificado, NULL, c.telefono_cifrado, 1, seguridad.fn_autenticador(N'telefono', c.id_cliente)
            )
        )
    FROM @claves AS k
    INNER JOIN dbo.clientes AS c ON k.clave = c.id_cliente;

    -- A ciphertext that does not decrypt reads as NULL. Shown as it is, it would say "has no telephone".
    DECLARE @cerrado int = (
        SELECT MIN(c.id_cliente)
        FROM @abiertos AS a
        INNER JOIN dbo.clientes AS c ON a.id_cliente = c.id_cliente
        WHERE
            (a.documento IS NULL AND c.documento_cifrado IS NOT NULL)
            OR (a.correo IS NULL AND c.correo_cifrado IS NOT NULL)
            OR (a.telefono IS NULL AND c.telefono_cifrado IS NOT NULL)
    );
    IF @cerrado IS NOT NULL
    BEGIN
        DECLARE @detalle nvarchar(400) = CONCAT(N'id_cliente ', @cerrado, N'.');
        EXECUTE dbo.usp_lanzar_error 50211, @detalle;
    END;

    SELECT
        c.id_cliente,
        c.nombre,
        c.apellidos,
        c.fecha_nacimiento,
        a.documento,
        a.correo,
        a.telefono,
        c.segmento,
        c.pais,
        c.activo,
        CONVERT(bit, 1) AS descifrado
    FROM @abiertos AS a
    INNER JOIN dbo.clientes AS c ON a.id_cliente = c.id_cliente
    ORDER BY c.id_cliente;
END;
GO
