"""Functions that take ranges as they are, by Excel's rules: sums and counts, lookups, criteria, texts joined."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from credit_udfs.hosts.evaluate import (
    OPERATORS,
    cells_of,
    first_error,
    lift,
    rows_of,
    single,
    to_bool,
    to_number,
    to_text,
)
from credit_udfs.hosts.formulas import Err, Value


def _numbers(args: Sequence[Value]) -> Iterator[float | Err]:
    """Numbers as SUM sees them: in ranges texts, booleans and blanks don't count, given directly they do."""
    for arg in args:
        if isinstance(arg, list):
            for cell in cells_of(arg):
                if cell is not None and not isinstance(cell, (str, bool)):
                    yield to_number(cell)
        elif arg is not None:
            yield to_number(arg)


def _over(reduce: Callable[[list[float]], float | Err]) -> Callable[..., Value]:
    def compute(*args: Value) -> Value:
        numbers: list[float] = []
        for number in _numbers(args):
            if isinstance(number, Err):
                return number
            numbers.append(number)
        return reduce(numbers)

    return compute


def _sum(numbers: Sequence[float]) -> float:
    total = 0.0
    for number in numbers:
        total += number
    return total


def _median(numbers: list[float]) -> float | Err:
    if not numbers:
        return Err("#NUM!")
    ordered, half = sorted(numbers), len(numbers) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2.0


def _logical(reduce: Callable[[list[bool]], bool]) -> Callable[..., Value]:
    def compute(*args: Value) -> Value:
        found: list[bool] = []
        for arg in args:
            for cell in cells_of(arg):
                if isinstance(arg, list) and (cell is None or isinstance(cell, str)):
                    continue
                yes = to_bool(cell)
                if isinstance(yes, Err):
                    return yes
                found.append(yes)
        return reduce(found) if found else Err("#VALUE!")

    return compute


def _index(values: Value, row: Value = None, column: Value = None) -> Value:
    grid = rows_of(values)
    i, j = to_number(single(row)), to_number(single(column))
    if isinstance(i, Err) or isinstance(j, Err):
        return i if isinstance(i, Err) else j
    if len(grid) == 1 and column is None:
        i, j = 0.0, i
    if not (0 <= i <= len(grid) and 0 <= j <= len(grid[0])):
        return Err("#REF!")
    chosen = [grid[int(i) - 1]] if i else grid
    chosen = [[r[int(j) - 1]] for r in chosen] if j else chosen
    return chosen[0][0] if len(chosen) == len(chosen[0]) == 1 else chosen


def _position(wanted: Value, cells: Sequence[Value], approximate: float) -> int | None:
    """Where `wanted` is: exactly, or with `approximate` 1 (-1) the last not above (not below) it."""
    if not approximate:
        for i, cell in enumerate(cells):
            if cell is not None and OPERATORS["="](cell, wanted) is True:
                return i
        return None
    last = None
    test = OPERATORS["<=" if approximate > 0 else ">="]
    for i, cell in enumerate(cells):
        if cell is None or isinstance(cell, Err) or isinstance(cell, str) != isinstance(wanted, str):
            continue
        if test(cell, wanted) is not True:
            break
        last = i
    return last


def _match(wanted: Value, cells: Value, kind: Value = 1.0) -> Value:
    how = to_number(single(kind))
    if isinstance(how, Err):
        return how
    flat = list(cells_of(cells))

    def find(one: Value) -> Value:
        if isinstance(one, Err):
            return one
        at = _position(one, flat, how)
        return Err("#N/A") if at is None else float(at + 1)

    return lift(find, [wanted])


