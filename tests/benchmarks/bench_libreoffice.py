"""Recalculation in LibreOffice, against trivial Python add-in functions in the same run::

    python tests/benchmarks/bench_libreoffice.py [rounds]

Peers: an add-in of functions that return their first cell: TRIVIALRANGE takes the range as ours must (an error
cell in it is then that row's error); TRIVIALSAME has an optional argument and may spill besides, as ours;
TRIVIALARRAY takes an array (Calc refuses the call when a cell holds an error), TRIVIALNUMBER one number.
"changed" is a recalculation after every input has changed; "same" repeats it with the same inputs.
Measured are processor seconds of LibreOffice and its helper: wall time on a shared machine says more of the
neighbours. The functions take turns in every round; a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import random
import sys
import tempfile
import zipfile
from pathlib import Path
from statistics import median

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


Times = tuple[float, float]  # seconds after a change, and with the same inputs


def _recalculate(book: Book, seed: int, times: int) -> Times:
    """Seconds of one recalculation, on average over `times`."""
    changed = same = 0.0
    for i in range(times):
        book.put(f"A2:F{ROWS + 1}", _firms(seed * times + i))
        before = book.office.ask("cpu")
        book.calculate()
        between = book.office.ask("cpu")
        book.calculate()
        changed, same = changed + between - before, same + book.office.ask("cpu") - between
    value = book.value(f"H{ROWS + 1}")
    if not isinstance(value, float):
        raise SystemExit(f"not calculated: {value}")
    return changed / times, same / times


def _compare(book: Book, formulas: dict[str, str], rounds: int, times: int) -> dict[str, list[Times]]:
    """Each formula's times, round by round."""
    runs: dict[str, list[Times]] = {name: [] for name in formulas}
    for number in range(rounds):
        for name, formula in formulas.items():
            _enter(book, formula)
            runs[name].append(_recalculate(book, number, times))
    return runs


def _show(title: str, runs: dict[str, list[Times]]) -> None:
    print(f"{title:42}changed    same   (median; least)")
    for name, taken in runs.items():
        middle, least = ([pick(t[i] for t in taken) for i in (0, 1)] for pick in (median, min))
        print(f"  {name:40}{middle[0]:7.4f} {middle[1]:7.4f}   {least[0]:7.4f} {least[1]:7.4f}")


def main(rounds: int = 7) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder) / "credit_udfs.oxt"
        ours.write_bytes(package())
        peer = _peer(Path(folder) / "peer.oxt")
        environment = {"CREDIT_UDFS_PYTHON": sys.executable}
        with Office(ours, peer, environment=environment) as office, office.new() as book:
            book.ask("automatic", on=False)
            singles = {name: f"={name}(A{{row}}:F{{row}})" for name in (*PEERS[:3], "RISKSCORE", "DEFAULTPROB")}
            runs = _compare(book, {**singles, "TRIVIALNUMBER": "=TRIVIALNUMBER(A{row})"}, rounds, 2)
            _show(f"{ROWS} single cells, processor seconds", runs)
            for name in PEERS:
                ratios = [
                    median(one[i] / other[i] for one, other in zip(runs["RISKSCORE"], runs[name], strict=True))
                    for i in (0, 1)
                ]
                print(f"  {'RISKSCORE : ' + name:40}{ratios[0]:7.2f} {ratios[1]:7.2f}")
            spans = {name: f"={name}(A2:F{ROWS + 1})" for name in ("TRANSPORT", "RISKSCORE", "DEFAULTPROB")}
            runs = _compare(book, spans, rounds, 6)
            _show(f"one array call of {ROWS} rows", runs)
            for name in ("RISKSCORE", "DEFAULTPROB"):
                over = [
                    1000 * median(one[i] - other[i] for one, other in zip(runs[name], runs["TRANSPORT"], strict=True))
                    for i in (0, 1)
                ]
                print(f"  {name + ' over transport, ms':40}{over[0]:7.1f} {over[1]:7.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
