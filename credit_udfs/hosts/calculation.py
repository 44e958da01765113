"""Calculating a loaded workbook: our functions by themselves, everything around them by formualizer.

The workbook is openpyxl's, read only here. Formulas that don't depend on ours count with the value the file holds for
them, where it holds one: a spreadsheet program has computed it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import formualizer as fz
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from credit_udfs.cells import REGISTRY, ErrorValue
from credit_udfs.cells.formula import canonical
from credit_udfs.errors import BadInput
from credit_udfs.hosts.elementwise import CHECK, EACH, OWN, THOUSANDS, amount, digits, doubt, each
from credit_udfs.hosts.engine import CODES, Engine, Err, Key, Value, address, error
from credit_udfs.hosts.our_calls import OurCalls
from credit_udfs.hosts.spelling import AMOUNT, DIGITS, FIXED, MISSING, WHOLE, Place, Speller, plain

Stored: TypeAlias = Callable[[], Mapping[Key, Value]]
Reasons: TypeAlias = dict[Key, tuple[str, dict[str, object]]]

_ROUNDS = 4  # of collecting; what then still changes (long chains of our functions) is computed call by call
_TABLE = "=TABLE()"
_FAILED = {"Error": "batch.syntax", "NImpl": "batch.unsupported", "Circ": "batch.circular"}
"""What the engine says of a cell that it can't calculate; and a result that has no room is a cell's own failure."""
_FAILED[CODES["Spill"]] = "batch.spill_blocked"


@dataclass(frozen=True)
class Failure:
    """A cell that could not be evaluated, and why: a key of locale/, and its values."""

    sheet: str
    cell: str
    formula: str
    key: str
    values: Mapping[str, object]


class Calculation:
    """One calculation of a workbook.

    stored: gives the values that the file holds for its formulas, read only when there are ordinary ones.
    dynamic: array formulas may grow (the file knows dynamic arrays).
    `texts` are the workbook's formulas, canonical, and `ours` those with one of our functions. After `run`: `around`,
    the formulas that depend on ours; `values` of the formulas; `spills`, the other cells that results cover, and
    `extents`, rows and columns of each result larger than a cell; `failures`, and `told`, those of them that ours
    have to do with.
    """

    def __init__(self, book: Any, stored: Stored, *, dynamic: bool) -> None:
        self.book, self.stored, self.dynamic = book, stored, dynamic
        self.texts: dict[Key, str] = {}
        self.ours: set[Key] = set()
        self.around: set[Key] = set()
        self.values: dict[Key, Value] = {}
        self.spills: dict[Key, Value] = {}
        self.extents: dict[Key, tuple[int, int]] = {}
        self.failures: dict[Key, Failure] = {}
        self.told: list[Key] = []
        self._dates: dict[Key, dt.date | dt.time] = {}
        self._amounts = False  # whether cells hold texts such as "1,000"
        self._areas: dict[Key, tuple[int, int]] = {}
        self._places: list[Key] = []
        self._missing: dict[Key, tuple[str, str]] = {}
        self._whole: dict[Key, list[list[Any]]] = {}
        self._laid: dict[Key, tuple[int, int]] = {}
        self._find()
        # Cells whose values are results.
        self._hidden = {at for key, area in self._areas.items() for at in _beside(key, area)}
        self._calls = OurCalls(self._places, self._dates)

    @property
    def calls(self) -> int:
        """Calls of our functions."""
        return self._calls.count

    # --- what there is --------------------------------------------------------------------------------------

    def _find(self) -> None:
        hidden = {name.upper() for name in self.book.defined_names}  # a name of the workbook's own wins, as in Excel
        for sheet in self.book.worksheets:
            for (row, column), cell in sheet._cells.items():  # iter_rows would create every cell between the used ones
                if cell.data_type == "f":
                    self._note((sheet.title, row, column), cell.value, hidden)
                elif cell.data_type == "d":
                    self._dates[sheet.title, row, column] = cell.value
                elif type(cell.value) is str and "," in cell.value and THOUSANDS.fullmatch(cell.value):
                    self._amounts = True

    def _note(self, key: Key, value: Any, hidden: set[str]) -> None:
        if isinstance(value, DataTableFormula):
            self.texts[key] = _TABLE
            return
        if isinstance(value, ArrayFormula):
            left, top, right, bottom = range_boundaries(value.ref)
            self._areas[key] = (bottom - top + 1, right - left + 1)
            value = value.text
        text, names = canonical(value if value.startswith("=") else f"={value}")
        self.texts[key] = text
        if names and not hidden.intersection(names):
            self.ours.add(key)

    def _engine(self) -> Engine:
        functions = {name: self._calls.function(name) for name in REGISTRY}
        functions |= {
            MISSING: self._note_missing,
            DIGITS: digits,
            AMOUNT: amount,
            EACH: each,
            CHECK: self._check,
            FIXED: _fixed,
            WHOLE: self._keep,
            **{name: partial(each, name) for name in OWN},
        }
        engine = Engine(self.book, functions)
        speller = Speller(self.book, dated=bool(self._dates), amounts=self._amounts)
        for sheet in self.book.worksheets:
            cells: dict[tuple[int, int], Any] = {}
            formulas: dict[tuple[int, int], str] = {}
            for at, cell in sheet._cells.items():
                value = cell._value
                if value is None:
                    continue
                key = (sheet.title, *at)
                if key in self.texts:
                    formulas[at] = self._spelled(key, speller)
                elif key not in self._hidden:
                    cells[at] = Err(value) if cell.data_type == "e" else value
            engine.fill(sheet.title, cells, formulas, self._unread)
        return engine

    def _spelled(self, key: Key, speller: Speller) -> str:
        place = self._place(key)
        if self.texts[key] == _TABLE:
            return f'={MISSING}({place.mark},"batch.data_table","{address(key)}")'
        spelled = speller.spell(self.texts[key], place)
        if key in self._areas and not self.dynamic:
            rows, columns = self._areas[key]
            return f"={FIXED}({rows},{columns},{spelled[1:]})"
        return spelled

    def _unread(self, key: Key) -> str:
        return f'={MISSING}({self._place(key).mark},"batch.syntax","")'

    def _place(self, key: Key) -> Place:
        self._places.append(key)
        return Place(len(self._places) - 1, key[0], key[1])

    def _note_missing(self, _round: float, place: float, key: str, what: str, *_: Any) -> Any:
        self._missing[self._places[int(place)]] = (key, what)
        return error("#N/A")

    def _check(self, round_: float, place: float, name: str, *args: Any) -> Any:
        why = doubt(name, *args)
        return self._note_missing(round_, place, *why) if why else each(name, *args)

    # --- running --------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Calculate. Raises BadInput where the engine refuses the workbook as a whole."""
        engine = self._engine()
        try:
            self._calculate(engine)
            if self._pin(engine) | self._lay(engine):
                self._calculate(engine)
        except fz.ExcelEvaluationError as cause:
            raise BadInput("batch.refused", why=str(cause)) from cause
        self._fail(engine)
        for key in self.texts:
            if key not in self.failures:
                self.values[key] = self._explained(engine, key, key)
                for at in self.covered(key):
                    self.spills[at] = self._explained(engine, at, key)
        self._trace_errors(engine)

    def _calculate(self, engine: Engine) -> None:
        collecting = True
        for round_ in range(_ROUNDS + 1):
            self._missing = {}
            self._calls.begin(collecting=collecting)
            engine.calculate()
            if not self._calls.waiting:
                break
            collecting = self._calls.compute() and round_ + 1 < _ROUNDS
        self.extents = {}
        for key, text in self.texts.items():
            if plain(text) and all(len(result) == len(result[0]) == 1 for result in self._calls.results(key)):
                continue
            if (extent := engine.extent(key)) != (1, 1):
                self.extents[key] = extent
        self.extents |= self._laid
        self.around = set(self._downstream(engine, self.ours))

    def _pin(self, engine: Engine) -> bool:
        """Give formulas that don't depend on ours their stored values, where the engine has come to another."""
        ordinary = [key for key in self.texts if key not in self.ours]
        stored = self.stored() if ordinary else {}
        changed = False
        for key in ordinary:
            if key in self._areas:
                continue
            if key not in self.around and key in stored:
                if not _same(engine.value(key), stored[key]):
                    engine.set_value(key, stored[key])
                    changed = True
            elif key in self.extents or engine.value(key) == _NO_ROOM:
                # A formula that may cover more cells is saved as an array formula: this one shows one value.
                engine.wrap(key, "@(")
                changed = True
        return changed

    def _lay(self, engine: Engine) -> bool:
        """Lay out results that the engine doesn't: it stops at 10,000 cells."""
        wide = [key for key in self.texts if engine.value(key) == _NO_ROOM and (key in self.ours or key in self._areas)]
        for key in wide:
            engine.wrap(key, f"{WHOLE}({self._place(key).mark},")
        if wide:
            self._calls.begin(collecting=False)
            engine.calculate()
        for key in wide:
            grid = self._whole[key]
            if self._in_the_way(key) is not None:
                engine.set_value(key, _NO_ROOM)
                continue
            self._laid[key] = (len(grid), len(grid[0]))
            values = {at[1:]: _held(grid[at[1] - key[1]][at[2] - key[2]]) for at in _beside(key, self._laid[key])}
            engine.fill(key[0], values, {}, self._unread)
        return bool(wide)

    def _keep(self, _round: float, place: float, value: Any) -> Any:
        self._whole[self._places[int(place)]] = value if isinstance(value, list) else [[value]]
        return value[0][0] if isinstance(value, list) else value

    def covered(self, key: Key) -> Iterator[Key]:
        """The cells that a result covers besides its own."""
        return _beside(key, self.extents.get(key, (1, 1)))

    def _downstream(self, engine: Engine, start: Iterable[Key]) -> Iterator[Key]:
        """Formulas that depend on any of these cells, or what they cover."""
        stack, found = list(start), set()
        while stack:
            for key in self._next(engine, stack.pop()):
                if key not in found:
                    found.add(key)
                    stack.append(key)
                    yield key

    def _next(self, engine: Engine, key: Key) -> Iterator[Key]:
        for cell in (key, *self.covered(key)):
            yield from engine.dependents(cell)

    # --- what came out --------------------------------------------------------------------------------------

    def _explained(self, engine: Engine, at: Key, owner: Key) -> Value:
        """The value of a cell, and of an error of ours what it means."""
        value = engine.value(at)
        if not isinstance(value, Err):
            return value
        for grid in self._calls.results(owner):
            i, j = (at[1] - owner[1] if len(grid) > 1 else 0), (at[2] - owner[2] if len(grid[0]) > 1 else 0)
            meant = grid[i][j] if i < len(grid) and j < len(grid[i]) else None
            if isinstance(meant, ErrorValue) and meant.code == value.code:
                value = Err(value.code, meant)
                if not _handed_on(value):
                    break
        return value

    def _trace_errors(self, engine: Engine) -> None:
        """Of an error that comes from another cell of ours, the meaning it has there."""
        shown = {**self.values, **self.spills}
        owners = {at: key for key in self.extents for at in self.covered(key)}

        def meaning(at: Key, value: Err, depth: int) -> ErrorValue | None:
            if depth > _DEEP or not (value.meaning is None or _handed_on(value)):
                return value.meaning
            owner = owners.get(at, at)
            before = [key for key in engine.precedents(owner) if shown.get(key) == value]
            # Of a range, the row that this row of the result is of.
            rows = {key[1]: key for key in reversed(before)}
            key = rows.get(min(rows, default=0) + at[1] - owner[1]) if at != owner else next(iter(before), None)
            key = rows.get(at[1], key)
            return value.meaning if key is None else meaning(key, shown[key], depth + 1) or value.meaning

        for key in self.ours:
            for at in (key, *self.covered(key)):
                if isinstance(value := shown.get(at), Err) and (value.meaning is None or _handed_on(value)):
                    (self.values if at == key else self.spills)[at] = Err(value.code, meaning(at, value, 0))

    def _fail(self, engine: Engine) -> None:
        """Find the cells that could not be evaluated: by themselves, or for a cell that they depend on."""
        reasons: Reasons = {key: (reason, _named(reason, what)) for key, (reason, what) in self._missing.items()}
        behind: dict[Key, Key] = {}
        self._spoil(engine, list(reasons), reasons, behind)
        odd: dict[Key, str] = {}
        for key in self.texts:
            value = engine.value(key)
            if key not in reasons and isinstance(value, Err) and value.code in _FAILED:
                odd[key] = value.code
        followers = {key for start, code in odd.items() if code != "Circ" for key in self._next(engine, start)}
        own = [key for key in odd if key not in followers]
        for key in own:
            reason = _FAILED[odd[key]]
            culprit = self._in_the_way(key) if key in self._whole else None
            reasons[key] = (reason, {"cell": address(culprit or key)})
        self._spoil(engine, own, reasons, behind)
        for key, (reason, values) in reasons.items():
            self.failures[key] = Failure(key[0], address(key), self.texts[key], reason, values)
        told: set[Key] = set()
        for key in (key for key in reasons if key in self.ours or key in self.around):
            cause: Key | None = key
            while cause is not None and cause not in told:  # what such a cell failed for is told too
                told.add(cause)
                cause = behind.get(cause)
        self.told = [key for key in reasons if key in told]

    def _spoil(self, engine: Engine, start: list[Key], reasons: Reasons, behind: dict[Key, Key]) -> None:
        """What depends on cells that failed has failed too, even where it shows a value."""
        stack = list(start)
        while stack:
            top = stack.pop()
            for key in self._next(engine, top):
                if key not in reasons:
                    reasons[key] = ("batch.depends", {"cell": f"{top[0]}!{address(top)}"})
                    behind[key] = top
                    stack.append(key)

    def _in_the_way(self, key: Key) -> Key | None:
        """The first cell that isn't empty where the result of a cell should go."""
        grid = self._whole[key]
        taken = {at for owner in self.extents if owner != key for at in self.covered(owner)}
        for at in _beside(key, (len(grid), len(grid[0]))):
            held = self.book[key[0]]._cells.get(at[1:])
            if at in taken or (held is not None and held._value is not None and at not in self._hidden):
                return at
        return None


