#!/bin/sh
# clustered.sh OPTION…: a server of the cluster. Clients are told names; servers know each other by address, and a pod that comes back has
# another one: it tells all the others, or a cluster whose pods were all replaced would not find itself again.
set -eu
meet() {
    until redis-cli -h "$POD_IP" ping 2>/dev/null | grep -q PONG; do sleep 1; done
    for i in 0 1 2 3 4 5; do
        address=$(getent hosts "redis-$i.redis" | awk "NR == 1 { print \$1 }")
        if [ -n "$address" ]; then
            REDISCLI_AUTH=$(cat /run/secrets/redis/operator) redis-cli -h "$POD_IP" --user operator --no-auth-warning CLUSTER MEET "$address" 6379
        fi
    done
}
# Only one that has been of a cluster: servers that know each other already cannot be made one.
known=$(cat /data/nodes.conf 2>/dev/null | grep -c connected || true)
if [ "$known" -gt 1 ]; then meet & fi
# A shard that is lost is lost to its tenants alone. min-replicas-to-write is not set: with one replica each, a shard would refuse all
# writes whenever its replica is replaced.
exec /bin/sh /etc/redis/start.sh --cluster-enabled yes --cluster-config-file /data/nodes.conf --cluster-node-timeout 5000 \
    --cluster-require-full-coverage no --cluster-announce-ip "$POD_IP" --cluster-announce-hostname "$(hostname).redis" \
    --cluster-preferred-endpoint-type hostname "$@"
