#!/bin/sh
# start.sh OPTION…: a redis-server with the users of users.acl, whose passwords are the files of the Secret satgate-redis. What has
# passwords in it is written to memory only.
set -eu
umask 077
secret() { printf %s "$(cat "/run/secrets/redis/$1")"; }
digest() { secret "$1" | sha256sum | cut -d ' ' -f 1; }
sed -e "s/#PASSWORD/#$(digest password)/" -e "s/#REPLICATION/#$(digest replication)/" -e "s/#OPERATOR/#$(digest operator)/" \
    /etc/redis/users.acl >/run/redis/users.acl
{
    cat /etc/redis/redis.conf
    echo "aclfile /run/redis/users.acl"
    echo "masteruser replication"
    echo "masterauth $(secret replication)"
} >/run/redis/redis.conf
exec redis-server /run/redis/redis.conf "$@"
