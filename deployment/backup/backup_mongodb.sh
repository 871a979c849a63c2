#!/bin/sh
# Back up PromptContent with its users and roles. MONGO_HOST, MONGO_PORT, and an administrator's MONGO_USER and
# MONGO_PASSWORD.
. "$(dirname "$0")/common.sh"

begin mongodb
# The password goes by a file: a command line can be read by others.
login=$(mktemp)
trap 'rm -rf "$draft" "$login"' EXIT
printf 'password: "%s"\n' "$MONGO_PASSWORD" > "$login"
mongodump --quiet --config "$login" --host "$MONGO_HOST" --port "${MONGO_PORT:-27017}" --username "$MONGO_USER" \
    --authenticationDatabase admin --db promptcontent --dumpDbUsersAndRoles --gzip \
    --archive="$draft/promptcontent.archive.gz"
finish
