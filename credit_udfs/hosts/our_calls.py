"""Our functions as the engine calls them back: collected in one round of calculation, computed together for the next.

Ten thousand cells with a score are ten thousand calls of the engine, and one of ours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from credit_udfs.cells import REGISTRY, ErrorValue
from credit_udfs.hosts.engine import CODES, Key, error
from credit_udfs.hosts.spelling import cells_told

_PENDING = error("#NULL!")  # which next to no cell ever holds; what has it as an argument waits too


@dataclass
class _Call:
    """A call of one of our functions in a cell: what it was called with, and its result."""

    name: str
    args: tuple[Any, ...]
    result: list[list[Any]] | None = None


class OurCalls:
    """The calls of our functions in a workbook.

    places: the cell of each place number (`spelling.Place`). dates: the cells that hold dates, which are numbers for
    the engine; where there are any, calls tell which cells their arguments are.
    """

    def __init__(self, places: Sequence[Key], dates: Mapping[Key, dt.date | dt.time]) -> None:
        self._places, self._dates = places, dates
        self._made: dict[tuple[Key, int], _Call] = {}
        self._count: dict[Key, int] = {}
        self._queue: list[_Call] = []
        self._collecting = False
        self.waiting = False

    @property
    def count(self) -> int:
        """Calls in the last round."""
        return sum(self._count.values())

    def begin(self, *, collecting: bool) -> None:
        """A round begins. collecting: calls not computed yet are to wait for `compute`; else they're made at once."""
        self._collecting, self.waiting, self._queue, self._count = collecting, False, [], {}

    def function(self, name: str) -> Callable[..., Any]:
        """The function as the engine calls it: round, place, and its arguments."""

        def call(_round: float, place: float, *args: Any) -> Any:
            key = self._places[int(place)]
            number = self._count.get(key, 0)
            self._count[key] = number + 1
            return self._answer(key, number, name, self._dated(*args) if self._dates else args)

        return call

    def _answer(self, key: Key, number: int, name: str, args: tuple[Any, ...]) -> Any:
        made = self._made.get((key, number))
        if made is None or made.name != name or made.args != args:
            made = self._made[key, number] = _Call(name, args)
            if self._collecting and not _waits(args):
                self._queue.append(made)
        if made.result is None and self._collecting:
            self.waiting = True
            return _PENDING
        if made.result is None:
            made.result = REGISTRY[name].call(_given(args))
        rows = [[error(cell.code) if isinstance(cell, ErrorValue) else cell for cell in row] for row in made.result]
        return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows

    def compute(self) -> bool:
        """Compute the calls of this round, like ones together; whether there were any."""
        by_name: dict[str, list[_Call]] = {}
        for made in self._queue:
            by_name.setdefault(made.name, []).append(made)
        for name, group in by_name.items():
            results = REGISTRY[name].call_many([_given(made.args) for made in group])
            for made, result in zip(group, results, strict=True):
                made.result = result
        return bool(by_name)

    def results(self, key: Key) -> list[list[list[Any]]]:
        """The results of the calls in a cell, the last first: what is inside is called before what is around it."""
        made = (self._made[key, number] for number in reversed(range(self._count.get(key, 0))))
        return [call.result for call in made if call.result is not None]

    def _dated(self, told: str, *args: Any) -> tuple[Any, ...]:
        """Arguments with the dates that their cells hold."""
        dated = list(args)
        for i, (arg, area) in enumerate(zip(args, cells_told(told), strict=False)):
            if area is None:
                continue
            sheet, top, left = area
            rows = [
                [self._dates.get((sheet, y, x), cell) for x, cell in enumerate(row, left)]
                for y, row in enumerate(arg if isinstance(arg, list) else [[arg]], top)
            ]
            dated[i] = rows if isinstance(arg, list) else rows[0][0]
        return tuple(dated)


def _waits(args: Iterable[Any]) -> bool:
    """Whether something among the arguments is still to be computed."""
    return any(_waits(arg) if isinstance(arg, list) else arg == _PENDING for arg in args)


def _given(args: Sequence[Any]) -> list[Any]:
    """Arguments as our functions take them: an error as its text."""
    return [
        [[_cell(cell) for cell in row] for row in arg] if isinstance(arg, list) else _cell(arg) for arg in args
    ]  # fmt: skip


def _cell(value: Any) -> Any:
    return CODES.get(value["kind"], "#VALUE!") if isinstance(value, dict) else value
