/*
  Puts one database back: the newest full backup that the server knows of, or the file that is named, and then every log
  since. Sessions in the database are ended. Run by an administrator of the server with sqlcmd, in master.

  On another server the certificate comes first: CREATE CERTIFICATE cert_respaldos FROM FILE = '.../cert_respaldos.cer'
  WITH PRIVATE KEY (FILE = '.../cert_respaldos.pvk', DECRYPTION BY PASSWORD = '...'); and BACKUP_FILE must be named,
  because that server's msdb does not know the backups. PromptCRM's own keys come back with it, locked:
  database/sqlserver_crm/security/respaldo_de_llaves.sql tells how to unlock them.

  sqlcmd variables: DATABASE; BACKUP_FILE, of a full backup on the server, or the word newest for that with its logs.

  sqlfluff has no grammar for some of these statements: hence the noqa lines.
*/
-- noqa: disable=PRS
SET NOCOUNT, XACT_ABORT ON;
GO
DECLARE @base nvarchar(260) = NULLIF(N'$(BACKUP_FILE)', N'newest');
DECLARE @from int;
DECLARE @log nvarchar(260);

IF @base IS NULL
    SELECT TOP (1)
        @base = family.physical_device_name,
        @from = made.backup_set_id
    FROM msdb.dbo.backupset AS made
    INNER JOIN msdb.dbo.backupmediafamily AS family ON made.media_set_id = family.media_set_id
    WHERE made.database_name = N'$(DATABASE)' AND made.type = 'D'
    ORDER BY made.backup_set_id DESC;
IF @base IS NULL
    THROW 50001, N'This server knows of no backup of $(DATABASE): name a file in BACKUP_FILE.', 1;

IF DB_ID(N'$(DATABASE)') IS NOT NULL
    ALTER DATABASE [$(DATABASE)] SET OFFLINE WITH ROLLBACK IMMEDIATE;
RESTORE DATABASE [$(DATABASE)] FROM DISK = @base WITH REPLACE, CHECKSUM, NORECOVERY;

DECLARE logs CURSOR LOCAL FAST_FORWARD FOR
    SELECT family.physical_device_name
    FROM msdb.dbo.backupset AS made
    INNER JOIN msdb.dbo.backupmediafamily AS family ON made.media_set_id = family.media_set_id
    WHERE made.database_name = N'$(DATABASE)' AND made.type = 'L' AND made.backup_set_id > @from
    ORDER BY made.backup_set_id ASC;
OPEN logs;
FETCH NEXT FROM logs INTO @log;
WHILE @@FETCH_STATUS = 0
BEGIN
    RESTORE LOG [$(DATABASE)] FROM DISK = @log WITH CHECKSUM, NORECOVERY;
    FETCH NEXT FROM logs INTO @log;
END;
CLOSE logs;
DEALLOCATE logs;

RESTORE DATABASE [$(DATABASE)] WITH RECOVERY;
GO
-- noqa: enable=PRS