def _lookup(transpose: bool) -> Callable[..., Value]:
    def compute(wanted: Value, table: Value, number: Value, approximate: Value = True) -> Value:
        near, which = to_bool(single(approximate)), to_number(single(number))
        if isinstance(near, Err) or isinstance(which, Err):
            return near if isinstance(near, Err) else which
        grid = rows_of(table)
        grid = [list(r) for r in zip(*grid, strict=True)] if transpose else grid
        if not 1 <= which <= len(grid[0]):
            return Err("#REF!") if which > 0 else Err("#VALUE!")

        def find(one: Value) -> Value:
            if isinstance(one, Err):
                return one
            at = _position(one, [r[0] for r in grid], float(near))
            return Err("#N/A") if at is None else grid[at][int(which) - 1]

        return lift(find, [wanted])

    return compute


def _xlookup(wanted: Value, cells: Value, results: Value, missing: Value = None) -> Value:
    flat, found = list(cells_of(cells)), list(cells_of(results))
    if len(flat) != len(found):
        return Err("#VALUE!")

    def find(one: Value) -> Value:
        at = _position(one, flat, 0.0)
        return found[at] if at is not None else Err("#N/A") if missing is None else single(missing)

    return lift(find, [wanted])


def _sumproduct(*args: Value) -> Value:
    grids = [rows_of(a) for a in args]
    if any((len(g), len(g[0])) != (len(grids[0]), len(grids[0][0])) for g in grids):
        return Err("#VALUE!")
    total = 0.0
    for cells in zip(*(list(cells_of(g)) for g in grids), strict=True):
        if (error := first_error(cells)) is not None:
            return error
        product = 1.0
        for cell in cells:
            product *= 0.0 if cell is None or isinstance(cell, (str, bool)) else float(to_number(cell))  # type: ignore[arg-type]  # errors are out
        total += product
    return total


def _criterion(criterion: Value) -> Callable[[Value], bool]:
    op, operand = "=", criterion
    if isinstance(criterion, str):
        op = next((o for o in ("<=", ">=", "<>", "<", ">", "=") if criterion.startswith(o)), "")
        written = criterion[len(op) :]
        op = op or "="
        number = to_number(written) if written else Err("#VALUE!")
        operand = written if isinstance(number, Err) else number

    def test(cell: Value) -> bool:
        if isinstance(cell, Err):
            return False
        if op != "<>" and isinstance(cell, str) != isinstance(operand, str):
            return False
        if cell is None and op != "<>":
            return bool(operand == "")
        return bool(OPERATORS[op](cell, operand) is True)

    return test


def _matching(pairs: Sequence[Value]) -> list[bool] | Err:
    """Which cells meet every (range, criterion) of SUMIFS and its kin."""
    if len(pairs) % 2 or not pairs:
        return Err("#VALUE!")
    ranges = [list(cells_of(r)) for r in pairs[::2]]
    if any(len(r) != len(ranges[0]) for r in ranges):
        return Err("#VALUE!")
    tests = [_criterion(single(c)) for c in pairs[1::2]]
    return [all(test(cell) for test, cell in zip(tests, cells, strict=True)) for cells in zip(*ranges, strict=True)]


def _ifs_over(reduce: Callable[[list[float]], float | Err]) -> Callable[..., Value]:
    def compute(values: Value, *pairs: Value) -> Value:
        chosen = _matching(pairs)
        cells = list(cells_of(values))
        if isinstance(chosen, Err):
            return chosen
        if len(cells) != len(chosen):
            return Err("#VALUE!")
        return _over(reduce)([[v for v, yes in zip(cells, chosen, strict=True) if yes]])

    return compute


def _countifs(*pairs: Value) -> Value:
    chosen = _matching(pairs)
    return chosen if isinstance(chosen, Err) else float(sum(chosen))


def _sumif(cells: Value, criterion: Value, summed: Value = None) -> Value:
    test = _criterion(single(criterion))
    values = cells if summed is None else summed
    picked = [v for c, v in zip(cells_of(cells), cells_of(values), strict=False) if test(c)]
    return _over(_sum)([picked]) if picked else 0.0


def _countif(cells: Value, criterion: Value) -> Value:
    test = _criterion(single(criterion))
    return float(sum(map(test, cells_of(cells))))


