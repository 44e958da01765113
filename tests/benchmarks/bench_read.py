"""Reading the attachments, against a bare fastexcel read and against pandas' default reader::

    python tests/benchmarks/bench_read.py [--repeats 3] [--run] [--pandas] [--linear] [--hostile] [--contest FOLDER]

Each job runs in a process of its own, so that its peak memory is its own, in turn with its peers, so that a busy
machine slows all of them. Given are the median of the seconds (imports included), their ratio to the bare read,
and the largest peak.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

BARE = """
import fastexcel
for path in paths:
    book = fastexcel.read_excel(path)
    for name in book.sheet_names:
        rows += book.load_sheet(name).to_polars().height
"""

OURS = """
import datetime
from credit_udfs.errors import BadFile
from credit_udfs.workbook.read import read
try:
    tables = read(paths, today=datetime.date(2026, 1, 1))
    rows = tables.purchases.height + tables.sales.height + tables.firms.height
except BadFile as error:
    said = error.problems[0].key.removeprefix("problems.")
"""

# The whole main job: read, indicators, scores, plan, workbook.
RUN = """
import tempfile
from pathlib import Path
from credit_udfs import api
with tempfile.TemporaryDirectory() as folder:
    assessment = api.assess(api.read(*paths))
    api.write(assessment, Path(folder) / "plan.xlsx")
    rows = assessment.tables.purchases.height + assessment.tables.sales.height
"""

# What an analyst would write: the default reader, then group-bys for the six indicators.
PANDAS = """
import warnings
import numpy as np
import pandas as pd
warnings.simplefilter("ignore")
sides = {"buy": [], "sell": []}
for path in paths:
    for name, frame in pd.read_excel(path, sheet_name=None).items():
        rows += len(frame)
        if "进项" in name or "销项" in name:
            frame.columns = ["firm", "number", "date", "other", "amount", "tax", "total", "status"]
            frame["void"] = frame["status"].str.strip() == "作废发票"
            frame["date"] = pd.to_datetime(frame["date"])
            sides["buy" if "进项" in name else "sell"].append(frame)
buy, sell = (pd.concat(frames) for frames in sides.values())
valid = sell[~sell["void"]]
net = valid.groupby("firm")["amount"].sum()
both = pd.concat([buy, sell]).groupby("firm")["date"]
years = ((both.max() - both.min()).dt.days + 1) / 365
days = sell.groupby("firm")["date"]
largest = lambda frame: frame.groupby(["firm", "other"])["amount"].sum().groupby("firm").max()
months = valid.assign(month=valid["date"].dt.to_period("M")).groupby(["firm", "other"])["month"].nunique()
again = valid.set_index(["firm", "other"]).loc[months[months > 1].index]["amount"].groupby("firm").sum()
bought = buy[~buy["void"]]
six = pd.DataFrame({
    "annual": net / years, "years": (days.max() - days.min()).dt.days / 365, "top": largest(valid) / net,
    "returning": again / net, "void": sell.groupby("firm")["void"].mean(),
    "supplier": largest(bought) / bought.groupby("firm")["amount"].sum(),
})
"""

WRAPPER = """
import json, resource, sys, time
start = time.perf_counter()
paths, rows, said = sys.argv[1:], 0, ""
{body}
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, rows, said]))
"""


def measure(body: str, paths: Sequence[Path]) -> tuple[float, float, float, int, str]:
    """Seconds, seconds of processor, peak MiB, rows, what was said."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", WRAPPER.format(body=body), *map(str, paths)],
        stdout=subprocess.PIPE, text=True, check=True, env=environment,
    )  # fmt: skip
    seconds, processor, peak, rows, said = json.loads(done.stdout.splitlines()[-1])
    return seconds, processor, peak, rows, said


