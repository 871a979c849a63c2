#!/bin/sh
# Put back a backup, the newest unless it is named: restore_mongodb.sh [FOLDER]. Each collection is dropped first; the ETL
# notices and reads it whole at its next cycle. Run `promptsales db init` afterwards: its validators are compared.
. "$(dirname "$0")/common.sh"

choose "${1:-}" mongodb
login=$(mktemp)
trap 'rm -f "$login"' EXIT
printf 'password: "%s"\n' "$MONGO_PASSWORD" > "$login"
mongorestore --quiet --config "$login" --host "$MONGO_HOST" --port "${MONGO_PORT:-27017}" --username "$MONGO_USER" \
    --authenticationDatabase admin --db promptcontent --restoreDbUsersAndRoles --drop --gzip \
    --archive="$backup/promptcontent.archive.gz"
echo "PromptContent is as it was"
