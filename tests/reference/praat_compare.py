"""Compares sentire's pitch and voice quality with Praat's, clip by clip.

    python tests/reference/praat_compare.py praat.json CORPORA_DIR LLD.parquet FEATURES.parquet \
        [OURS=PRAAT ...] [--files]

LLD.parquet is written by `sentire extract --level lld`, FEATURES.parquet by `sentire extract`, both
from a manifest that holds the clips of praat.json as files of CORPORA_DIR (of corpora/demo: the
clips of its key "demo"). OURS=PRAAT, such as hnr_db_mean=hnr_ac_mean_db, asks for the correlation
over clips of a column of ours with a value of praat.json.

Each frame of Praat is held against the frame of ours that is nearest in time, at most half a hop
away. Printed are
  gross %     share of frames that both call voiced where F0 differs by more than 20 %
  median %    median absolute difference of F0 there, of Praat's F0
  voicing %   share of Praat's frames that one calls voiced and the other does not, and its parts
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

GROSS = 0.20


def clips_of(reference, folder, files):
    """The clips of praat.json that the tables have: name in the table -> clip."""
    known = {str(Path(file).resolve()): file for file in files}
    clips = {}
    for clip in reference["corpora"] + reference["demo"]:
        path = str((folder / clip["file"]).resolve())
        if path in known:
            clips[known[path]] = clip
    return clips


def align(clip, frames):
    """F0 of Praat's frames and of ours nearest to them; NaN is unvoiced."""
    praat = np.array([np.nan if f0 is None else f0 for f0 in clip["f0_hz"]])
    times = clip["f0_t0_s"] + clip["f0_dt_s"] * np.arange(len(praat))
    start = frames["start"].to_numpy()
    after = np.clip(np.searchsorted(start, times), 1, len(start) - 1)
    nearest = np.where(times - start[after - 1] <= start[after] - times, after - 1, after)
    return praat, frames["f0_hz"].to_numpy(dtype=float)[nearest]


def figures(pairs):
    """Counts of a list of aligned contours, as shares."""
    praat, ours = (np.concatenate(side) for side in zip(*pairs))
    theirs_voiced, ours_voiced = ~np.isnan(praat), ~np.isnan(ours)
    both = theirs_voiced & ours_voiced
    off = np.abs(ours[both] / praat[both] - 1.0)
    return {
        "frames": len(praat),
        "both voiced": int(both.sum()),
        "gross %": 100 * float((off > GROSS).mean()),
        "median %": 100 * float(np.median(off)),
        "voicing %": 100 * float((theirs_voiced != ours_voiced).mean()),
        "only ours %": 100 * float((ours_voiced & ~theirs_voiced).mean()),
        "only Praat %": 100 * float((theirs_voiced & ~ours_voiced).mean()),
    }


def show(title, rows):
    table = pd.DataFrame.from_dict(rows, orient="index")
    formats = {"gross %": "{:.2f}", "median %": "{:.3f}", "voicing %": "{:.2f}",
               "only ours %": "{:.2f}", "only Praat %": "{:.2f}"}
    print(f"\n{title}")
    print(table.to_string(formatters={name: form.format for name, form in formats.items()}))


def correlation(features, clips, ours, theirs):
    rows = features.set_index("file")
    x = np.array([rows.at[file, ours] for file in clips], dtype=float)
    y = np.array([np.nan if clip[theirs] is None else clip[theirs] for clip in clips.values()])
    has = np.isfinite(x) & np.isfinite(y)
    x, y = x[has], y[has]
    return {"clips": len(x), "r": np.corrcoef(x, y)[0, 1], "ours": x.mean(), "Praat": y.mean(),
            "median |difference|": np.median(np.abs(x - y))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("reference", type=Path)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("lld", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("pairs", nargs="*", metavar="OURS=PRAAT")
    parser.add_argument("--files", action="store_true", help="show each clip, worst voicing first")
    options = parser.parse_args()
    reference = json.loads(options.reference.read_text())
    lld = pd.read_parquet(options.lld, columns=["file", "start", "f0_hz"])
    clips = clips_of(reference, options.corpora, lld["file"].unique())
    if not clips:
        raise SystemExit(f"{options.lld}: none of its files is a clip of {options.reference} in "
                         f"{options.corpora}")
    print(f"{reference['made_by']}; {len(clips)} clips")

    tables = dict(iter(lld.groupby("file")))
    aligned = {file: align(clip, tables[file]) for file, clip in clips.items()}
    corpora = {}
    for file, clip in clips.items():
        name = clip["file"].split("/")[0] if "/" in clip["file"] else "demo"
        corpora.setdefault(name, []).append(aligned[file])
    rows = {name: figures(pairs) for name, pairs in corpora.items()}
    rows["all"] = figures(list(aligned.values()))
    show("F0", rows)
    if options.files:
        each = {clips[file]["file"]: figures([pair]) for file, pair in aligned.items()}
        show("F0, clip by clip", dict(sorted(each.items(), key=lambda row: -row[1]["voicing %"])))
    if options.pairs:
        features = pd.read_parquet(options.features)
        rows = {}
        for pair in options.pairs:
            ours, _, theirs = pair.partition("=")
            if ours not in features or theirs not in reference["corpora"][0]:
                raise SystemExit(f"{pair}: expected a column of {options.features}, =, and a value "
                                 f"of {options.reference}")
            rows[pair] = correlation(features, clips, ours, theirs)
        print("\nCorrelation over clips")
        print(pd.DataFrame.from_dict(rows, orient="index").to_string(float_format="{:.4g}".format))


if __name__ == "__main__":
    main()
