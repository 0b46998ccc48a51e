#!/usr/bin/env bash
# setup.sh demo|test|bench|peers|image|lint-k8s: installs the Debian/Ubuntu packages that are missing and, for the tests, the Python
# environments with the official MCP SDKs. Does nothing where everything is there.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(libhiredis-dev libssl-dev pkg-config redis-server redis-tools)
case "${1:?demo, test, bench, peers, image or lint-k8s}" in
demo) ;;
test) packages+=(python3 python3-venv git iproute2 nginx haproxy chromium openssl) ;;
bench) packages+=(python3 nginx libnginx-mod-http-lua lua-cjson lua-nginx-redis wrk gcc libc6-dev) ;;
peers) packages+=(python3 python3-venv) ;;
lint-k8s) packages+=(python3 python3-venv) ;;
image) packages+=(buildah debootstrap runc binutils) ;;
*) echo "setup.sh: demo, test, bench, peers, image or lint-k8s" >&2; exit 2 ;;
esac

root=()
if (($(id -u))); then root=(sudo); fi
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if ((${#missing[@]})); then
    echo "installing ${missing[*]}"
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

# environment NAME: a venv with the exact versions of requirements-NAME.txt, made anew only when they change.
environment() {
    local venv=.build/venv-$1 wanted=Tests/System/requirements-$1.txt
    if [[ -x $venv/bin/python ]] && cmp -s "$wanted" "$venv/installed.txt"; then return; fi
    echo "making $venv"
    rm -rf "$venv"
    mkdir -p .build
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted"
    cp "$wanted" "$venv/installed.txt"
}

# unpacked PACKAGE: its programs under .build/PACKAGE, not installed: installing Prometheus would start it as a service on port 9090.
unpacked() {
    local directory=.build/$1
    if [[ -d $directory/usr/bin ]]; then return; fi
    echo "unpacking $1"
    rm -rf "$directory"
    mkdir -p "$directory"
    (cd "$directory" && { apt-get download -qq "$1" || { "${root[@]}" apt-get update -qq && apt-get download -qq "$1"; }; } && dpkg -x "$1"_*.deb .)
    rm -f "$directory"/*.deb
}

if [[ $1 == test ]]; then
    unpacked prometheus
    environment mcp1
    environment mcp2
    environment thirdparty
    environment operator
    environment k8s
fi
if [[ $1 == peers ]]; then environment peers; fi
if [[ $1 == lint-k8s ]]; then
    environment k8s
    environment lint-k8s
fi
