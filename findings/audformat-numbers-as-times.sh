#!/bin/sh
# audformat 1.4.3: a number in `start` or `end` of a CSV is seconds for one of its readers and nanoseconds for the other.
#
# `audformat.utils.read_csv`, by which nkululeko reads its CSVs, takes 2 for two seconds. `audformat.Database.load` takes the same 2 in a
# table of a database for two nanoseconds, says nothing, and refuses 2.0. So a segmented CSV that works beside a database becomes, as a
# table of it, a list of segments that are shorter than one sample.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
python3 -c "import venv, ensurepip" 2> /dev/null || { echo "skipped: audformat needs Python with venv"; exit 0; }
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q audformat==1.4.3
cat > "$work/times.py" << 'END'
import pathlib, sys
import audformat

folder = pathlib.Path(sys.argv[1])


def table(start, end):
    (folder / "db.segments.csv").write_text(f"file,start,end\na.wav,{start},{end}\n")
    return folder / "db.segments.csv"


db = audformat.Database("x", source="made", usage="research")
db["segments"] = audformat.Table(audformat.segmented_index(["a.wav"], ["0s"], ["1s"]))
db.save(folder, storage_format="csv")
index = audformat.utils.read_csv(table(0, 2))
print("read_csv, 2:", index[0][2])
loaded = audformat.Database.load(folder, load_data=True)
print("Database.load, 2:", loaded["segments"].index[0][2])
table("0.0", "2.0")
try:
    audformat.Database.load(folder, load_data=True)
    print("Database.load, 2.0: loads")
except Exception as error:
    print("Database.load, 2.0:", type(error).__name__)
END
mkdir "$work/db"
"$work/venv/bin/python" "$work/times.py" "$work/db" 2> "$work/errors.txt" | tee "$work/seen.txt" || { cat "$work/errors.txt"; exit 1; }
grep -q "^read_csv, 2: 0 days 00:00:02$" "$work/seen.txt" \
    && grep -q "^Database.load, 2: 0 days 00:00:00.000000002$" "$work/seen.txt" \
    && grep -q "^Database.load, 2.0: .*Error$" "$work/seen.txt" \
    || { echo "this has changed"; exit 1; }
