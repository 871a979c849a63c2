#!/usr/bin/env bash
# mongod as a replica set of one member: change streams need one. Members know each other by a key, which is written
# from MONGO_REPLICA_KEY to memory; the image's own entrypoint makes the first logins, roles.js among its files.
set -euo pipefail
umask 077
printf '%s' "$MONGO_REPLICA_KEY" > /tmp/replica.key
exec docker-entrypoint.sh mongod --replSet rs0 --keyFile /tmp/replica.key --bind_ip_all "$@"
