#!/usr/bin/env bash
# fuzz.sh SECONDS [TARGET]: gives each target of Tests/FuzzTests, or that one, so many seconds of libFuzzer, one after the other, with
# AddressSanitizer. What is found stays in .build/fuzz as TARGET-crash-…; corpora are kept there for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?seconds}
targets=("${@:2}")
((${#targets[@]})) || targets=(token replies json events head tenant frames)
mkdir -p .build/fuzz

# Swift's own report of a crash would come before libFuzzer's, and hangs under AddressSanitizer; the runtime keeps what it makes for the
# process' life, which is no leak.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0
failed=()
for target in "${targets[@]}"; do
    log=.build/fuzz/$target.log
    echo "== $target: $seconds s, into $log"
    SATGATE_FUZZ="$target" SATGATE_FUZZ_SECONDS="$seconds" SATGATE_FUZZ_DIRECTORY="$PWD/.build/fuzz" timeout -k 10 $((seconds + 300)) \
        setarch -R "${SWIFT:-swift}" test --skip-build --sanitize address --scratch-path .build-asan --filter ForeignBytesTests/campaign \
        >"$log" 2>&1 </dev/null || failed+=("$target")
    grep -aE "^stat::|cases of seed|^SUMMARY|Test unit written" "$log" || true
done
((${#failed[@]} == 0)) || { echo "found something: ${failed[*]}"; exit 1; }
