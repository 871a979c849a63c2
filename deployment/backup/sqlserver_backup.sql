/*
  A backup of one database, encrypted by a certificate that a copy of is beside it: without the certificate and its
  password nobody restores it elsewhere. Run by an administrator of the server with sqlcmd, in master.

  sqlcmd variables:
    DATABASE           PromptAds or PromptCRM
    KIND               DATABASE, or LOG for what was written since the last one
    BACKUP_FOLDER      on the server
    BACKUP_DAYS        older files of this database are deleted
    BACKUP_PASSWORD    of the master key of master, and of the certificate's copy

  sqlfluff has no grammar for some of these statements: hence the noqa lines.
*/
-- noqa: disable=PRS
SET NOCOUNT, XACT_ABORT ON;
GO
IF NOT EXISTS (
    SELECT 1
    FROM sys.symmetric_keys
    WHERE name = N'##MS_DatabaseMasterKey##'
)
    CREATE MASTER KEY ENCRYPTION BY PASSWORD = '$(BACKUP_PASSWORD)';
GO
IF CERT_ID(N'cert_respaldos') IS NULL
BEGIN
    CREATE CERTIFICATE cert_respaldos WITH SUBJECT = N'PromptSales backups', EXPIRY_DATE = N'2099-12-31';
    BACKUP CERTIFICATE cert_respaldos TO FILE = '$(BACKUP_FOLDER)/cert_respaldos.cer'
    WITH PRIVATE KEY (
        FILE = '$(BACKUP_FOLDER)/cert_respaldos.pvk', ENCRYPTION BY PASSWORD = '$(BACKUP_PASSWORD)'
    );
END;
GO

-- A log continues a full backup: the first of a database is a full one, whatever was asked for.
DECLARE @kind nvarchar(8) = N'$(KIND)';
IF NOT EXISTS (
    SELECT 1
    FROM msdb.dbo.backupset
    WHERE database_name = N'$(DATABASE)' AND type = 'D'
)
    SET @kind = N'DATABASE';
DECLARE @file nvarchar(260) = CONCAT(
    N'$(BACKUP_FOLDER)/$(DATABASE)_', FORMAT(SYSUTCDATETIME(), N'yyyyMMdd\THHmmss\Z'),
    IIF(@kind = N'LOG', N'.trn', N'.bak')
);
IF @kind = N'LOG'
    BACKUP LOG [$(DATABASE)] TO DISK = @file
    WITH COMPRESSION, CHECKSUM, INIT, ENCRYPTION (ALGORITHM = AES_256, SERVER CERTIFICATE = cert_respaldos);
ELSE
BEGIN
    BACKUP DATABASE [$(DATABASE)] TO DISK = @file
    WITH COMPRESSION, CHECKSUM, INIT, ENCRYPTION (ALGORITHM = AES_256, SERVER CERTIFICATE = cert_respaldos);
    RESTORE VERIFYONLY FROM DISK = @file WITH CHECKSUM;
END;
PRINT @file;
GO

-- Only after a good one, and never the newest full backup.
DECLARE @old nvarchar(260);
DECLARE old_files CURSOR LOCAL FAST_FORWARD FOR
    SELECT family.physical_device_name
    FROM msdb.dbo.backupset AS made
    INNER JOIN msdb.dbo.backupmediafamily AS family ON made.media_set_id = family.media_set_id
    WHERE
        made.database_name = N'$(DATABASE)'
        AND made.backup_finish_date < DATEADD(DAY, -$(BACKUP_DAYS), GETDATE())
        AND family.physical_device_name LIKE N'$(BACKUP_FOLDER)/$(DATABASE)_%'
        AND made.backup_set_id < (
            SELECT MAX(newest.backup_set_id)
            FROM msdb.dbo.backupset AS newest
            WHERE newest.database_name = N'$(DATABASE)' AND newest.type = 'D'
        );
OPEN old_files;
FETCH NEXT FROM old_files INTO @old;
WHILE @@FETCH_STATUS = 0
BEGIN
    EXECUTE master.sys.xp_delete_files @old;
    FETCH NEXT FROM old_files INTO @old;
END;
CLOSE old_files;
DEALLOCATE old_files;
GO
-- noqa: enable=PRS
