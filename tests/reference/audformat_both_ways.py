#!/usr/bin/env python3
"""audformat and sentire read what the other writes, with equal values: audformat_both_ways.py SENTIRE FOLDER

Run by tests/layouts.rs where audformat is (1.4.3 was); pip install audformat.
"""

import subprocess
import sys
from pathlib import Path

import audformat
import pandas as pd

SENTIRE, FOLDER = sys.argv[1], Path(sys.argv[2])


def sentire(*arguments):
    subprocess.run([SENTIRE, "corpus", *map(str, arguments)], check=True)


def theirs(folder, storage_format):
    """A database with most of what audformat has."""
    db = audformat.Database("theirs", source="made up", usage="research", languages=["deu"])
    db.schemes["emotion"] = audformat.Scheme(labels=["anger", "happiness", "no"])
    db.schemes["speaker"] = audformat.Scheme(
        "int", labels={3: {"gender": "male", "age": 31}, 8: {"gender": "female", "age": 34}}
    )
    db.schemes["valence"] = audformat.Scheme("float", minimum=-1, maximum=1)
    db.schemes["transcription"] = audformat.Scheme("str")
    db.raters["gold"] = audformat.Rater("vote")
    db.raters["r1"] = audformat.Rater("human")
    for part in ("train", "test"):
        db.splits[part] = audformat.Split(part)
    seconds = lambda *values: [pd.NaT if v is None else pd.Timedelta(v, unit="s") for v in values]
    train = audformat.segmented_index(
        ["wav/a.wav", "wav/a.wav"], seconds(0, 1.0625), seconds(1.0625, None)
    )
    test = audformat.segmented_index(["wav/b.wav"], seconds(0), seconds(2.123456789))
    for part, index, gold, own, valence in (
        ("train", train, ["anger", "no"], ["anger", "happiness"], [0.5, None]),
        ("test", test, ["happiness"], ["happiness"], [-1.0]),
    ):
        name = f"emotion.{part}.gold_standard"
        db[name] = audformat.Table(index, split_id=part)
        db[name]["emotion"] = audformat.Column(scheme_id="emotion", rater_id="gold")
        db[name]["emotion"].set(gold)
        db[name]["valence"] = audformat.Column(scheme_id="valence", rater_id="gold")
        db[name]["valence"].set(valence)
        db[f"raw.{part}"] = audformat.Table(index, split_id=part)
        db[f"raw.{part}"]["r1"] = audformat.Column(scheme_id="emotion", rater_id="r1")
        db[f"raw.{part}"]["r1"].set(own)
    db["files"] = audformat.Table(audformat.filewise_index(["wav/a.wav", "wav/b.wav"]))
    db["files"]["speaker"] = audformat.Column(scheme_id="speaker")
    db["files"]["speaker"].set([3, 8])
    db["files"]["transcription"] = audformat.Column(scheme_id="transcription")
    db["files"]["transcription"].set(['a, "b"', "grün"])
    db.save(folder, storage_format=storage_format)


EXPECTED = pd.DataFrame(
    {
        "file": ["wav/a.wav", "wav/a.wav", "wav/b.wav"],
        "start": [0.0, 1.0625, 0.0],
        "end": [1.0625, None, 2.123456789],
        "speaker": ["3", "3", "8"],
        "emotion": ["angry", "no", "happy"],
        "label_original": ["anger", "no", "happiness"],
        "sex": ["male", "male", "female"],
        "text": ['a, "b"', 'a, "b"', "grün"],
        "language": ["de"] * 3,
        "age": ["31", "31", "34"],
        "r1": ["anger", "happiness", "happiness"],
        "split": ["train", "train", "test"],
        "valence": [0.5, None, -1.0],
    }
)

for storage_format in ("csv", "parquet"):
    folder = FOLDER / f"theirs-{storage_format}"
    theirs(folder, storage_format)
    (folder / "wav").mkdir()
    for name in "ab":
        (folder / "wav" / f"{name}.wav").write_bytes(b"")
    sentire(folder, "-o", folder / "manifest.csv")
    read = pd.read_csv(folder / "manifest.csv", dtype={"speaker": str, "age": str}, keep_default_na=True)
    read = read[EXPECTED.columns].sort_values(["file", "start"], ignore_index=True)
    pd.testing.assert_frame_equal(read, EXPECTED, check_dtype=False, check_exact=True)

    # And back: what sentire writes of it, audformat reads with equal values.
    sentire(folder / "manifest.csv", "-o", f"{folder}/", "--force")
    db = audformat.Database.load(folder, load_data=True)
    assert db.is_portable and sorted(db.tables) == ["emotion.test", "emotion.train"], db
    assert db.languages == ["deu"] and db.splits["train"].type == "train"
    back = pd.concat([db["emotion.train"].get(), db["emotion.test"].get()]).reset_index()
    assert back["file"].tolist() == EXPECTED["file"].tolist()
    for name in ("start", "end"):
        ours = back[name].dt.total_seconds()
        pd.testing.assert_series_equal(ours, EXPECTED[name], check_dtype=False, check_exact=False, rtol=0, atol=1e-9)
    for name, ours in (("emotion", "emotion"), ("speaker", "speaker"), ("transcription", "text")):
        assert back[name].astype(str).tolist() == EXPECTED[ours].tolist(), name
    assert back["valence"].astype(float).equals(EXPECTED["valence"]), back["valence"]
    gender = db["emotion.train"].get(map={"speaker": "gender"})["gender"]
    assert gender.astype(str).tolist() == ["male", "male"], gender

    # nkululeko reads its CSVs by this function, and calls the sex gender.
    sentire(folder / "manifest.csv", "-o", folder / "nkululeko.csv", "--for", "nkululeko")
    frame = audformat.utils.read_csv(folder / "nkululeko.csv").sort_index()
    assert list(frame.index.names) == ["file", "start", "end"]
    assert frame["gender"].tolist() == EXPECTED["sex"].tolist()
    assert frame["emotion"].tolist() == EXPECTED["emotion"].tolist()
    frame.to_csv(folder / "by-pandas.csv")
    sentire(folder / "by-pandas.csv", "-o", folder / "again.csv")
    ours = [pd.read_csv(folder / name, dtype=str) for name in ("manifest.csv", "again.csv")]
    sorted_by = lambda table: table.sort_values(["file", "start"], ignore_index=True).sort_index(axis=1)
    pd.testing.assert_frame_equal(*map(sorted_by, ours))
print("equal")