_NO_ROOM = Err(CODES["Spill"])
_DEEP = 20  # cells that an error is traced through


def _beside(key: Key, area: tuple[int, int]) -> Iterator[Key]:
    """The cells of an area besides its first."""
    for i in range(area[0]):
        for j in range(area[1]):
            if i or j:
                yield key[0], key[1] + i, key[2] + j


def _named(reason: str, what: str) -> dict[str, object]:
    return {{"batch.sheet": "sheet", "batch.data_table": "cell", "batch.format": "format"}.get(reason, "name"): what}


def _handed_on(value: Err) -> bool:
    """Whether the meaning of an error says only that a cell referred to holds it."""
    return value.meaning == ErrorValue.make(value.meaning.code, "cells.error_in_range", shown=value.code)  # type: ignore[union-attr]


def _held(value: Any) -> Value:
    """A value that the engine hands to a function, as one for a cell."""
    return Err(CODES.get(value["kind"], "#VALUE!")) if isinstance(value, dict) else value


def _fixed(rows: float, columns: float, value: Any) -> list[list[Any]]:
    """An array formula's cells: a single row, column or value repeats, and what is beyond the result is #N/A."""
    grid = value if isinstance(value, list) else [[value]]

    def at(i: int, j: int) -> Any:
        i, j = (0 if len(grid) == 1 else i), (0 if len(grid[0]) == 1 else j)
        return grid[i][j] if i < len(grid) and j < len(grid[0]) else error("#N/A")

    return [[at(i, j) for j in range(int(columns))] for i in range(int(rows))]


def _same(ours: Value, stored: Value) -> bool:
    if isinstance(ours, float) and isinstance(stored, float):
        return math.isclose(ours, stored, rel_tol=1e-12)
    return type(ours) is type(stored) and bool(ours == stored)
