"""Recalculation in LibreOffice, against trivial Python add-in functions in the same run::

    python tests/benchmarks/bench_libreoffice.py [rounds]

Peers are functions of an add-in that return the first cell they are given. TRIVIALRANGE takes the range itself, as
ours must (an error cell in it is then that row's error); TRIVIALSAME has an optional argument and may spill besides,
as ours. TRIVIALARRAY takes the range as an array, which costs Calc a quarter, but then one error cell is the whole
call's error; TRIVIALNUMBER takes one number. TRANSPORT returns a column as high as the range.

Every formula has a workbook of its own. In each round they are recalculated in an order of chance, each after all
its inputs have changed, in LibreOffice's main thread, where a user's are. Measured are processor seconds of
LibreOffice and its helper: wall time on a shared machine says more of the neighbours. Ratios and differences are
medians of the rounds', with the quartiles beside them.
"""

from __future__ import annotations

import random
import sys
import tempfile
import zipfile
from pathlib import Path
from statistics import quantiles

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


def _workbook(office: Office, formula: str) -> Book:
    """A workbook with `formula` in column H: for each row, or as an array formula if it names no row."""
    book, at = office.new(), f"H2:H{ROWS + 1}"
    book.ask("automatic", on=False)
    if "{row}" in formula:
        book.formulas(at, [[formula.format(row=row)] for row in range(2, ROWS + 2)])
    else:
        book.array(at, formula)
    return book


def _seconds(book: Book, seed: int) -> float:
    """Processor seconds of one recalculation, after every input has changed."""
    book.put(f"A2:F{ROWS + 1}", _firms(seed))
    before = book.office.ask("cpu")
    book.calculate()
    taken: float = book.office.ask("cpu") - before
    value = book.value(f"H{ROWS + 1}")
    if not isinstance(value, float):
        raise SystemExit(f"not calculated: {value}")
    return taken


def _rounds(office: Office, formulas: dict[str, str], rounds: int) -> dict[str, list[float]]:
    """Each formula's seconds, round by round."""
    books = {name: _workbook(office, formula) for name, formula in formulas.items()}
    taken: dict[str, list[float]] = {name: [] for name in books}
    chance = random.Random(0)
    for number in range(-1, rounds):
        for name in chance.sample(list(books), len(books)):
            seconds = _seconds(books[name], number)
            if number >= 0:  # the first round warms up
                taken[name].append(seconds)
    for book in books.values():
        book.ask("close")
    return taken


def _show(what: str, found: list[float], digits: int) -> None:
    low, middle, high = quantiles(found, n=4, method="inclusive")
    print(f"  {what:32}{middle:9.{digits}f}   ({low:.{digits}f} to {high:.{digits}f})")


def main(rounds: int = 7) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder) / "credit_udfs.oxt"
        ours.write_bytes(package())
        peer = _peer(Path(folder) / "peer.oxt")
        with Office(ours, peer, environment={"CREDIT_UDFS_PYTHON": sys.executable}) as office:
            singles = {name: f"={name}(A{{row}}:F{{row}})" for name in (*PEERS[:3], "RISKSCORE", "DEFAULTPROB")}
            runs = _rounds(office, {**singles, "TRIVIALNUMBER": "=TRIVIALNUMBER(A{row})"}, rounds)
            print(f"{ROWS} single cells, milliseconds: median (quartiles)")
            for name, taken in runs.items():
                _show(name, [1000 * t for t in taken], 0)
            print("times a trivial function")
            for name in PEERS:
                ratios = [a / b for a, b in zip(runs["RISKSCORE"], runs[name], strict=True)]
                _show(f"RISKSCORE : {name}", ratios, 2)
            spans = {name: f"={name}(A2:F{ROWS + 1})" for name in ("TRANSPORT", "RISKSCORE", "DEFAULTPROB")}
            runs = _rounds(office, spans, 3 * rounds)
            print(f"one array call of {ROWS} rows, milliseconds")
            for name, taken in runs.items():
                _show(name, [1000 * t for t in taken], 1)
            for name in ("RISKSCORE", "DEFAULTPROB"):
                over = [1000 * (a - b) for a, b in zip(runs[name], runs["TRANSPORT"], strict=True)]
                _show(f"{name} over transport", over, 1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
