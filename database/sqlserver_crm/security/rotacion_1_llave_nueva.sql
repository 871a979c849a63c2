/*
  PromptCRM: rotation, first part: the new certificate and key, beside the old ones.

  sqlcmd variables: those of 010, with the new names, files and phrases, and
    CRM_CERT_NAME_OLD, CRM_KEY_NAME_OLD     the ones in use now.

  Order of a rotation:
    1. this file                    the old key is protected by the new certificate as well, so that the new certificate
                                    opens what either key wrote;
    2. 020_apertura_de_llave.sql    with the new names: from now on the new key encrypts, the new certificate decrypts;
    3. rotacion_2_cifrar_de_nuevo.sql    the rows, in batches; stop it and run it again as often as you like;
    4. rotacion_3_retirar.sql       the old key and certificate go, once no row needs them.
  Nothing has to stop meanwhile: each step leaves a database in which everything can be read and written.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- noqa: disable=PRS
IF CERT_ID(N'$(CRM_CERT_NAME)') IS NULL
    CREATE CERTIFICATE [$(CRM_CERT_NAME)] FROM FILE = '$(CRM_CERT_FILE)'
    WITH PRIVATE KEY (FILE = '$(CRM_CERT_KEY_FILE)', DECRYPTION BY PASSWORD = '$(CRM_CERT_KEY_PASSWORD)');
GO

IF KEY_GUID(N'$(CRM_KEY_NAME)') IS NULL
    CREATE SYMMETRIC KEY [$(CRM_KEY_NAME)]
    WITH ALGORITHM = AES_256, KEY_SOURCE = '$(CRM_KEY_SOURCE)', IDENTITY_VALUE = '$(CRM_KEY_IDENTITY)'
    ENCRYPTION BY CERTIFICATE [$(CRM_CERT_NAME)];
GO

GRANT CONTROL ON CERTIFICATE::[$(CRM_CERT_NAME)] TO usuario_cifrado;
GRANT VIEW DEFINITION ON SYMMETRIC KEY::[$(CRM_KEY_NAME)] TO usuario_cifrado;
GO

-- A key must be open for its protection to change.
IF NOT EXISTS (
    SELECT 1
    FROM sys.key_encryptions AS e
    INNER JOIN sys.symmetric_keys AS k ON e.key_id = k.symmetric_key_id
    INNER JOIN sys.certificates AS c ON e.thumbprint = c.thumbprint
    WHERE k.name = N'$(CRM_KEY_NAME_OLD)' AND c.name = N'$(CRM_CERT_NAME)'
)
BEGIN
    OPEN SYMMETRIC KEY [$(CRM_KEY_NAME_OLD)] DECRYPTION BY CERTIFICATE [$(CRM_CERT_NAME_OLD)];
    ALTER SYMMETRIC KEY [$(CRM_KEY_NAME_OLD)] ADD ENCRYPTION BY CERTIFICATE [$(CRM_CERT_NAME)];
    CLOSE SYMMETRIC KEY [$(CRM_KEY_NAME_OLD)];
END;
GO
-- noqa: enable=PRS
