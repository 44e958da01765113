"""Recalculation in LibreOffice, against trivial Python add-in functions in the same run::

    python tests/benchmarks/bench_libreoffice.py [repeats]

Peers: an add-in of functions that return their first cell: TRIVIALRANGE takes the range as ours must (an error
cell in it is then that row's error); TRIVIALSAME has an optional argument and may spill besides, as ours;
TRIVIALARRAY takes an array (Calc refuses the call when a cell holds an error), TRIVIALNUMBER one number.
"cold" is a recalculation after every input has changed; "warm" repeats it with the same inputs.
Measured are processor seconds of LibreOffice and its helper, the best of the repeats, the functions taking turns:
wall time on a shared machine says more of the neighbours.
"""

from __future__ import annotations

import random
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from addin.libreoffice.build import package
from tests.hosts.office import Book, Office

ROWS = 10_000
PEERS = ("TRIVIALRANGE", "TRIVIALSAME", "TRIVIALARRAY", "TRIVIALNUMBER")
_IDL = """module creditpeer { interface XPeer {
    any trivialrange([in] com::sun::star::table::XCellRange cells);
    sequence< sequence< any > > trivialsame([in] com::sun::star::table::XCellRange cells, [in] any method);
    any trivialarray([in] sequence< sequence< any > > cells);
    any trivialnumber([in] double number);
    sequence< sequence< any > > transport([in] com::sun::star::table::XCellRange cells);
}; };
"""
_COMPONENT = """import unohelper
from com.sun.star.lang import Locale, XLocalizable, XServiceInfo, XServiceName
from creditpeer import XPeer
NAME = "creditpeer.Peer"
class Peer(unohelper.Base, XPeer, XServiceInfo, XServiceName, XLocalizable):
    def __init__(self, context): self.locale = Locale("en", "US", "")
    def getServiceName(self): return NAME
    def getImplementationName(self): return NAME
    def supportsService(self, name): return name in (NAME, "com.sun.star.sheet.AddIn")
    def getSupportedServiceNames(self): return (NAME, "com.sun.star.sheet.AddIn")
    def setLocale(self, locale): self.locale = locale
    def getLocale(self): return self.locale
    def trivialrange(self, cells): return cells.getDataArray()[0][0]
    def trivialsame(self, cells, method): return ((cells.getDataArray()[0][0],),)
    def trivialarray(self, cells): return cells[0][0]
    def trivialnumber(self, number): return number
    def transport(self, cells): return tuple((row[0],) for row in cells.getDataArray())
g_ImplementationHelper = unohelper.ImplementationHelper()
g_ImplementationHelper.addImplementation(Peer, NAME, (NAME, "com.sun.star.sheet.AddIn"))
"""
_TYPE = "application/vnd.sun.star."
_MANIFEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">
<manifest:file-entry manifest:media-type="{_TYPE}uno-typelibrary;type=RDB" manifest:full-path="p.idl"/>
<manifest:file-entry manifest:media-type="{_TYPE}uno-component;type=Python" manifest:full-path="p.py"/>
<manifest:file-entry manifest:media-type="{_TYPE}configuration-data" manifest:full-path="c.xcu"/>
</manifest:manifest>"""


def _peer(path: Path) -> Path:
    def node(name: str, *arguments: str) -> str:
        texts = "".join(
            f'<prop oor:name="{p}"><value xml:lang="en-US">{name.upper()}</value></prop>'
            for p in ("DisplayName", "Description", "CompatibilityName")
        )
        parameters = "".join(
            f'<node oor:name="{argument}" oor:op="replace"><prop oor:name="DisplayName">'
            f'<value xml:lang="en-US">{argument}</value></prop></node>'
            for argument in arguments
        )
        return (
            f'<node oor:name="{name}" oor:op="replace">{texts}<prop oor:name="Category"><value>Add-In</value></prop>'
            f'<node oor:name="Parameters">{parameters}</node></node>'
        )

    nodes = "".join(node(n, "cells") for n in ("trivialrange", "trivialarray", "transport"))
    config = (
        '<?xml version="1.0" encoding="UTF-8"?><oor:component-data xmlns:oor="http://openoffice.org/2001/registry"'
        ' xmlns:xs="http://www.w3.org/2001/XMLSchema" oor:name="CalcAddIns" oor:package="org.openoffice.Office">'
        '<node oor:name="AddInInfo"><node oor:name="creditpeer.Peer" oor:op="replace"><node oor:name="AddInFunctions">'
        f"{nodes}{node('trivialnumber', 'number')}"
        f"{node('trivialsame', 'cells', 'method')}</node></node></node></oor:component-data>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
        archive.writestr("p.idl", _IDL)
        archive.writestr("p.py", _COMPONENT)
        archive.writestr("c.xcu", config)
        archive.writestr(
            "description.xml",
            '<?xml version="1.0"?><description xmlns="http://openoffice.org/extensions/description/2006">'
            '<identifier value="creditpeer"/><version value="1"/></description>',
        )
    return path


def _firms(seed: int) -> list[list[float]]:
    draw = random.Random(seed)
    return [
        [10 ** draw.uniform(4, 9), draw.uniform(0.5, 4), draw.random(), draw.random(), draw.random() / 2, draw.random()]
        for _ in range(ROWS)
    ]


def _enter(book: Book, what: str) -> None:
    """`what` in column H, an array formula if it spans."""
    at = f"H2:H{ROWS + 1}"
    book.ask("clear", at=at)
    if "{row}" in what:
        book.formulas(at, [[what.format(row=row)] for row in range(2, ROWS + 2)])
    else:
        book.array(at, what)


def _recalculate(book: Book, seed: int) -> tuple[float, float]:
    """Seconds cold and warm."""
    book.put(f"A2:F{ROWS + 1}", _firms(seed))
    taken = []
    for _ in range(2):
        before = book.office.ask("cpu")
        book.calculate()
        taken.append(book.office.ask("cpu") - before)
    value = book.value(f"H{ROWS + 1}")
    if not isinstance(value, float):
        raise SystemExit(f"not calculated: {value}")
    return taken[0], taken[1]


def _compare(book: Book, formulas: dict[str, str], repeats: int) -> dict[str, tuple[float, float]]:
    """The best of the repeats, for each formula: cold and warm."""
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in formulas}
    for repeat in range(repeats):
        for name, formula in formulas.items():
            _enter(book, formula)
            runs[name].append(_recalculate(book, repeat))
    return {name: (min(c for c, _ in taken), min(w for _, w in taken)) for name, taken in runs.items()}


def main(repeats: int = 5) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder) / "credit_udfs.oxt"
        ours.write_bytes(package())
        peer = _peer(Path(folder) / "peer.oxt")
        environment = {"CREDIT_UDFS_PYTHON": sys.executable}
        with Office(ours, peer, environment=environment) as office, office.new() as book:
            book.ask("automatic", on=False)
            singles = {name: f"={name}(A{{row}}:F{{row}})" for name in (*PEERS[:3], "RISKSCORE")}
            single = _compare(book, {**singles, "TRIVIALNUMBER": "=TRIVIALNUMBER(A{row})"}, repeats)
            print(f"{ROWS} single cells, processor seconds  cold    warm")
            for name, (cold, warm) in single.items():
                print(f"  {name:34}{cold:6.3f}  {warm:6.3f}")
            for name in PEERS:
                ratios = [single["RISKSCORE"][i] / single[name][i] for i in (0, 1)]
                print(f"  RISKSCORE : {name:22}{ratios[0]:6.2f}  {ratios[1]:6.2f}")
            book.formulas("J1", [['=BESTRATE(0.02;"A")']])  # starts the helper
            book.calculate()
            if not isinstance(book.value("J1"), float):
                raise SystemExit(f"the helper doesn't run: {book.value('J1')}")
            book.ask("clear", at="J1")
            spans = {name: f"={name}(A2:F{ROWS + 1})" for name in ("TRANSPORT", "RISKSCORE")}
            arrays = _compare(book, spans, repeats)
            print(f"one array call of {ROWS} rows, proc. s  cold    warm")
            for name, (cold, warm) in arrays.items():
                print(f"  {name:34}{cold:6.3f}  {warm:6.3f}")
            over = [1000 * (arrays["RISKSCORE"][i] - arrays["TRANSPORT"][i]) for i in (0, 1)]
            print(f"  RISKSCORE over transport, ms     {over[0]:8.1f}{over[1]:8.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
