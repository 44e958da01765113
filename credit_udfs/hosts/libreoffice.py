"""The helper process of LibreOffice's extension: ``python -m credit_udfs.hosts.libreoffice``.

LibreOffice's own Python has no numpy. The extension starts this module in the environment that has the package and
asks it over standard input and output; see `libreoffice_link` for how messages look. It computes nothing itself.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from importlib.metadata import version
from typing import Any, BinaryIO

from credit_udfs.cells.spec import CellValue, ErrorValue
from credit_udfs.commands import Area, Content, Formula, Grid, WritePlan
from credit_udfs.errors import CreditError
from credit_udfs.hosts import libreoffice_link as link
from credit_udfs.locale import Lang, text

_LOG = logging.getLogger(__name__)


def _as_json(value: CellValue) -> object:
    if isinstance(value, ErrorValue):
        return {"error": value.code, "zh": value.message_zh, "en": value.message_en}
    return value


def call(message: Mapping[str, Any]) -> dict[str, Any]:
    """Any function for any cell values: {"name", "args"} -> {"rows"}."""
    from credit_udfs.cells import REGISTRY

    rows = REGISTRY[message["name"]].call(message["args"])
    return {"rows": [[_as_json(value) for value in row] for row in rows]}


class OpenBook:
    """The open workbook as commands read it (`commands.BookReader`), asked of LibreOffice over the pipe."""

    def __init__(self, incoming: BinaryIO, out: BinaryIO) -> None:
        self._incoming, self._out = incoming, out

    def _read(self, what: str, *arguments: object) -> Any:
        link.send(self._out, {"read": what, "arguments": arguments})
        return link.receive(self._incoming)["value"]

    @property
    def name(self) -> str:
        return str(self._read("name"))

    @property
    def date1904(self) -> bool:
        return bool(self._read("date1904"))

    def sheets(self) -> Sequence[str]:
        return tuple(self._read("sheets"))

    def used(self, sheet: str) -> Area | None:
        return self._area("used", sheet)

    def named(self, name: str) -> Area | None:
        return self._area("named", name)

    def _area(self, what: str, name: str) -> Area | None:
        found = self._read(what, name)
        return Area(*found) if found else None

    def values(self, area: Area) -> Sequence[Sequence[object]]:
        rows = self._read("values", *astuple(area))
        return [[None if value == "" else value for value in row] for row in rows]

    def contents(self, area: Area) -> Sequence[Sequence[Content]]:
        rows = self._read("contents", *astuple(area))
        return [[Formula(v["formula"]) if isinstance(v, dict) else None if v == "" else v for v in row] for row in rows]


_EPOCHS = {False: dt.date(1899, 12, 30), True: dt.date(1904, 1, 1)}


def _held(value: Content, date1904: bool) -> Content:
    """A value as a cell of Calc holds it: booleans and dates are numbers there."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, dt.datetime):
        day = dt.timedelta(days=1)
        return (value - dt.datetime.combine(_EPOCHS[date1904], dt.time())) / day
    if isinstance(value, dt.date):
        return float((value - _EPOCHS[date1904]).days)
    return float(value) if isinstance(value, int) else value


def _sent(grid: Grid) -> list[list[object]]:
    return [[{"formula": v.text} if isinstance(v, Formula) else v for v in row] for row in grid]


def _plan_as_json(plan: WritePlan, lang: Lang) -> dict[str, Any]:
    return {
        "writes": [
            {
                "sheet": write.sheet,
                "top": write.top_left[0],
                "left": write.top_left[1],
                "values": _sent(write.values),
                "previous": _sent(write.previous),
                "formats": write.formats,
            }
            for write in plan.writes
        ],
        "creates": plan.creates,
        "removes": plan.removes,
        "asks": plan.asks,
        "show": plan.show,
        "summary": plan.summary(lang),
    }


class Server:
    """Answers messages until the other side goes; remembers per workbook what was written last."""

    def __init__(self, incoming: BinaryIO, out: BinaryIO) -> None:
        self._incoming, self._out = incoming, out
        self._planned: dict[str, WritePlan] = {}
        self._last: dict[str, WritePlan] = {}

    def run(self) -> None:
        link.send(self._out, {"version": version("credit_udfs"), "python": sys.executable})
        while True:
            try:
                message = link.receive(self._incoming)
            except EOFError:
                return
            link.send(self._out, self._answer(message))

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        answers = {"call": call, "verb": self._verb, "applied": self._applied, "undone": self._undone}
        return answers[message["op"]](message)

    def _verb(self, message: Mapping[str, Any]) -> dict[str, Any]:
        from credit_udfs import commands

        lang: Lang = "zh" if message["lang"] == "zh" else "en"
        book = OpenBook(self._incoming, self._out)

        def progress(stage: str, done: int, total: int) -> None:
            link.send(self._out, {"progress": [text(f"stages.{stage}", lang), done, total]})

        try:
            plan = commands.run(message["verb"], book, lang, last=self._last.get(message["book"]), progress=progress)
            date1904 = book.date1904 if plan.writes else False
        except CreditError as error:
            return {"refused": error.text(lang)}
        except Exception as error:
            # A mistake of ours: said in the box, and in full on the standard error stream.
            _LOG.exception("%s failed", message["verb"])
            return {"refused": text("libreoffice.failed", lang, why=type(error).__name__)}
        writes = tuple(
            replace(write, values=tuple(tuple(_held(v, date1904) for v in row) for row in write.values))
            for write in plan.writes
        )
        plan = replace(plan, writes=writes)
        self._planned[message["book"]] = plan
        return {"plan": _plan_as_json(plan, lang)}

    def _applied(self, message: Mapping[str, Any]) -> dict[str, Any]:
        book = message["book"]
        if book in self._planned:
            self._last[book] = self._planned[book]
        return {}

    def _undone(self, message: Mapping[str, Any]) -> dict[str, Any]:
        self._last.pop(message["book"], None)
        return {}


def main() -> None:
    # The pipe is ours alone: whatever a library prints must not get between the messages.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    Server(sys.stdin.buffer, out).run()


if __name__ == "__main__":
    main()
