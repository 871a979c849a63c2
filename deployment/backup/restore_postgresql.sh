#!/bin/sh
# Put back a backup, the newest unless it is named: restore_postgresql.sh [FOLDER]. Both databases are dropped first, and
# who is in them is thrown out. Afterwards the ETL goes on from the watermarks of the backup; `promptsales etl reconcile`
# tells when the mirrors are equal to their sources again.
. "$(dirname "$0")/common.sh"

choose "${1:-}" postgresql
# Logins that are there already are reported and set to what they were: that alone may go wrong.
psql --no-psqlrc --quiet --dbname postgres --file "$backup/globals.sql" > /dev/null 2>&1 || true
for database in promptsales airflow; do
    psql --no-psqlrc --quiet --dbname postgres --set ON_ERROR_STOP=1 \
        --command "DROP DATABASE IF EXISTS $database WITH (FORCE)"
    # --create brings the database's own grants, too.
    pg_restore --exit-on-error --create --dbname postgres "$backup/$database.dump"
done
echo "PostgreSQL is as it was"
