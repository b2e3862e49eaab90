"""Runs the notebooks on the demo corpus, and looks at what came out.

    run.py --check [NAME]    run, and fail where something is wrong
    run.py --write [NAME]    the same, and keep the outputs in the notebooks
    run.py --warm-up         compile what their first cells need

A cell that panics or returns an error gives nothing but text on its standard error, and Jupyter takes it
for a success. So any such text is wrong here; every cell but the first must give something; and in a
check, what it gave when the notebook was written: as many figures, tables, texts.
"""

import contextlib
import queue
import re
import shutil
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

HERE = Path(__file__).resolve().parent
OUTPUTS = HERE.parent / "outputs" / "notebooks"
LONGEST_CELL = 15
LONGEST_S = 2400
# What a figure or table says of itself where there is nothing in it.
NOTHING = re.compile(r"not measured|\bNaN\b|^0 rows|not defined in any frame", re.MULTILINE)


def notebooks(names=()):
    """Ours, not those of the people who work here."""
    paths = sorted(HERE.glob("[0-9][0-9]-*.ipynb"))
    chosen = [p for p in paths if not names or any(p.stem.startswith(name) for name in names)]
    if not chosen:
        sys.exit(f"no notebook begins with {' or '.join(names)}")
    return chosen


def kinds(cell):
    """What a cell gives: `stdout`, the types of what it shows, a `figure` for each. Streams and results come
    from different threads: in any order."""
    found = []
    for output in cell.outputs:
        if output.output_type == "stream":
            found.append(output.name)
        elif output.output_type == "error":
            found.append("error")
        else:
            found.extend(output.data)
            found.extend(["figure"] * output.data.get("text/html", "").count("<svg "))
    return sorted(found)


def text(cell, stream="stdout"):
    """What a cell prints or shows as text."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == stream:
            parts.append(output.text.strip())
        elif output.output_type == "error" and stream == "stderr":
            parts.append("\n".join(output.traceback) or f"{output.ename}: {output.evalue}")
        elif stream == "stdout" and "data" in output:
            parts.append(output.data.get("text/plain", ""))
    return "\n".join(sorted(parts))


def shown_of_nothing(cell):
    """The word by which a figure or table says that it is empty."""
    for output in cell.outputs:
        for shown in output.get("data", {}).values():
            found = NOTHING.search(shown)
            if found:
                return found.group()
    return None


class Runner:
    """Runs the cells of a notebook in a new kernel."""

    def __init__(self, notebook):
        self.times = []
        self.late = []
        self.client = NotebookClient(
            notebook,
            timeout=LONGEST_S,
            startup_timeout=120,
            kernel_name="rust",
            allow_errors=True,
            resources={"metadata": {"path": str(HERE)}},
            on_cell_execute=self.begins,
            on_cell_executed=self.ends,
        )

    def begins(self, cell, cell_index):
        self.started = time.monotonic()

    async def ends(self, cell, cell_index, execute_reply):
        self.times.append(time.monotonic() - self.started)
        # The text of an error may come after the kernel has said that it is done.
        with contextlib.suppress(queue.Empty):
            while True:
                message = await self.client.kc.get_iopub_msg(timeout=0.2)
                if message["header"]["msg_type"] == "stream":
                    self.late.append(message["content"]["text"].strip())

    def run(self):
        """Why it stopped, or nothing."""
        try:
            self.client.execute()
        except (CellTimeoutError, DeadKernelError, RuntimeError) as cause:
            return f"the kernel stopped after {len(self.times)} cells: {cause}"
        return None


@contextlib.contextmanager
def empty_outputs():
    """Lends the notebooks an empty folder of outputs, as a new clone has it, and gives the old one back."""
    kept = OUTPUTS.with_name("notebooks.kept")
    if OUTPUTS.exists():
        OUTPUTS.rename(kept)
    try:
        yield
    finally:
        shutil.rmtree(OUTPUTS, ignore_errors=True)
        if kept.exists():
            kept.rename(OUTPUTS)


def run(path, keep):
    """Runs one notebook: what is wrong with it, what a person might want to know, how long cells took."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    before = [(kinds(cell), text(cell)) for cell in code]
    wrong, notes = [], []
    for number, cell in enumerate(code, 1):
        cell.outputs, cell.execution_count = [], None
        lines = len(cell.source.splitlines())
        if lines > LONGEST_CELL:
            wrong.append(f"cell {number} has {lines} lines, more than {LONGEST_CELL}")
    runner = Runner(notebook)
    with empty_outputs():
        stopped = runner.run()
    wrong += filter(None, [stopped, *runner.late])
    for number, (cell, (expected, said)) in enumerate(zip(code, before), 1):
        cell.metadata.pop("execution", None)
        if error := text(cell, "stderr"):
            wrong.append(f"cell {number}: {error}")
        elif cell.execution_count is None:
            wrong.append(f"cell {number} was not run")
        elif number > 1 and not cell.outputs:
            wrong.append(f"cell {number} gives nothing")
        elif any("data" in o and "text/html" not in o.data for o in cell.outputs):
            wrong.append(f"cell {number} is shown as plain text; end it with the name of a variable")
        elif empty := shown_of_nothing(cell):
            wrong.append(f"cell {number} shows nothing: {empty!r}")
        elif not keep and kinds(cell) != expected:
            wrong.append(f"cell {number} gives {kinds(cell)}; the notebook has {expected}")
        elif not keep and text(cell) != said:
            notes.append(f"cell {number} says something else than the notebook; see --write")
    if not any("figure" in kinds(cell) for cell in code):
        wrong.append("it shows no figure")
    if keep and not wrong:
        nbformat.write(notebook, path)
    return wrong, notes, runner.times


def report(path, wrong, notes, times, whole):
    later = times[1:] or [0.0]
    print(
        f"{path.stem}: {'FAILED' if wrong else 'fine'}, {whole:.0f} s in all; first cell "
        f"{sum(times[:1]):.1f} s, {len(times) - 1} others {sum(later) / len(later):.1f} s in the mean, "
        f"{max(later):.1f} s at most",
        flush=True,
    )
    for line in wrong + notes:
        print(f"  {path.name}: {line}", flush=True)


def warm_up():
    """The `:dep` lines of the notebooks, in the build folder that the first kernel uses."""
    lines = {}
    for path in notebooks():
        notebook = nbformat.read(path, as_version=4)
        first = next(cell for cell in notebook.cells if cell.cell_type == "code")
        lines.setdefault(first.source.splitlines()[0], None)
    for line in lines:
        print(f"notebooks: compiling {line.removeprefix(':dep ')}", file=sys.stderr, flush=True)
        cell = nbformat.v4.new_code_cell(f"{line}\nuse sentire::prelude::*;")
        runner = Runner(nbformat.v4.new_notebook(cells=[cell]))
        failed = runner.run() or text(cell, "stderr")
        if failed:
            print(f"notebooks: that does not compile: {failed}", file=sys.stderr)
        else:
            print(f"notebooks: {sum(runner.times):.0f} s", file=sys.stderr, flush=True)


def main():
    mode, names = sys.argv[1], sys.argv[2:]
    if mode == "--warm-up":
        return warm_up()
    failed = False
    for path in notebooks(names):
        started = time.monotonic()
        wrong, notes, times = run(path, keep=mode == "--write")
        report(path, wrong, notes, times, time.monotonic() - started)
        failed |= bool(wrong)
    sys.exit(failed)


main()
