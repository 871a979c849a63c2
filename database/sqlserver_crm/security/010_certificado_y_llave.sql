/*
  PromptCRM: the keys of the personal data. Run by a person with sqlcmd, in the database (README.md says how).

    service master key (the server's) > master key (the database's) > X.509 certificate > AES-256 key > the columns

  The certificate comes from a file with its private key, and the AES key is derived from two phrases, so that both can
  be made again on another server; a master key needs no copy for that, because it only guards the private key.

  sqlcmd variables, none with a default:
    CRM_MASTER_KEY_PASSWORD                 of the database master key
    CRM_CERT_NAME, CRM_KEY_NAME             cert_clientes_1 and llave_clientes_1 the first time
    CRM_CERT_FILE, CRM_CERT_KEY_FILE        paths on the server, readable by its service account only
    CRM_CERT_KEY_PASSWORD                   that the private key's file is encrypted by
    CRM_KEY_SOURCE, CRM_KEY_IDENTITY        phrases of the AES key: whoever has both has the key

  sqlfluff has no grammar for the statements of keys and certificates: hence the noqa lines.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- noqa: disable=PRS
IF NOT EXISTS (
    SELECT 1
    FROM sys.symmetric_keys
    WHERE name = N'##MS_DatabaseMasterKey##'
)
    CREATE MASTER KEY ENCRYPTION BY PASSWORD = '$(CRM_MASTER_KEY_PASSWORD)';
GO

IF CERT_ID(N'$(CRM_CERT_NAME)') IS NULL
    CREATE CERTIFICATE [$(CRM_CERT_NAME)] FROM FILE = '$(CRM_CERT_FILE)'
    WITH PRIVATE KEY (FILE = '$(CRM_CERT_KEY_FILE)', DECRYPTION BY PASSWORD = '$(CRM_CERT_KEY_PASSWORD)');
GO

IF KEY_GUID(N'$(CRM_KEY_NAME)') IS NULL
    CREATE SYMMETRIC KEY [$(CRM_KEY_NAME)]
    WITH ALGORITHM = AES_256, KEY_SOURCE = '$(CRM_KEY_SOURCE)', IDENTITY_VALUE = '$(CRM_KEY_IDENTITY)'
    ENCRYPTION BY CERTIFICATE [$(CRM_CERT_NAME)];
GO

-- Who uses them: the user that the modules of schema seguridad run as, and nobody else.
GRANT CONTROL ON CERTIFICATE::[$(CRM_CERT_NAME)] TO usuario_cifrado;
GRANT VIEW DEFINITION ON SYMMETRIC KEY::[$(CRM_KEY_NAME)] TO usuario_cifrado;
GO
-- noqa: enable=PRS
