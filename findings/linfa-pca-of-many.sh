#!/bin/sh
# linfa-reduction 0.8.1 answers with principal components that are none where many of the directions are asked for.
#
# `Pca` finds them by an iteration for few of many (LOBPCG). Of 300 rows of 88 features, the size of a table of openSMILE's
# eGeMAPS, 5 components are right. Of 60 the largest singular value is 12 % below the length of the rows along a direction
# found by power iteration, which it cannot be below; of 30 it is somewhat below. `fit` says `Ok` each time, with as many
# components as were asked for.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
command -v cargo > /dev/null || { echo "skipped: linfa needs cargo"; exit 0; }
CARGO_TARGET_DIR="$work/target" cargo run -q --locked --manifest-path "$here/linfa/Cargo.toml" pca | tee "$work/seen.txt"
grep -qx "length of x v 118.84" "$work/seen.txt" \
    && grep -qx "5 asked, 5 given: first singular value 118.84" "$work/seen.txt" \
    && grep -q "^60 asked, 60 given: first singular value 1[01]" "$work/seen.txt" \
    && ! grep -q "^60 .* 118.84" "$work/seen.txt" || { echo "this has changed"; exit 1; }
