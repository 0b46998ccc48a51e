#!/usr/bin/env bash
# sanitize.sh thread|address [build]: builds the Swift suites with that sanitizer, in .build-tsan or .build-asan, and runs them.
set -euo pipefail
cd "$(dirname "$0")/.."

swift=${SWIFT:-swift}
flags=(--sanitize "${1:?thread or address}" --explicit-target-dependency-import-check error)
# Swift's own report of a crash hangs under a sanitizer; the runtime keeps what it makes for the process' life, which is no leak.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0
case $1 in
thread)
    flags+=(--scratch-path .build-tsan)
    export TSAN_OPTIONS="suppressions=$PWD/Tests/thread-sanitizer.txt"
    ;;
address)
    # With what libFuzzer is steered by, for `make fuzz` plays with this build.
    libraries=$(dirname "$(dirname "$(readlink -f "$(command -v "$swift")")")")/lib/clang
    fuzzer=$(echo "$libraries"/*/lib/linux/"libclang_rt.fuzzer_no_main-$(uname -m).a")
    flags+=(--scratch-path .build-asan -Xswiftc -sanitize-coverage=edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table
        -Xlinker -u -Xlinker LLVMFuzzerRunDriver -Xlinker "$fuzzer" -Xlinker -lstdc++)
    ;;
*) echo "sanitize.sh: thread or address" >&2; exit 2 ;;
esac

"$swift" build --build-tests "${flags[@]}"
# The sanitizers want memory laid out less at random than some kernels do. Left out is what only plays thousands of made-up cases, on one thread:
# `make fuzz` plays them for longer, with AddressSanitizer.
repetitions=(--skip OracleTests/campaign --skip ForeignBytesTests/mutated)
[[ ${2:-} == build ]] || setarch -R "$swift" test --skip-build --no-parallel "${repetitions[@]}" "${flags[@]}"
