/*
  PromptCRM: rotation, third step: what the old key encrypted is encrypted by the new one.

  sqlcmd variables: CRM_CERT_NAME, CRM_KEY_NAME (new), CRM_KEY_NAME_OLD.

  Each batch is a transaction, and a ciphertext names its key (KEY_NAME), so that there is no progress to keep: stopped
  anywhere, another run does what is left. A row changed meanwhile by someone else is already under the new key. A
  ciphertext that does not open stops the run (50211): it is never overwritten, with NULL least of all.
  Every row gets a new rowversion, so the next ETL cycle reads all customers once, with the same exported values.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- noqa: disable=PRS
SET NOCOUNT, XACT_ABORT ON;
OPEN SYMMETRIC KEY [$(CRM_KEY_NAME_OLD)] DECRYPTION BY CERTIFICATE [$(CRM_CERT_NAME)];
OPEN SYMMETRIC KEY [$(CRM_KEY_NAME)] DECRYPTION BY CERTIFICATE [$(CRM_CERT_NAME)];
GO

DECLARE @nueva uniqueidentifier = KEY_GUID(N'$(CRM_KEY_NAME)');
DECLARE @vieja nvarchar(128) = N'$(CRM_KEY_NAME_OLD)';
DECLARE @desde int = 0;
DECLARE @hasta int;
DECLARE @detalle nvarchar(400);
DECLARE @lote TABLE (
    id_cliente int NOT NULL PRIMARY KEY,
    documento varbinary(512) NULL,
    correo varbinary(512) NULL,
    telefono varbinary(512) NULL,
    documento_cifrado varbinary(512) NULL,
    correo_cifrado varbinary(512) NULL,
    telefono_cifrado varbinary(512) NULL
);

-- By ranges of the primary key: TOP with a search for what is left would read the finished rows again each time.
WHILE 1 = 1
BEGIN
    SET @hasta = (
        SELECT MAX(r.id_cliente)
        FROM (
            SELECT TOP (5000) id_cliente
            FROM dbo.clientes
            WHERE id_cliente > @desde
            ORDER BY id_cliente
        ) AS r
    );
    IF @hasta IS NULL
        BREAK;
    DELETE FROM @lote;

    BEGIN TRANSACTION;
    INSERT INTO @lote (id_cliente, documento, correo, telefono, documento_cifrado, correo_cifrado, telefono_cifrado)
    SELECT
        c.id_cliente,
        DECRYPTBYKEY(c.documento_cifrado, 1, seguridad.fn_autenticador(N'documento', c.id_cliente)),
        DECRYPTBYKEY(c.correo_cifrado, 1, seguridad.fn_autenticador(N'correo', c.id_cliente)),
        DECRYPTBYKEY(c.telefono_cifrado, 1, seguridad.fn_autenticador(N'telefono', c.id_cliente)),
        c.documento_cifrado,
        c.correo_cifrado,
        c.telefono_cifrado
    FROM dbo.clientes AS c WITH (UPDLOCK)
    WHERE
        c.id_cliente > @desde AND c.id_cliente <= @hasta
        AND @vieja IN (KEY_NAME(c.documento_cifrado), KEY_NAME(c.correo_cifrado), KEY_NAME(c.telefono_cifrado));

    SELECT @detalle = CONCAT(N'id_cliente ', MIN(id_cliente), N'.')
    FROM @lote
    WHERE
        (documento IS NULL AND documento_cifrado IS NOT NULL)
        OR (correo IS NULL AND correo_cifrado IS NOT NULL)
        OR (telefono IS NULL AND telefono_cifrado IS NOT NULL)
    HAVING COUNT(*) > 0;
    IF @detalle IS NOT NULL
        EXECUTE dbo.usp_lanzar_error 50211, @detalle;

    UPDATE c
    SET
        c.documento_cifrado
        = ENCRYPTBYKEY(@nueva, l.documento, 1, seguridad.fn_autenticador(N'documento', c.id_cliente)),
        c.correo_cifrado = ENCRYPTBYKEY(@nueva, l.correo, 1, seguridad.fn_autenticador(N'correo', c.id_cliente)),
        c.telefono_cifrado = ENCRYPTBYKEY(@nueva, l.telefono, 1, seguridad.fn_autenticador(N'telefono', c.id_cliente))
    FROM dbo.clientes AS c
    INNER JOIN @lote AS l ON c.id_cliente = l.id_cliente;
    COMMIT TRANSACTION;
    SET @desde = @hasta;
END;

UPDATE seguridad.bloques_hash
SET
    interior_cifrado = ENCRYPTBYKEY(
        @nueva, DECRYPTBYKEY(interior_cifrado, 1, N'bloques_hash.interior'), 1, N'bloques_hash.interior'
    ),
    exterior_cifrado = ENCRYPTBYKEY(
        @nueva, DECRYPTBYKEY(exterior_cifrado, 1, N'bloques_hash.exterior'), 1, N'bloques_hash.exterior'
    )
WHERE KEY_NAME(interior_cifrado) = @vieja;
GO

CLOSE SYMMETRIC KEY [$(CRM_KEY_NAME_OLD)];
CLOSE SYMMETRIC KEY [$(CRM_KEY_NAME)];
GO
-- noqa: enable=PRS
