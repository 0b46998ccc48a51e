#!/usr/bin/env bash
# build.sh BINARY DIRECTORY: builds the image of the project's Dockerfile from a release build, on a base of debootstrap's, without any
# registry. What comes of it is in DIRECTORY: inspect.json (the image's settings), base.json (the base's), layers/ (OCI), rootfs.
# The base is made once (a minute) and kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(readlink -f "$1")
mkdir -p "$2" .build/image
directory=$(readlink -f "$2")
image=localhost/satgate:check
base=localhost/satgate-base:bookworm
storage=(--root "$directory/store" --runroot "$directory/run" --storage-driver vfs)

strip -o .build/image/satgate "$binary"
chmod 0555 .build/image/satgate

if ! buildah "${storage[@]}" inspect --type image "$base" >"$directory/base.json" 2>/dev/null; then
    mirror=$(apt-get indextargets --format '$(SITE)' 'Origin: Debian' 'Label: Debian' | sort -u | head -n 1)
    rm -rf "$directory/base"
    debootstrap --variant=minbase bookworm "$directory/base" "${mirror:?no mirror of Debian is known}" >"$directory/debootstrap.log"
    container=$(buildah "${storage[@]}" from scratch)
    buildah "${storage[@]}" add -q "$container" "$directory/base" / >/dev/null
    buildah "${storage[@]}" commit -q "$container" "$base" >/dev/null
    buildah "${storage[@]}" rm "$container" >/dev/null
    rm -rf "$directory/base"
    buildah "${storage[@]}" inspect --type image "$base" >"$directory/base.json"
fi

# The health check is a thing of Docker's format.
buildah "${storage[@]}" bud --format docker --isolation chroot --pull-never --network host \
    --build-arg BASE="$base" --build-arg BINARY=prebuilt --tag "$image" .
buildah "${storage[@]}" inspect --type image "$image" >"$directory/inspect.json"
rm -rf "$directory/layers" "$directory/rootfs"
buildah "${storage[@]}" push -q --format oci "$image" "oci:$directory/layers:check"
container=$(buildah "${storage[@]}" from --pull-never "$image")
cp -a "$(buildah "${storage[@]}" mount "$container")" "$directory/rootfs"
buildah "${storage[@]}" rm "$container" >/dev/null