def compare(jobs: dict[str, str], paths: Sequence[Path], repeats: int) -> None:
    """Run the jobs in turn; the first is the measure of the others."""
    found: dict[str, list[tuple[float, float, float, int, str]]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, body in jobs.items():
            found[name].append(measure(body, paths))
    first = statistics.median(run[0] for run in found[next(iter(jobs))])
    print(f"{'job':<22}{'seconds':>9}{'ratio':>8}{'processor':>11}{'peak MiB':>10}{'rows':>12}")
    for name, runs in found.items():
        seconds = statistics.median(run[0] for run in runs)
        processor = statistics.median(run[1] for run in runs)
        peak = max(run[2] for run in runs)
        print(f"{name:<22}{seconds:>9.2f}{seconds / first:>8.2f}{processor:>11.2f}{peak:>10.0f}{runs[0][3]:>12,}")


def linear(repeats: int) -> None:
    """Synthetic attachments of 1, 3 and 10 times the invoices; processor seconds beyond an almost empty read."""
    sys.path.insert(0, str(ROOT))
    from credit_udfs.workbook.sample import write_sample

    print(f"\n{'synthetic':<12}{'rows':>10}{'processor s':>13}{'us a row, net':>16}")
    with tempfile.TemporaryDirectory() as folder:
        base = 0.0
        for size in (0.0, 2.0, 6.0, 20.0):
            paths = write_sample(Path(folder) / str(size), firms=(8, 1) if size == 0 else (30, 60), size=size)
            runs = [measure(OURS, paths) for _ in range(repeats)]
            seconds, rows = statistics.median(run[1] for run in runs), runs[0][3]
            base = base or seconds
            net = f"{(seconds - base) / rows * 1e6:.2f}" if size else "-"
            print(f"{size / 2:<12g}{rows:>10,}{seconds:>13.2f}{net:>16}")


def hostile() -> None:
    """Bombs and broken files: the issue allows 3 s and 500 MiB."""
    print(f"\n{'hostile':<34}{'refused as':<18}{'seconds':>9}{'peak MiB':>10}")
    types = ("[Content_Types].xml", "<Types/>")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases: dict[str, bytes] = {
            "10 GiB of blanks": b" " * (1 << 20),
            "repeated cells": b'<c r="A1"><v>1</v></c>' * 50_000,
        }
        for title, block in cases.items():
            path = folder / f"{title}.xlsx"
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.writestr(*types)
                with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
                    part.write(b"<worksheet><sheetData>")
                    for _ in range((10 << 30) // len(block) if "GiB" in title else 400):
                        part.write(block)
            report(title, path)
        corner = '<worksheet><row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"/></row></worksheet>'
        entities = '<!DOCTYPE x [<!ENTITY a "1234567890">' + "".join(
            f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        )
        for title, xml in {"far corner": corner, "billion laughs": entities + "]><worksheet>&i;</worksheet>"}.items():
            path = folder / f"{title}.xlsx"
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(*types)
                archive.writestr("xl/worksheets/sheet1.xml", xml)
            report(title, path)
        path = folder / "a hundred thousand parts.xlsx"
        with zipfile.ZipFile(path, "w") as archive:
            for i in range(100_000):
                archive.writestr(f"xl/{i}.xml", "")
        report("a hundred thousand parts", path)
        for title, data in {
            "not a workbook": b"\0" * (64 << 20),
            "encrypted": bytes.fromhex("d0cf11e0a1b11ae1"),
        }.items():
            path = folder / f"{title}.xlsx"
            path.write_bytes(data)
            report(title, path)


def report(title: str, path: Path) -> None:
    seconds, _processor, peak, rows, said = measure(OURS, [path])
    print(f"{title:<34}{said or f'read, {rows} rows':<18}{seconds:>9.2f}{peak:>10.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(os.environ.get("CREDIT_UDFS_CONTEST", ROOT.parent / "shared" / "contest"))
    parser.add_argument("--contest", type=Path, default=default)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--run", action="store_true", help="also the whole main job, to the workbook")
    parser.add_argument("--pandas", action="store_true", help="also the slow peer, once: minutes")
    parser.add_argument("--linear", action="store_true", help="also synthetic data of 1, 3 and 10 times the invoices")
    parser.add_argument("--hostile", action="store_true", help="also the time and memory of refusals")
    options = parser.parse_args()
    paths = sorted(options.contest.glob("*.xlsx"))
    if paths:
        jobs = {"bare fastexcel": BARE, "credit_udfs read": OURS}
        compare(jobs | ({"credit_udfs run": RUN} if options.run else {}), paths, options.repeats)
        if options.pandas:
            print()
            compare({"credit_udfs run": RUN, "pandas, default": PANDAS}, paths, 1)
    else:
        print(f"no attachments in {options.contest}: only synthetic data")
    if options.linear:
        linear(options.repeats)
    if options.hostile:
        hostile()


if __name__ == "__main__":
    main()
