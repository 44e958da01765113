"""Calculating our functions in a loaded workbook: which cells, in which order, many rows in one call.

The workbook is openpyxl's, read only here. Formulas that hold one of our functions, and those that depend on them,
are computed; every other formula counts with the value the file holds for it, or is computed when it holds none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from credit_udfs.cells import REGISTRY, ErrorValue
from credit_udfs.cells.formula import canonical_with_names
from credit_udfs.hosts.book_names import Names
from credit_udfs.hosts.evaluate import Context, evaluate
from credit_udfs.hosts.formulas import Call, Err, Formula, Ref, Unsupported, Value, column_letters, parse

Key: TypeAlias = tuple[str, int, int]  # sheet, row, column
Cached: TypeAlias = Callable[[], Mapping[Key, Value]]

_PASSES = 6  # a spill may change what another formula reads, which may change its spill, ...


@dataclass(frozen=True)
class Failure:
    """A cell that could not be evaluated, and why: a key of locale/, and its values."""

    sheet: str
    cell: str
    formula: str
    key: str
    values: Mapping[str, object]


@dataclass(frozen=True)
class Cell:
    """A formula with one of our functions. area: rows and columns of an array formula, else None."""

    key: Key
    text: str
    area: tuple[int, int] | None


class _Need(Exception):
    """These cells must be known first."""

    def __init__(self, keys: list[Key]) -> None:
        super().__init__(keys)
        self.keys = keys


class _Waiting(Exception):
    """One of our functions has been called and is computed with the others of this round."""


def address(key: Key) -> str:
    return f"{column_letters(key[2])}{key[1]}"


class Calculation(Context):
    """One calculation of a workbook.

    cached: gives the values the file holds for its formulas, read only when there are ordinary ones.
    dynamic: array formulas may grow (the file knows dynamic arrays).
    After `run`: `values` of our cells and of the formulas that depend on them; `spills`, the other cells their
    results cover; `failures`.
    """

    def __init__(self, book: Any, cached: Cached, *, dynamic: bool) -> None:
        self.book, self.cached, self.dynamic = book, cached, dynamic
        self._names = Names(book)
        self.cells: dict[str, dict[tuple[int, int], Any]] = {}
        self.sheet_names: dict[str, str] = {}
        self.texts: dict[Key, str] = {}
        self.ours: dict[Key, Cell] = {}
        self.values: dict[Key, Value] = {}
        self.spills: dict[Key, Value] = {}
        self.failures: dict[Key, Failure] = {}
        self.calls = 0
        self._extent: dict[str, tuple[int, int]] = {}
        self._parsed: dict[Key, Formula | Unsupported] = {}
        self._touches: dict[Key, bool] = {}
        self._owner: dict[Key, Key] = {}
        self._blocked: dict[Key, Key] = {}
        self._results: dict[tuple[Key, int], Value] = {}
        self._queue: dict[tuple[Key, int], tuple[str, list[Value]]] = {}
        self._waiting: set[Key] = set()
        self._current: Key = ("", 0, 0)
        self._find()

    # --- what there is --------------------------------------------------------------------------------------

    def _find(self) -> None:
        shadowed = {name.upper() for name in self.book.defined_names}
        for sheet in self.book.worksheets:
            # iter_rows would create every empty cell between the used ones.
            cells = sheet._cells
            self.cells[sheet.title] = cells
            self.sheet_names[sheet.title.casefold()] = sheet.title
            for (row, column), cell in cells.items():
                if cell.data_type == "f":
                    self._note(sheet.title, row, column, cell.value, shadowed)

    def _note(self, sheet: str, row: int, column: int, value: Any, shadowed: set[str]) -> None:
        if isinstance(value, DataTableFormula):
            return
        area = None
        if isinstance(value, ArrayFormula):
            (first, *_, last) = value.ref.split(":") if ":" in value.ref else (value.ref, value.ref)
            here = parse(f"{first}:{last}").refs[0]
            area = (here.bottom - here.top + 1, here.right - here.left + 1)
            value = value.text
        text = value if value.startswith("=") else f"={value}"
        key = (sheet, row, column)
        spelled, names = canonical_with_names(text)
        if names and not shadowed.intersection(names):
            text = spelled
            self.ours[key] = Cell(key, text, area)
            for i in range(area[0] if area else 0):
                for j in range(area[1] if area else 0):
                    if (i, j) != (0, 0):
                        self._owner[(sheet, row + i, column + j)] = key
        self.texts[key] = text

    def _formula(self, key: Key) -> Formula:
        found = self._parsed.get(key)
        if found is None:
            try:
                found = parse(self.texts[key])
            except Unsupported as why:
                found = why
            self._parsed[key] = found
        if isinstance(found, Unsupported):
            raise found
        return found

    # --- running --------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Calculate our cells, and the ordinary formulas whose values would be wrong or missing."""
        for _ in range(_PASSES):
            self.values, self.spills, self.failures, self._results, self.calls = {}, {}, {}, {}, 0
            self._touches = {}
            before, blocked = dict(self._owner), len(self._blocked)
            self._pass([*self.ours, *self._ordinary()])
            self._spread()
            if len(self._blocked) == blocked and not self._read_spills(before):
                break

    def _ordinary(self) -> list[Key]:
        """Ordinary formulas that depend on ours, or that the file holds no value for."""
        ordinary = [key for key in self.texts if key not in self.ours]
        stored = self.cached() if ordinary else {}
        return [key for key in ordinary if key not in stored or self.touches(key)]

    def value(self, key: Key) -> Value:
        """What a cell shows: of a result larger than the cell its first value."""
        value = self.values[key]
        return value[0][0] if isinstance(value, list) else value

    def _pass(self, wanted: list[Key]) -> None:
        pending = wanted
        while pending:
            self._waiting = set()
            for key in pending:
                if key not in self.values:
                    self._settle(key)
            pending = [key for key in pending if key not in self.values and key not in self.failures]
            if not self._queue:
                break
            self._compute()

    def _compute(self) -> None:
        """The calls of this round, like ones together."""
        queued, self._queue = self._queue, {}
        by_name: dict[str, list[tuple[tuple[Key, int], list[Value]]]] = {}
        for place, (name, args) in queued.items():
            by_name.setdefault(name, []).append((place, args))
        for name, group in by_name.items():
            self.calls += len(group)
            results = REGISTRY[name].call_many([args for _, args in group])
            for (place, _), result in zip(group, results, strict=True):
                value: Value
                if len(result) == 1 and len(result[0]) == 1:
                    value = _from_cell(result[0][0])
                else:
                    value = [[_from_cell(v) for v in row] for row in result]
                self._results[place] = value
                formula = self._parsed[place[0]]
                if isinstance(formula, Formula) and isinstance(formula.tree, Call) and formula.tree.id == place[1]:
                    self.values[place[0]] = value  # the call is the whole formula

    def _settle(self, key: Key) -> None:
        """Evaluate a cell and, before it, what it needs; without recursion, since chains of cells can be long."""
        stack, active = [key], set()
        while stack:
            top = stack[-1]
            if top in self.values or top in self.failures or top in self._waiting:
                active.discard(stack.pop())
                continue
            try:
                if top in self._blocked:
                    raise Unsupported("batch.spill_blocked", cell=address(self._blocked[top]))
                self._current = top
                self.values[top] = evaluate(self._formula(top), self)
            except _Need as need:
                active.add(top)
                circle = next((k for k in need.keys if k in active), None)
                if circle is None:
                    stack.extend(need.keys)
                    continue
                self._fail(top, Unsupported("batch.circular", cell=address(circle)))
            except _Waiting:
                self._waiting.add(top)
            except Unsupported as why:
                self._fail(top, why)
            active.discard(stack.pop())

    def _fail(self, key: Key, why: Unsupported) -> None:
        self.failures[key] = Failure(key[0], address(key), self.texts[key], why.key, why.values)

    # --- spills ---------------------------------------------------------------------------------------------

    def _spread(self) -> None:
        """Lay results larger than a cell over the sheet."""
        for key, cell in self.ours.items():
            value = self.values.get(key)
            if key not in self.values or (cell.area is None and not isinstance(value, list)):
                continue
            sheet, row, column = key
            grid = value if isinstance(value, list) else [[value]]
            height, width = len(grid), len(grid[0])
            if cell.area is not None and not self.dynamic:
                height, width = cell.area
            elif cell.area is not None:
                height, width = max(height, cell.area[0]), max(width, cell.area[1])
            covered = [(i, j) for i in range(height) for j in range(width) if (i, j) != (0, 0)]
            blocked = next((at for i, j in covered if self._taken(at := (sheet, row + i, column + j), key)), None)
            if blocked is not None:
                self._blocked[key] = blocked
                continue
            for i, j in covered:
                at = (sheet, row + i, column + j)
                self._owner[at] = key
                self.spills[at] = self._laid(grid, i, j, dynamic=self.dynamic)

    def _laid(self, grid: list[list[Value]], i: int, j: int, *, dynamic: bool) -> Value:
        # In an array formula a single row, column or value repeats, and what is beyond the result is #N/A.
        if not dynamic:
            i, j = 0 if len(grid) == 1 else i, 0 if len(grid[0]) == 1 else j
        if i < len(grid) and j < len(grid[0]):
            return grid[i][j]
        return None if dynamic else Err("#N/A")

    def _taken(self, at: Key, by: Key) -> bool:
        owner = self._owner.get(at)
        if owner is not None:
            return owner != by
        cell = self.cells[at[0]].get(at[1:])
        return cell is not None and cell.value is not None

    def _read_spills(self, before: Mapping[Key, Key]) -> bool:
        """Whether a formula refers to a cell that has turned out to be part of a spill."""
        fresh = [key for key in self._owner if key not in before]
        if not fresh:
            return False
        boxes: dict[str, tuple[int, int, int, int]] = {}
        for sheet, row, column in fresh:
            left, top, right, bottom = boxes.get(sheet, (column, row, column, row))
            boxes[sheet] = (min(left, column), min(top, row), max(right, column), max(bottom, row))
        for key, formula in self._parsed.items():
            for ref in self._refs(formula, key) if isinstance(formula, Formula) else ():
                box = boxes.get(self._sheet(ref, key))
                if box is None or ref.left > box[2] or ref.top > box[3]:
                    continue
                if (ref.right or box[2]) >= box[0] and (ref.bottom or box[3]) >= box[1]:
                    return True
        return False

    # --- what a formula sees --------------------------------------------------------------------------------

    def is_ours(self, name: str) -> bool:
        return name in REGISTRY

    def our_function(self, call: Call, args: Callable[[], list[Value]]) -> Value:
        place = (self._current, call.id)
        if place in self._results:
            return self._results[place]
        self._queue[place] = (call.name, [_to_raw(a) for a in args()])
        raise _Waiting

    def name(self, name: str) -> Value:
        return evaluate(self._names.meaning(name, *self._current[:2]), self)

    def cell_range(self, ref: Ref) -> Value:
        sheet = self._sheet(ref, self._current)
        cells = self.cells.get(sheet)
        if cells is None:
            raise Unsupported("batch.sheet", sheet=ref.sheet)
        right, bottom = ref.right, ref.bottom
        if not right or not bottom:
            last_row, last_column = self._last(sheet)
            right, bottom = right or last_column, bottom or last_row
        needs: list[Key] = []
        rows = [
            [self._value(sheet, cells, row, column, needs) for column in range(ref.left, right + 1)]
            for row in range(ref.top, bottom + 1)
        ]
        if needs:
            raise _Need(needs)
        if ref.single:
            return rows[0][0]
        return rows or [[None]]

    def _value(
        self, sheet: str, cells: Mapping[tuple[int, int], Any], row: int, column: int, needs: list[Key]
    ) -> Value:
        cell = cells.get((row, column))
        if self._owner and (sheet, row, column) in self._owner:
            return self._spilled((sheet, row, column), needs)
        if cell is None:
            return None
        kind = cell.data_type
        if kind in ("n", "b", "d"):
            return cell.value
        if kind == "f":
            return self._formula_value((sheet, row, column), needs)
        if kind == "e":
            return Err(cell.value)
        return str(cell.value)

    def _formula_value(self, key: Key, needs: list[Key]) -> Value:
        if key in self.values:
            return self.value(key)
        if key in self.failures:
            raise Unsupported("batch.depends", cell=f"{key[0]}!{address(key)}")
        if key in self._waiting:
            raise _Waiting
        if key not in self.texts:
            raise Unsupported("batch.data_table", cell=f"{key[0]}!{address(key)}")
        if not self.touches(key) and (known := self.cached().get(key)) is not None:
            return known
        needs.append(key)
        return None

    def _spilled(self, at: Key, needs: list[Key]) -> Value:
        owner = self._owner[at]
        if owner not in self.values:
            self._formula_value(owner, needs)
            return None
        if at in self.spills:
            return self.spills[at]
        value = self.values[owner]
        grid = value if isinstance(value, list) else [[value]]
        fixed = self.ours[owner].area is not None and not self.dynamic
        return self._laid(grid, at[1] - owner[1], at[2] - owner[2], dynamic=not fixed)

    def owner(self, at: Key) -> Key:
        """The formula whose spill covers a cell."""
        return self._owner[at]

    def touches(self, key: Key) -> bool:
        """Whether a formula depends on one of our functions."""
        stack, seen = [key], {key}
        while stack:
            top = stack[-1]
            if top in self._touches:
                stack.pop()
                continue
            if top in self.ours or top in self._owner:
                self._touches[top] = True
                continue
            inner = list(self._precedents(top))
            if any(self._touches.get(k) for k in inner):
                self._touches[top] = True
                continue
            open_ones = [k for k in inner if k not in self._touches and k not in seen]
            if open_ones:
                stack.extend(open_ones)
                seen.update(open_ones)
            else:
                self._touches[top] = False
        return self._touches[key]

    def failures_around_ours(self) -> set[Key]:
        """Cells that failed and are ours, depend on ours, or are what such a cell failed for."""
        stack = [key for key in self.failures if key in self.ours or self.touches(key)]
        found = set(stack)
        while stack:
            behind = {key for key in self._precedents(stack.pop()) if key in self.failures} - found
            found |= behind
            stack.extend(behind)
        return found

    def _precedents(self, key: Key) -> Iterator[Key]:
        """Formulas, and cells of spills, that a formula refers to."""
        if key not in self.texts:
            return
        try:
            formula = self._formula(key)
        except Unsupported:
            return
        for ref in self._refs(formula, key):
            sheet = self._sheet(ref, key)
            right, bottom = ref.right or 1 << 20, ref.bottom or 1 << 20
            if (right - ref.left + 1) * (bottom - ref.top + 1) <= len(self.texts):
                inside: Iterable[Key] = (
                    (sheet, row, column) for row in range(ref.top, bottom + 1) for column in range(ref.left, right + 1)
                )
            else:
                inside = (
                    k
                    for k in (*self.texts, *self._owner)
                    if k[0] == sheet and ref.top <= k[1] <= bottom and ref.left <= k[2] <= right
                )
            yield from (k for k in inside if k in self.texts or k in self._owner)

    def _refs(self, formula: Formula, at: Key) -> Iterator[Ref]:
        """The cells a formula refers to, those behind its names included."""
        yield from formula.refs
        for name in formula.names:
            with contextlib.suppress(Unsupported):
                yield from self._names.meaning(name, *at[:2]).refs

    def _sheet(self, ref: Ref, at: Key) -> str:
        return self.sheet_names.get(ref.sheet.casefold(), "") if ref.sheet else at[0]

    def _last(self, sheet: str) -> tuple[int, int]:
        if sheet not in self._extent:
            used = [*self.cells[sheet], *((r, c) for s, r, c in self._owner if s == sheet)]
            self._extent[sheet] = (max((r for r, _ in used), default=1), max((c for _, c in used), default=1))
        return self._extent[sheet]


def _from_cell(value: Any) -> Value:
    return Err(value.code, value) if isinstance(value, ErrorValue) else value


def _to_raw(value: Value) -> Any:
    """A value as our functions take it: an error as what it means, or its text."""
    if isinstance(value, list):
        return [[_to_raw(v) for v in row] for row in value]
    if isinstance(value, Err):
        return value.meaning or value.code
    return value
