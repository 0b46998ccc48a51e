#!/bin/sh
# sentinel.sh: a sentinel, which keeps what it has learnt in /data. Names instead of addresses: those of pods change. Where votes are split
# the next election comes after twice the failover-timeout.
set -eu
umask 077
file=/data/sentinel.conf
if [ ! -s "$file" ]; then
    cat >"$file" <<END
port 26379
dir /data
protected-mode no
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $(hostname).sentinel
sentinel monitor satgate redis-0.redis 6379 2
sentinel down-after-milliseconds satgate 3000
sentinel failover-timeout satgate 6000
sentinel parallel-syncs satgate 1
sentinel auth-user satgate sentinel
sentinel auth-pass satgate none
END
fi
# The password as it is now.
sed -i '/^sentinel auth-pass /d' "$file"
echo "sentinel auth-pass satgate $(cat /run/secrets/redis/replication)" >>"$file"
exec redis-server "$file" --sentinel "$@"
