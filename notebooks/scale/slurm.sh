#!/usr/bin/env bash
# Features of a manifest as a Slurm array job: each task takes one part of it.
#
#   sbatch --array=1-100 notebooks/scale/slurm.sh ravdess.csv ravdess 100 [OPTIONS of sentire extract]
#
# The number of parts is said again at the end because Slurm does not keep it: some tasks alone, once more, are
#
#   sbatch --array=3,17 notebooks/scale/slurm.sh ravdess.csv ravdess 100
#
# `sentire` is on the path of each node; manifest, recordings and output are on a disk that all nodes see.
#SBATCH --job-name=sentire
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=1G
#SBATCH --requeue
#SBATCH --output=%x-%A-%a.log
set -uo pipefail
[ $# -ge 3 ] || { echo "usage: sbatch --array=1-PARTS slurm.sh MANIFEST OUTPUT PARTS [OPTIONS]" >&2; exit 2; }

sentire extract "$1" --shard "$SLURM_ARRAY_TASK_ID/$3" -o "$2" -j "${SLURM_CPUS_PER_TASK:-1}" -q "${@:4}"
code=$?
# 1: done, but some recordings failed. They are in OUTPUT.failures, and another try would not help.
[ $code -eq 1 ] || exit $code
