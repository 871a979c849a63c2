#!/bin/sh
# Back up Redis as an RDB file, as a replica would get it: no access to the server's disk is needed. REDIS_HOST,
# REDIS_PORT, REDIS_PASSWORD.
. "$(dirname "$0")/common.sh"

begin redis
REDISCLI_AUTH=$REDIS_PASSWORD redis-cli -h "$REDIS_HOST" -p "${REDIS_PORT:-6379}" --rdb "$draft/dump.rdb" > /dev/null
finish
