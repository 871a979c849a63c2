/*
  PromptCRM: a copy of the certificate with its private key, and of the master key. Run after 010 and after a rotation.

  sqlcmd variables:
    CRM_CERT_NAME
    CRM_BACKUP_FOLDER            on the server; not where the backups of the database go, or one theft takes both
    CRM_BACKUP_NAME              of the files; they must not exist yet
    CRM_BACKUP_PASSWORD          that the copies are encrypted by; keep it elsewhere than the files

  The AES key itself has no backup statement: it is made again from CRM_KEY_SOURCE and CRM_KEY_IDENTITY, which belong in
  the same safe as the password.
  To restore on another server: restore the database, which brings its keys along, locked: the other server cannot open
  the master key by itself. With the password of the master key, let it:
    OPEN MASTER KEY DECRYPTION BY PASSWORD = '...'; ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;
  Without that password, drop key, certificate and master key from the restored database, and make them again by
  010_certificado_y_llave.sql from the files written here and the phrases: verificar_copia_sin_certificado.sql does so.
*/
-- noqa: disable=PRS
BACKUP CERTIFICATE [$(CRM_CERT_NAME)] TO FILE = '$(CRM_BACKUP_FOLDER)/$(CRM_BACKUP_NAME).cer'
WITH PRIVATE KEY (
    FILE = '$(CRM_BACKUP_FOLDER)/$(CRM_BACKUP_NAME).pvk', ENCRYPTION BY PASSWORD = '$(CRM_BACKUP_PASSWORD)'
);
GO

BACKUP MASTER KEY TO FILE = '$(CRM_BACKUP_FOLDER)/$(CRM_BACKUP_NAME).dmk'
ENCRYPTION BY PASSWORD = '$(CRM_BACKUP_PASSWORD)';
GO
-- noqa: enable=PRS
