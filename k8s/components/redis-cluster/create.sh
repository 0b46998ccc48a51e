#!/bin/sh
# create.sh: makes the servers a cluster, once.
set -eu
REDISCLI_AUTH=$(cat /run/secrets/redis/operator)
export REDISCLI_AUTH
addresses=
for i in 0 1 2 3 4 5; do
    until redis-cli -h "redis-$i.redis" --user operator --no-auth-warning ping 2>/dev/null | grep -q PONG; do sleep 1; done
    addresses="$addresses $(getent hosts "redis-$i.redis" | awk "NR == 1 { print \$1 }"):6379"
done
known=$(redis-cli -h redis-0.redis --user operator --no-auth-warning CLUSTER INFO | tr -d '\r' | sed -n 's/^cluster_slots_assigned://p')
if [ "$known" -eq 0 ]; then
    # shellcheck disable=SC2086 # one word each
    redis-cli --user operator --no-auth-warning --cluster create $addresses --cluster-replicas 1 --cluster-yes
fi
