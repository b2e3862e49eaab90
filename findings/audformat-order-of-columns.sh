#!/bin/sh
# audformat 1.4.3: columns of a CSV are read by their place, not by the names above them, as long as their types allow it.
#
# Where the columns of a table stand in another order than in the header, and all are words, each value is taken for one of another column,
# without a word. Where a number stands beside a word, they are read by name, and all is well; unless a segment runs to the end of its file,
# then the table does not load: `'NaTType' object has no attribute 'astype'`. The order is lost easily, as a mapping in JSON or YAML has none
# for most programs.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap exit HUP INT TERM
python3 -c "import venv, ensurepip" 2> /dev/null || { echo "skipped: audformat needs Python with venv"; exit 0; }
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q audformat==1.4.3
cat > "$work/order.py" << 'END'
import pathlib, sys, tempfile
import audformat


def load(dtype, order, end):
    folder = pathlib.Path(tempfile.mkdtemp(dir=sys.argv[1]))
    (folder / "db.yaml").write_text(
        f"name: x\nsource: made\nusage: research\nschemes: {{age: {{dtype: {dtype}}}, room: {{dtype: str}}}}\n"
        "tables:\n  t:\n    type: segmented\n    columns: {age: {scheme_id: age}, room: {scheme_id: room}}\n"
    )
    cells = {"age": "31", "room": "hall"}
    row = ",".join(cells[name] for name in order.split(","))
    (folder / "db.t.csv").write_text(f"file,start,end,{order}\na.wav,0 days,{end},{row}\n")
    try:
        table = audformat.Database.load(folder, load_data=True)["t"].get()
        return f"age {table['age'].iloc[0]}, room {table['room'].iloc[0]}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


for dtype in ("str", "int"):
    for order in ("age,room", "room,age"):
        for end in ("0 days 00:00:01", ""):
            print(f"age is {dtype}, {order}, end {end or 'open'}: {load(dtype, order, end)}")
END
"$work/venv/bin/python" "$work/order.py" "$work" 2> "$work/errors.txt" | tee "$work/seen.txt" || { cat "$work/errors.txt"; exit 1; }
grep -q "^age is str, age,room, end 0 days 00:00:01: age 31, room hall$" "$work/seen.txt" \
    && grep -q "^age is str, room,age, end 0 days 00:00:01: age hall, room 31$" "$work/seen.txt" \
    && grep -q "^age is int, room,age, end 0 days 00:00:01: age 31, room hall$" "$work/seen.txt" \
    && grep -q "^age is int, room,age, end open: AttributeError: .*NaTType" "$work/seen.txt" \
    || { echo "this has changed"; exit 1; }
