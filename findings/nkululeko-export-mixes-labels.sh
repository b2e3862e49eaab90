#!/bin/sh
# nkululeko 1.14.1: `nkululeko.export` writes a CSV that gives recordings the labels and speakers of others, and says DONE.
#
# It puts the new names of files into the index in the order of the rows, where pandas wants them in the order of the old names
# (`set_levels`). Only lists that are sorted by name come out right. Where one list is split into training and test by nkululeko itself, the
# number of names does not fit, and it stops: `code max (7) >= length of level (6)`.
# Installs 7 GB for a while, as nkululeko wants PyTorch.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
python3 -c "import venv, ensurepip" 2> /dev/null || { echo "skipped: nkululeko needs Python with venv"; exit 0; }
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q nkululeko==1.14.1
cd "$work"
cat > make.py << 'END'
import math, pathlib, struct, wave

pathlib.Path("wav").mkdir()
rows = []
for speaker in ("a", "b", "c", "d"):
    for emotion, pitch in (("angry", 300), ("sad", 100)):
        name = f"wav/{speaker}_{emotion}.wav"
        with wave.open(name, "wb") as sound:
            sound.setparams((1, 2, 16000, 0, "NONE", ""))
            sound.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(i * pitch / 2546))) for i in range(16000)))
        rows.append(f"{name},{speaker},{emotion}")
for order, listed in (("sorted", rows), ("reversed", rows[::-1])):
    for part, speakers in (("train", "abc"), ("test", "d"), ("all", "abcd")):
        some = [row for row in listed if row.split(",")[1] in speakers]
        pathlib.Path(f"{order}-{part}.csv").write_text("\n".join(["file,speaker,emotion", *some]) + "\n")
for name, databases in (
    ("sorted", {"train": "train", "test": "test"}),
    ("reversed", {"train": "train", "test": "test"}),
    ("split", {"all": "speaker_split"}),
):
    order = "sorted" if name == "split" else name
    text = f"[EXP]\nroot = ./\nname = exp-{name}\n[DATA]\ndatabases = {list(databases)}\nlabels = ['angry', 'sad']\ntarget = emotion\n"
    for part, strategy in databases.items():
        text += f"{part} = ./{order}-{part}.csv\n{part}.type = csv\n{part}.absolute_path = False\n{part}.split_strategy = {strategy}\n"
        text += f"{part}.test_size = 25\n"
    text += f"[EXPORT]\nroot = ./new-{name}\norig_root = ./wav\ndata_name = list\n[FEATS]\ntype = ['praat']\n[MODEL]\ntype = svm\n"
    pathlib.Path(f"{name}.ini").write_text(text)
END
cat > look.py << 'END'
import csv, pathlib, sys

table = pathlib.Path(f"new-{sys.argv[1]}/list.csv")
if not table.exists():
    print(f"{sys.argv[1]}: no list")
    sys.exit()
rows = list(csv.DictReader(table.open()))
right = sum(pathlib.Path(row["file"]).stem == f"{row['speaker']}_{row['emotion']}" for row in rows)
print(f"{sys.argv[1]}: {right} of {len(rows)} recordings have their own speaker and label")
END
venv/bin/python make.py
for name in sorted reversed split; do
    venv/bin/python -m nkululeko.export --config $name.ini > $name.log 2>&1 || true
    tail -n 1 $name.log
    venv/bin/python look.py $name
done | tee seen.txt
grep -q "^sorted: 8 of 8 " seen.txt && grep -q "^reversed: 0 of 8 " seen.txt && test "$(grep -c '^DONE$' seen.txt)" = 2 \
    && grep -q "^ValueError: .*code max (7) >= length of level (6)" seen.txt || { echo "this has changed"; exit 1; }
