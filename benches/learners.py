#!/usr/bin/env python3
"""The table of src/evaluate/README.md: how well every learner does, and what it costs.

    benches/learners.py CORPORA [--sentire BIN] [--work DIR] [--limit S] [--only NAME,...]

CORPORA has a folder for each of RAVDESS, EmoDB and EMOVO. Extracts `rich` and the default sets of each, evaluates every learner of
classes that `sentire evaluate --help` lists, with its defaults, speakers held out (RAVDESS in 6 groups, the others one at a time),
protocols A and B, and prints a row of Markdown for each learner and feature set: UAR with its 95 % interval, and processor time
and peak memory of the whole evaluation of all three. Results are kept in DIR, so the same command goes on where it stopped.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

CORPORA = {"ravdess": "6", "emodb": "loso", "emovo": "loso"}
SETS = {"rich": "rich", "default": "default"}


def learners(sentire):
    """The names of the learners that learn classes."""
    help_text = subprocess.run([sentire, "evaluate", "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^ *- ([a-z0-9-]+) \(classes", help_text, re.M)


def measured(command, limit):
    """What a command prints, its processor seconds and peak megabytes; None where it takes longer than `limit` seconds."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(["timeout", str(limit), *command], stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode == 124:
            return None
        if child.returncode != 0:
            sys.exit(f"{' '.join(command)}: {err.read().decode().strip()}")
        return json.load(out), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def evaluated(args, features, corpus, learner):
    """The figures of one evaluation, kept in a file."""
    kept = args.work / f"{corpus}-{features}-{learner}.json"
    if not kept.exists():
        command = [args.sentire, "evaluate", str(args.work / f"{corpus}-{features}.parquet"), "--model", learner, "--json", "--quiet", "-j", "1"]
        command += ["--folds", CORPORA[corpus], "--normalize", "both"]
        found = measured(command, args.limit)
        figures = None
        if found:
            reports, seconds, megabytes = found
            uar = [[report["uar"], *report["uar_ci95"]] for report in reports.values()]
            figures = {"uar": uar, "seconds": seconds, "megabytes": megabytes}
        kept.write_text(json.dumps(figures))
    return json.loads(kept.read_text())


def row(args, features, learner):
    """A row of the table."""
    of_corpora = [evaluated(args, features, corpus, learner) for corpus in CORPORA]
    cells = []
    for protocol in range(2):
        for figures in of_corpora:
            if figures is None:
                cells.append(f"over {args.limit // 60} min")
                continue
            uar, low, high = figures["uar"][protocol]
            cells.append(f"{uar:.3f} ({low:.3f} to {high:.3f})".replace("0.", "."))
    known = [figures for figures in of_corpora if figures]
    cells.append(f"{sum(f['seconds'] for f in known):.0f}" if known else "")
    cells.append(f"{max(f['megabytes'] for f in known):.0f}" if known else "")
    return f"| `{features}` | `{learner}` | " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", type=pathlib.Path)
    parser.add_argument("--sentire", default="target/release/sentire")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("outputs/learners"))
    parser.add_argument("--limit", type=int, default=900, help="seconds for one evaluation")
    parser.add_argument("--only", help="these learners, separated by commas")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    for corpus in CORPORA:
        manifest = args.work / f"{corpus}.csv"
        if not manifest.exists():
            subprocess.run([args.sentire, "corpus", str(args.corpora / corpus), "--quiet", "-o", str(manifest)], check=True)
        for features in SETS:
            table = args.work / f"{corpus}-{features}.parquet"
            if not table.exists():
                command = [args.sentire, "extract", str(manifest), "--features", SETS[features], "--quiet", "-o", str(table)]
                subprocess.run(command, check=True)
    of = [f"{protocol}, {corpus}" for protocol in "AB" for corpus in ("RAVDESS", "EmoDB", "EMOVO")]
    print("| features | `--model` | " + " | ".join(of) + " | s | MB |")
    print("|" + "---|" * (len(of) + 4))
    wanted = args.only.split(",") if args.only else learners(args.sentire)
    for features in SETS:
        for learner in wanted:
            print(row(args, features, learner), flush=True)


main()
