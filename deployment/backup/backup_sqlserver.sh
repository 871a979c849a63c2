#!/bin/bash
# Back up one database of SQL Server, by the server itself and to its own disk: backup_sqlserver.sh DATABASE|LOG
# SQLCMDSERVER, SQLCMDUSER and SQLCMDPASSWORD are an administrator's; DATABASE, BACKUP_FOLDER, BACKUP_DAYS and
# BACKUP_PASSWORD go to sqlserver_backup.sql.
set -euo pipefail
export KIND=${1:?usage: backup_sqlserver.sh DATABASE|LOG}
export PATH=$PATH:/opt/mssql-tools18/bin
exec sqlcmd -d master -C -b -I -i "$(dirname "$0")/sqlserver_backup.sql"
