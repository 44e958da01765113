"""The whole main job on the real attachments against its peers, each as a process of its own, in one run.

    python tests/benchmarks/bench_run.py [--slow] [--repeats 3]

Peers: a bare fastexcel read of the same files to polars; with --slow also the same job by pandas.read_excel's
default reader and pandas group-bys (minutes). Also: memory, what `import credit_udfs` costs, scoring, and the
indicators' share.
Ratios are of medians; runs alternate, so that a noisy machine is noisy to both.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTEST = Path(os.environ.get("CREDIT_UDFS_CONTEST", ROOT.parent / "shared" / "contest"))

BARE = """
import fastexcel, sys
for path in sys.argv[1:]:
    reader = fastexcel.read_excel(path)
    for name in reader.sheet_names:
        reader.load_sheet(name).to_polars()
"""

PANDAS = """
import sys
import pandas as pd
firms, sides = [], {"进项发票信息": [], "销项发票信息": []}
for path in sys.argv[1:3]:
    book = pd.read_excel(path, sheet_name=None)
    firms.append(book["企业信息"])
    for name in sides:
        sides[name].append(book[name])
firms = pd.concat(firms)
sales, purchases = (pd.concat(sides[name]) for name in ("销项发票信息", "进项发票信息"))
for side, who in ((sales, "购方单位代号"), (purchases, "销方单位代号")):
    side["void"] = side["发票状态"].str.strip() == "作废发票"
    side["month"] = side["开票日期"].dt.to_period("M")
    side["who"] = side[who]
def shares(side):
    valid = side[~side["void"]]
    partner = valid.groupby(["企业代号", "who"]).agg(net=("金额", "sum"), months=("month", "nunique")).reset_index()
    net = partner.groupby("企业代号")["net"].sum()
    back = partner[partner.months > 1].groupby("企业代号")["net"].sum()
    return valid, partner.groupby("企业代号")["net"].max() / net, back / net, net
valid_s, top_s, back_s, net_s = shares(sales)
valid_p, top_p, _, net_p = shares(purchases)
first = pd.concat([valid_s, valid_p]).groupby("企业代号")["开票日期"].agg(["min", "max"])
years = ((first["max"] - first["min"]).dt.days + 1) / 365
trading = valid_s.groupby("企业代号")["开票日期"].agg(lambda d: ((d.max() - d.min()).days + 1) / 365)
table = pd.DataFrame({"sales": net_s / years, "trading": trading, "top": top_s, "back": back_s,
                      "void": sales.groupby("企业代号")["void"].mean(), "supplier": top_p})
assert len(table) == 425, len(table)
pd.read_excel(sys.argv[3])
table.to_excel(sys.argv[4])
"""


def child(*program: str) -> tuple[float, float]:
    """Wall seconds and peak MiB of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, program
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--slow", action="store_true")
    options.add_argument("--repeats", type=int, default=3)
    chosen = options.parse_args()
    files = [str(path) for path in sorted(CONTEST.glob("*.xlsx"))]
    assert files, f"contest data not found at {CONTEST}; set CREDIT_UDFS_CONTEST"
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "plan.xlsx")
        commands = {
            "credit-udfs run": [sys.executable, "-m", "credit_udfs", "run", *files, "-o", out, "--force"],
            "bare fastexcel read": [sys.executable, "-c", BARE, *files],
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(chosen.repeats):
            for name, command in commands.items():
                times[name].append(child(*command))
        ours, bare = (statistics.median(t for t, _ in times[name]) for name in commands)
        for name, runs in times.items():
            spread = ", ".join(f"{t:.2f}" for t, _ in runs)
            middle, peak = statistics.median(t for t, _ in runs), max(m for _, m in runs)
            print(f"{name:<28} {middle:7.2f} s ({spread}), peak {peak:.0f} MiB")
        print(f"run / bare read: {ours / bare:.2f} (at most 1.5)")
        if chosen.slow:
            slow, memory = child(sys.executable, "-c", PANDAS, *files, out)
            print(f"{'pandas default reader':<28} {slow:7.2f} s, peak {memory:.0f} MiB")
            print(f"pandas / run: {slow / ours:.1f} (at least 12)")
    print(json.dumps(inside(files), indent=1))


def inside(files: list[str]) -> dict[str, float]:
    """Imports, scoring and the indicators' share of the read."""
    bare = statistics.median(child(sys.executable, "-c", "pass")[0] for _ in range(7))
    light = statistics.median(child(sys.executable, "-c", "import credit_udfs, numpy")[0] for _ in range(7))
    import numpy as np

    from credit_udfs import api, models
    from credit_udfs.core import kernel
    from credit_udfs.core.indicators import compute
    from credit_udfs.core.scoring import score_rows

    start = time.perf_counter()
    tables = api.read(*files)
    read = time.perf_counter() - start
    firms = tables.firms["firm"].to_list()
    start = time.perf_counter()
    compute(tables.purchases, tables.sales, firms)
    indicators = time.perf_counter() - start
    model = models.load().linear()
    row = [5e7, 2.5, 0.3, 0.8, 0.05, 0.4]
    many = np.tile(row, (10_000, 1))
    score_rows(model, many)
    return {
        "import credit_udfs and numpy, ms over bare Python (at most 150)": (light - bare) * 1e3,
        "indicators / read, percent (at most 15)": indicators / read * 100,
        "scoring one row, microseconds (at most 20)": best(lambda: kernel.score(model, row), 5000) * 1e6,
        "scoring 10,000 rows, ms (at most 5)": best(lambda: score_rows(model, many), 20) * 1e3,
        "peak of this process, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def best(call, repeats: int) -> float:  # type: ignore[no-untyped-def]
    """Median of five means."""
    means = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        means.append((time.perf_counter() - start) / repeats)
    return statistics.median(means)


if __name__ == "__main__":
    main()
