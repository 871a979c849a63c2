#!/bin/sh
# Back up the warehouse and Airflow's metadata: logins and both databases, each as of one moment, while they are in use.
# PGHOST, PGPORT, PGUSER and PGPASSWORD are the superuser's.
. "$(dirname "$0")/common.sh"

begin postgresql
pg_dumpall --globals-only --file "$draft/globals.sql"
for database in promptsales airflow; do
    pg_dump --format custom --file "$draft/$database.dump" "$database"
done
finish
