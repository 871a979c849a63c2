#!/bin/sh
# Put back a backup, the newest unless it is named: restore_redis.sh [FOLDER]. A server of this script's own reads the RDB
# file and hands each key, with the time it has left, to the running one, whose database 0 is emptied first: its append-only file
# stays right, and it need not stop. Everyone is signed out, because sessions name the run of Redis they were made in.
. "$(dirname "$0")/common.sh"

choose "${1:-}" redis
: "${REDIS_HOST:?}" "${REDIS_PASSWORD:?}" "${REDIS_PORT:=6379}" "${RESTORE_PORT:=6390}" "${REDIS_SERVER:=redis-server}"
work=$(mktemp -d)
cp "$backup/dump.rdb" "$work/dump.rdb"
"$REDIS_SERVER" --bind 127.0.0.1 --port "$RESTORE_PORT" --dir "$work" --save "" --appendonly no \
    --enable-debug-command no > "$work/log" 2>&1 &
server=$!
trap 'kill "$server" 2> /dev/null || true; wait "$server" || true; rm -rf "$work"' EXIT

source_cli() {
    redis-cli -h 127.0.0.1 -p "$RESTORE_PORT" "$@"
}
target_cli() {
    REDISCLI_AUTH=$REDIS_PASSWORD redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" "$@"
}

until [ "$(source_cli ping 2> /dev/null)" = PONG ]; do
    kill -0 "$server" || { cat "$work/log" >&2; exit 1; }
    sleep 0.2
done
[ "$(target_cli flushdb)" = OK ] || { echo "$REDIS_HOST does not let itself be emptied" >&2; exit 1; }
# The password goes by standard input, never by a command line. Keys hold no spaces.
source_cli --scan | while read -r key; do
    printf 'MIGRATE %s %s "%s" 0 5000 COPY REPLACE AUTH %s\n' "$REDIS_HOST" "$REDIS_PORT" "$key" "$REDIS_PASSWORD"
done | source_cli > "$work/answers"
# NOKEY: it expired in between.
if grep --invert-match --line-regexp --regexp OK --regexp NOKEY "$work/answers" >&2; then
    echo "not every key could be put back" >&2
    exit 1
fi
echo "Redis is as it was: $(target_cli dbsize) keys"
