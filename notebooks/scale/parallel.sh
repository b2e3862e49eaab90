#!/usr/bin/env bash
# Features of a manifest with GNU parallel, in parts: on this machine, or by ssh on several.
#
#   notebooks/scale/parallel.sh ravdess.csv ravdess 100 [OPTIONS of sentire extract]
#   PARALLEL="-S 8/one,8/two --workdir $PWD" notebooks/scale/parallel.sh ravdess.csv ravdess 100
#
# runs 8 parts at a time on each of the machines `one` and `two`; without -S, as many as there are cores here.
# `sentire` is on the path of each; manifest, recordings and output are on a disk that all of them see.
# The same command again does only what is missing.
set -euo pipefail
[ $# -ge 3 ] || { echo "usage: parallel.sh MANIFEST OUTPUT PARTS [OPTIONS]" >&2; exit 2; }
command -v parallel > /dev/null || { echo "parallel is missing; on Debian: apt install parallel" >&2; exit 2; }
manifest="$1" output="$2" parts="$3"
shift 3

# Exit code 1 is that some recordings failed; they are in OUTPUT.failures, and another try would not help.
seq "$parts" | parallel --retries 3 --quote sh -c '"$@" || [ $? -eq 1 ]' sh \
    sentire extract "$manifest" --shard "{}/$parts" -o "$output" -j 1 -q "$@"