def _averageif(cells: Value, criterion: Value, averaged: Value = None) -> Value:
    test = _criterion(single(criterion))
    values = cells if averaged is None else averaged
    picked = [v for c, v in zip(cells_of(cells), cells_of(values), strict=False) if test(c)]
    return _over(_mean)([picked]) if picked else Err("#DIV/0!")


def _mean(numbers: list[float]) -> float | Err:
    return _sum(numbers) / len(numbers) if numbers else Err("#DIV/0!")


def _count(*args: Value) -> Value:
    return float(sum(not isinstance(n, Err) for n in _numbers(args)))


def _counta(*args: Value) -> Value:
    return float(sum(cell is not None for arg in args for cell in cells_of(arg)))


def _ordered(reverse: bool) -> Callable[..., Value]:
    def compute(cells: Value, k: Value) -> Value:
        numbers = list(_numbers([rows_of(cells)]))
        if (error := first_error(numbers)) is not None:
            return error
        which = to_number(single(k))
        if isinstance(which, Err):
            return which
        ordered = sorted((n for n in numbers if isinstance(n, float)), reverse=reverse)
        return ordered[int(which) - 1] if 1 <= which <= len(ordered) else Err("#NUM!")

    return compute


def concat(*args: Value) -> Value:
    written = ""
    for arg in args:
        for cell in cells_of(arg):
            more = to_text(cell)
            if isinstance(more, Err):
                return more
            written += more
    return written


def _textjoin(between: Value, skip: Value, *args: Value) -> Value:
    parts: list[str] = []
    for arg in args:
        for cell in cells_of(arg):
            more = to_text(cell)
            if isinstance(more, Err):
                return more
            if more or not to_bool(single(skip)):
                parts.append(more)
    joiner = to_text(single(between))
    return joiner if isinstance(joiner, Err) else joiner.join(parts)


def _transpose(value: Value) -> Value:
    return [list(row) for row in zip(*rows_of(value), strict=True)]


WHOLE: dict[str, Callable[..., Value]] = {
    "SUM": _over(_sum),
    "AVERAGE": _over(_mean),
    "MIN": _over(lambda n: min(n, default=0.0)),
    "MAX": _over(lambda n: max(n, default=0.0)),
    "PRODUCT": _over(lambda n: math.prod(n) if n else 0.0),
    "MEDIAN": _over(_median),
    "COUNT": _count,
    "COUNTA": _counta,
    "LARGE": _ordered(True),
    "SMALL": _ordered(False),
    "AND": _logical(all),
    "OR": _logical(any),
    "XOR": _logical(lambda found: sum(found) % 2 == 1),
    "INDEX": _index,
    "MATCH": _match,
    "VLOOKUP": _lookup(False),
    "HLOOKUP": _lookup(True),
    "XLOOKUP": _xlookup,
    "SUMPRODUCT": _sumproduct,
    "SUMIF": _sumif,
    "COUNTIF": _countif,
    "AVERAGEIF": _averageif,
    "SUMIFS": _ifs_over(_sum),
    "COUNTIFS": _countifs,
    "AVERAGEIFS": _ifs_over(lambda n: _mean(n)),
    "MINIFS": _ifs_over(lambda n: min(n, default=0.0)),
    "MAXIFS": _ifs_over(lambda n: max(n, default=0.0)),
    "COUNTBLANK": lambda v: float(sum(cell is None or cell == "" for cell in cells_of(v))),
    "CONCAT": concat,
    "TEXTJOIN": _textjoin,
    "TRANSPOSE": _transpose,
    "ROWS": lambda v: float(len(rows_of(v))),
    "COLUMNS": lambda v: float(len(rows_of(v)[0])),
    "SINGLE": single,
    "NA": lambda: Err("#N/A"),
    "TRUE": lambda: True,
    "FALSE": lambda: False,
    "PI": lambda: math.pi,
}
