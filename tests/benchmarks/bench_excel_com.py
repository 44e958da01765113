"""How much of a call from Excel is ours: xlwings' real server and converters with a trivial function, and with ours.

Run by hand: ``python tests/benchmarks/bench_excel_com.py``. All calls get the same 10,000 rows in one run; the
trivial functions give back one column, or four, of the same height. COM's own transport isn't in either. Measured in
processor time, best of the repeats, because a busy machine stretches the clock.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.hosts import fakewin

ROWS, REPEATS = 10_000, 25


def main() -> None:
    draw = random.Random(3)
    rows = tuple(
        (draw.lognormvariate(15, 1.6), *(draw.uniform(0, high) for high in (3.3, 1, 1, 0.4, 1))) for _ in range(ROWS)
    )
    with fakewin.windows() as host:

        def TRIVIAL(indicators: Any) -> list[list[float]]:
            return [[row[0]] for row in indicators]

        def TRIVIAL4(indicators: Any) -> list[list[float]]:
            return [row[:4] for row in indicators]

        for function in (TRIVIAL, TRIVIAL4):
            declared = host.xw.func(host.xw.arg("indicators", ndim=2, err_to_str=True)(function))
            setattr(host, function.__name__, declared)
        peers = {"TRIVIAL": "", "RISKSCORE": "TRIVIAL", "TRIVIAL4": "", "GRADEPROBS": "TRIVIAL4"}
        times: dict[str, list[float]] = {name: [] for name in peers}
        for name in [name for _ in range(REPEATS) for name in times]:
            more = (None,) if peers[name] else ()
            start = time.thread_time()
            fakewin.call_udf(host, name, rows, *more)
            times[name].append(time.thread_time() - start)
    for name, peer in peers.items():
        best, median = min(times[name]) * 1e3, statistics.median(times[name]) * 1e3
        ours = f", ours {100 * (1 - min(times[peer]) * 1e3 / best):5.1f}% of the call" if peer else ""
        print(f"{name:<11} {ROWS} rows: best {best:6.1f} ms, median {median:6.1f} ms{ours}")


if __name__ == "__main__":
    main()
