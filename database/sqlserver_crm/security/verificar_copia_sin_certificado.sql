/*
  PromptCRM: proves, on a restored copy, that without the certificate the personal data reads NULL, and that with the
  backed-up certificate and the phrases of the key it reads again. Run from master, by an administrator; stops with an
  error at the first thing that is not so (sqlcmd -b).

  sqlcmd variables:
    CRM_BACKUP_FOLDER, CRM_BACKUP_NAME, CRM_BACKUP_PASSWORD    as in respaldo_de_llaves.sql, which ran before
    CRM_DATA_FOLDER                                            where the copy and its backup go, away from the keys
    CRM_MASTER_KEY_PASSWORD, CRM_CERT_NAME, CRM_KEY_NAME, CRM_KEY_SOURCE, CRM_KEY_IDENTITY    as in 010
    CRM_COPY_NAME                                              of the copy: it must not exist, and is dropped at the end

  The copy is restored on this server, whose service master key would open its master key without being asked; so the
  whole hierarchy is dropped from it, which leaves what a thief of the backup has: the rows.
  The copy is dropped at the end; where an error stopped this before, drop it by hand. Its .bak is left: delete it.
*/
-- noqa: disable=PRS
BACKUP DATABASE PromptCRM TO DISK = '$(CRM_DATA_FOLDER)/$(CRM_COPY_NAME).bak' WITH COPY_ONLY, INIT, CHECKSUM;
GO

-- Logical names as CREATE DATABASE gives them; RESTORE FILELISTONLY shows them where they are others.
RESTORE DATABASE [$(CRM_COPY_NAME)] FROM DISK = '$(CRM_DATA_FOLDER)/$(CRM_COPY_NAME).bak'
WITH
    CHECKSUM,
    MOVE 'PromptCRM' TO '$(CRM_DATA_FOLDER)/$(CRM_COPY_NAME).mdf',
    MOVE 'PromptCRM_log' TO '$(CRM_DATA_FOLDER)/$(CRM_COPY_NAME).ldf';
GO

USE [$(CRM_COPY_NAME)];
GO
REVOKE CONTROL ON CERTIFICATE::[$(CRM_CERT_NAME)] FROM usuario_cifrado;
DROP SYMMETRIC KEY [$(CRM_KEY_NAME)];
DROP CERTIFICATE [$(CRM_CERT_NAME)];
DROP MASTER KEY;
GO

DECLARE @cifrados int;
DECLARE @abiertos int;
SELECT
    @cifrados = COUNT(documento_cifrado),
    @abiertos = COUNT(DECRYPTBYKEY(documento_cifrado, 1, seguridad.fn_autenticador(N'documento', id_cliente)))
FROM dbo.clientes;
IF @cifrados = 0
    THROW 50211, N'The copy holds no ciphertext: there is nothing to prove. Register a customer first.', 1;
IF @abiertos > 0
    THROW 50211, N'The copy reads personal data without its certificate.', 1;
PRINT CONCAT(N'without the certificate: ', @cifrados, N' documents, none readable');
GO

-- What the owner of the files and phrases can do, and nobody else.
CREATE MASTER KEY ENCRYPTION BY PASSWORD = '$(CRM_MASTER_KEY_PASSWORD)';
GO
CREATE CERTIFICATE [$(CRM_CERT_NAME)] FROM FILE = '$(CRM_BACKUP_FOLDER)/$(CRM_BACKUP_NAME).cer'
WITH PRIVATE KEY (
    FILE = '$(CRM_BACKUP_FOLDER)/$(CRM_BACKUP_NAME).pvk', DECRYPTION BY PASSWORD = '$(CRM_BACKUP_PASSWORD)'
);
GO
CREATE SYMMETRIC KEY [$(CRM_KEY_NAME)]
WITH ALGORITHM = AES_256, KEY_SOURCE = '$(CRM_KEY_SOURCE)', IDENTITY_VALUE = '$(CRM_KEY_IDENTITY)'
ENCRYPTION BY CERTIFICATE [$(CRM_CERT_NAME)];
GO

DECLARE @cerrados int = (
    SELECT COUNT(*)
    FROM dbo.clientes
    WHERE
        documento_cifrado IS NOT NULL
        AND DECRYPTBYKEYAUTOCERT(
            CERT_ID(N'$(CRM_CERT_NAME)'), NULL, documento_cifrado, 1,
            seguridad.fn_autenticador(N'documento', id_cliente)
        ) IS NULL
);
IF @cerrados > 0
    THROW 50211, N'The certificate was restored, but documents of the copy still do not open.', 1;
PRINT N'with the certificate restored: every document readable';
GO

USE master;
GO
DROP DATABASE [$(CRM_COPY_NAME)];
GO
-- noqa: enable=PRS
