"""Cell functions and the batch, against named peers in the same run: ``python tests/benchmarks/bench_cells.py``.

- 10,000 score cells through the batch, against openpyxl loading and saving that same file.
- One call of 10,000 rows, and 10,000 calls of one row, against Python reading the same numbers once.
CPU seconds, medians of alternating repeats: other processes on the machine disturb them less than elapsed time.
"""

from __future__ import annotations

import gc
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import openpyxl

from credit_udfs.cells import REGISTRY
from credit_udfs.hosts.batch import calc

ROWS, REPEATS = 10_000, 5


def firms() -> list[list[float]]:
    draw = random.Random(7)
    return [
        [draw.lognormvariate(15, 1.6), draw.uniform(0.5, 3.3), *(draw.random() for _ in range(4))] for _ in range(ROWS)
    ]


def timed(run: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    run()
    return time.process_time() - start


def compare(what: str, ours: Callable[[], object], peer: str, theirs: Callable[[], object]) -> None:
    ours(), theirs()
    pairs = [(timed(ours), timed(theirs)) for _ in range(REPEATS)]
    mine, other = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{what}: {mine * 1e3:9.1f} ms; {peer}: {other * 1e3:9.1f} ms; ratio {mine / other:.2f}")


def main() -> None:
    rows = firms()
    score = REGISTRY["RISKSCORE"]
    with tempfile.TemporaryDirectory() as folder:
        source, out, copy = (Path(folder) / name for name in ("in.xlsx", "out.xlsx", "copy.xlsx"))
        book = openpyxl.Workbook()
        for i, row in enumerate(rows, 1):
            book.active.append([*row, f"=RISKSCORE(A{i}:F{i})"])
        book.save(source)
        compare(
            f"batch, {ROWS} score cells",
            lambda: calc(source, out, force=True),
            "openpyxl load + save",
            lambda: openpyxl.load_workbook(source).save(copy),
        )
    singles = [[row] for row in rows]
    compare(
        f"one call of {ROWS} rows",
        lambda: score.call([rows]),
        "float() of every cell",
        lambda: [[float(v) for v in row] for row in rows],
    )
    compare(
        f"{ROWS} calls merged by call_many",
        lambda: score.call_many(singles),
        "one call of all rows",
        lambda: score.call([rows]),
    )
    compare(
        f"{ROWS} calls of one row",
        lambda: [score.call(args) for args in singles],
        "one call of all rows",
        lambda: score.call([rows]),
    )


if __name__ == "__main__":
    main()
