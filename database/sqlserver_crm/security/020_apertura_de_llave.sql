/*
  PromptCRM: the two modules that name the key, because OPEN and CLOSE SYMMETRIC KEY take no variable. Run after
  010, and again by a rotation with the new names.

  sqlcmd variables: CRM_CERT_NAME, CRM_KEY_NAME.

  An open key belongs to the session, whatever user it runs as, until it is closed: so it is opened for one INSERT, and
  closed by whoever opened it. A client that is cut off in between (an attention runs no CATCH) leaves it open in its
  session. That opens little: without SELECT on a ciphertext there is nothing to decrypt, and of all roles only
  data_writer has that, which may not execute the procedures that open the key.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- Before the modules: the newest certificate opens what either key wrote, the older one only its own. So when the new
-- key begins to encrypt, the new certificate must be the one that is looked for already.
INSERT INTO seguridad.llaves (generacion, nombre_llave, nombre_certificado)
SELECT
    COALESCE(MAX(generacion), 0) + 1,
    N'$(CRM_KEY_NAME)',
    N'$(CRM_CERT_NAME)'
FROM seguridad.llaves
HAVING COALESCE(MAX(IIF(nombre_llave = N'$(CRM_KEY_NAME)', 1, 0)), 0) = 0;
GO

-- Opens the newest key; abierta_aqui is 0 where the session had it open already.
CREATE OR ALTER PROCEDURE seguridad.usp_abrir_llave
    @llave uniqueidentifier OUTPUT,
    @abierta_aqui bit OUTPUT
WITH EXECUTE AS 'usuario_cifrado'
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    SET @abierta_aqui = 0;
    SET @llave = KEY_GUID(N'$(CRM_KEY_NAME)');
    IF @llave IS NULL
        EXECUTE dbo.usp_lanzar_error 50210;
    IF NOT EXISTS (
        SELECT 1
        FROM sys.openkeys
        WHERE database_id = DB_ID() AND key_name = N'$(CRM_KEY_NAME)'
    )
    BEGIN
        OPEN SYMMETRIC KEY [$(CRM_KEY_NAME)] DECRYPTION BY CERTIFICATE [$(CRM_CERT_NAME)];
        SET @abierta_aqui = 1;
    END;
END;
GO

-- noqa: disable=PRS
CREATE OR ALTER PROCEDURE seguridad.usp_cerrar_llave
WITH EXECUTE AS 'usuario_cifrado'
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    -- Not open only in a call that a rotation overtook: what it opened was the key before. That is no error of the call.
    IF EXISTS (
        SELECT 1
        FROM sys.openkeys
        WHERE database_id = DB_ID() AND key_name = N'$(CRM_KEY_NAME)'
    )
        CLOSE SYMMETRIC KEY [$(CRM_KEY_NAME)];
END;
GO
-- noqa: enable=PRS
