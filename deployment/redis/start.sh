#!/bin/sh
# Redis with the project's redis.conf and the password of REDIS_PASSWORD, which is on no command line.
set -eu
umask 077
{
    cat /etc/redis/redis.conf
    printf 'bind * -::*\ndir /data\nrequirepass %s\n' "$REDIS_PASSWORD"
} > /tmp/redis.conf
exec redis-server /tmp/redis.conf
