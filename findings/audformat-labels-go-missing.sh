#!/bin/sh
# audformat 1.4.3: labels that YAML or pandas takes for something else become missing when a database is loaded, without a word.
#
# A header that lists labels as `[yes, no, 1]`, as a person writes them, has no text among its labels (YAML 1.1: true, false, a number): every
# value of the column loads as missing. And a label `NA` or `null` (North America, say) survives in Parquet, but not in CSV, where
# quotation marks do not help; the database still says that it is one of the labels.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
python3 -c "import venv, ensurepip" 2> /dev/null || { echo "skipped: audformat needs Python with venv"; exit 0; }
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q audformat==1.4.3
cat > "$work/labels.py" << 'END'
import pathlib, sys
import audformat

work = pathlib.Path(sys.argv[1])


def missing(folder):
    values = audformat.Database.load(folder, load_data=True)["t"]["answer"].get()
    return f"{values.isna().sum()} of {len(values)} missing"


by_hand = work / "by-hand"
by_hand.mkdir()
(by_hand / "db.yaml").write_text(
    "name: x\nsource: made\nusage: research\nschemes:\n  answer: {dtype: str, labels: [yes, no, 1]}\n"
    "tables:\n  t:\n    type: filewise\n    columns:\n      answer: {scheme_id: answer}\n"
)
(by_hand / "db.t.csv").write_text('file,answer\na.wav,yes\nb.wav,no\nc.wav,"1"\n')
print("labels [yes, no, 1]:", missing(by_hand))
for storage_format in ("parquet", "csv"):
    db = audformat.Database("x", source="made", usage="research")
    db.schemes["answer"] = audformat.Scheme(labels=["EU", "NA"])
    db["t"] = audformat.Table(audformat.filewise_index(["a.wav", "b.wav"]))
    db["t"]["answer"] = audformat.Column(scheme_id="answer")
    db["t"]["answer"].set(["EU", "NA"])
    db.save(work / storage_format, storage_format=storage_format)
    print(f"label NA, {storage_format}:", missing(work / storage_format))
END
"$work/venv/bin/python" "$work/labels.py" "$work" 2> "$work/errors.txt" | tee "$work/seen.txt" || { cat "$work/errors.txt"; exit 1; }
grep -q "^labels \[yes, no, 1\]: 3 of 3 missing$" "$work/seen.txt" \
    && grep -q "^label NA, parquet: 0 of 2 missing$" "$work/seen.txt" \
    && grep -q "^label NA, csv: 1 of 2 missing$" "$work/seen.txt" \
    || { echo "this has changed"; exit 1; }
