#!/bin/bash
# Put back one database of SQL Server: restore_sqlserver.sh [FILE ON THE SERVER]; the newest, with its logs, by default.
# Afterwards delete its tables' rows from etl.watermarks in the warehouse, so that the ETL reads them whole.
set -euo pipefail
# A word, because for sqlcmd a variable without a value is none.
export BACKUP_FILE=${1:-newest}
export PATH=$PATH:/opt/mssql-tools18/bin
exec sqlcmd -d master -C -b -I -i "$(dirname "$0")/sqlserver_restore.sql"
