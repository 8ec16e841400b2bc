#!/usr/bin/env bash
# Builds the fuzz targets with coverage and runs each of them for some seconds, from the seeds.
#
#     fuzz/run.sh            every target, 3 seconds each
#     fuzz/run.sh 600 sender one target, ten minutes
#
# The stable compiler will do. What is found stays in fuzz/corpus; a crash is written to
# fuzz/artifacts, and is replayed by giving its file to the target: target/debug/sender FILE.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-3}
shift || true
[ $# -gt 0 ] || set -- $(cd fuzz_targets && ls | sed 's/\.rs$//')

# Beside the library's own, so that the libraries both need are built once.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$(cd .. && pwd)/target}
RUSTC_WRAPPER=$PWD/rustc-with-coverage cargo build --locked

for target in "$@"; do
    mkdir -p "corpus/$target" "artifacts/$target"
    "$CARGO_TARGET_DIR/debug/$target" -max_total_time="$seconds" -max_len=4096 -timeout=20 \
        -rss_limit_mb=2048 -artifact_prefix="artifacts/$target/" -print_final_stats=1 \
        "corpus/$target" "seeds/$target" >"artifacts/$target/log" 2>&1 || {
        tail -n 40 "artifacts/$target/log"
        echo "fuzz: $target failed" >&2
        exit 1
    }
    echo "fuzz: $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "artifacts/$target/log") runs"
done
