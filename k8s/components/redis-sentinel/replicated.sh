#!/bin/sh
# replicated.sh OPTION…: starts this server as the master, or as a replica of it: whatever two sentinels say. A server that guessed would
# be a second master for as long as it takes the sentinels to notice.
set -eu
named() {
    for i in 0 1 2; do
        timeout 2 redis-cli -h "sentinel-$i.sentinel" -p 26379 SENTINEL GET-MASTER-ADDR-BY-NAME satgate 2>/dev/null | head -n 1 || true
    done | sort | uniq -c | while read -r count name; do
        if [ "$count" -ge 2 ]; then echo "$name"; fi
    done
}
self=$(hostname).redis
master=$(named)
while [ -z "$master" ]; do
    echo "no two sentinels name the same master yet"
    sleep 1
    master=$(named)
done
if [ "$master" != "$self" ]; then set -- --replicaof "$master" 6379 "$@"; fi
# Without a replica that keeps up, a master that was cut off stops writing instead of taking what will be lost.
exec /bin/sh /etc/redis/start.sh --replica-announce-ip "$self" --min-replicas-to-write 1 --min-replicas-max-lag 10 "$@"
