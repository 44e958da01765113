"""Calling a cell function: its arguments lined up row by row, its errors put where they belong, like calls merged."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from credit_udfs.cells.coerce import (
    Block,
    CallError,
    Errors,
    Raw,
    Values,
    block_of,
    column_of,
    grid,
    is_blank,
    records_of,
    single,
)
from credit_udfs.cells.spec import Arg, Both, CellFunction, CellValue, ErrorValue
from credit_udfs.errors import CreditError

_LOG = logging.getLogger(__name__)


def call(function: CellFunction, args: Sequence[Raw]) -> list[list[CellValue]]:
    """See `CellFunction.call`."""
    try:
        return _call(function, args)
    except CallError as e:
        return [[e.error]]
    except CreditError as e:
        return [[ErrorValue.of(e)]]
    except Exception as e:
        # A mistake of ours must not take a host down with it; the cell and the log say so.
        _LOG.exception("%s failed", function.name)
        return [[ErrorValue.make("#VALUE!", "cells.unexpected", name=function.name, error=type(e).__name__)]]


def _call(function: CellFunction, args: Sequence[Raw]) -> list[list[CellValue]]:
    _check_count(function, args)
    given = [*args, *[None] * (len(function.args) - len(args))]
    blocks: dict[str, Block | None] = {}
    errors: Errors = {}
    heights: list[int] = []
    for arg, raw in zip(function.args, given, strict=True):
        if arg.kind == "range":
            blocks[arg.name] = block = _block(_with_columns(arg, function, given), raw, errors)
            if block is not None and arg.by_row:
                heights.append(len(block))
    values: list[Any] = []
    columns: dict[int, tuple[Values, Errors, tuple[int, int]]] = {}
    for i, (arg, raw) in enumerate(zip(function.args, given, strict=True)):
        if arg.kind == "range":
            values.append(blocks[arg.name])
            continue
        arg = _with_bounds(arg, blocks)
        if not arg.by_row:
            values.append(single(raw, arg))
            continue
        rows = grid(raw)
        flat = [cell for row in rows for cell in row]
        if not arg.required:
            flat = [arg.default if is_blank(cell) else cell for cell in flat]
        columns[i] = (*column_of(flat, arg.column), (len(rows), len(rows[0])))
        values.append(None)
    if function.result != "row":
        return _as_cells(function.body(*values), None)
    shape = _common_shape([*((height, 1) for height in heights), *(own for _, _, own in columns.values())])
    if any(height != shape[0] * shape[1] for height in heights):
        raise CallError(ErrorValue.make("#VALUE!", "cells.heights_differ"))
    for i, (array, bad, own) in columns.items():
        values[i], bad = _stretch(array, bad, own, shape)
        _merge(errors, bad)
    by_row = [i for i, (a, v) in enumerate(zip(function.args, values, strict=True)) if a.by_row and v is not None]
    return _by_row(function, values, by_row, errors, shape)


def _block(arg: Arg, raw: Raw, errors: Errors) -> Block | None:
    """The rows of a range argument; None where it may be left out and is. Their errors are put into `errors`."""
    if not arg.required and _left_out(raw):
        return None
    records = records_of(raw, arg)
    if arg.by_row:
        block, bad = block_of(records, arg)
        _merge(errors, bad)
        return block
    numbered = [(i, row) for i, row in enumerate(records, 1) if not all(map(is_blank, row))]
    block, bad = block_of([row for _, row in numbered], arg)
    _refuse_rows(arg, bad, [i for i, _ in numbered])
    return block


def _left_out(raw: Raw) -> bool:
    rows = grid(raw)
    return len(rows) == len(rows[0]) == 1 and is_blank(rows[0][0])


def _with_bounds(arg: Arg, blocks: Mapping[str, Block | None]) -> Arg:
    """The number argument with the bounds that a table asks for, see Arg.bounds_by."""
    if arg.bounds_by is None or (block := blocks[arg.bounds_by[0]]) is None:
        return arg
    low, high = arg.bounds_by[1](block)
    return replace(arg, low=low, high=high)


def _with_columns(arg: Arg, function: CellFunction, given: Sequence[Raw]) -> Arg:
    """The range argument with the columns that another argument's value asks for, see Arg.columns_by."""
    if arg.columns_by is None:
        return arg
    name, columns_of = arg.columns_by
    place = [a.name for a in function.args].index(name)
    chosen = function.args[place]
    value = single(given[place], chosen) if place < len(given) else chosen.default
    return arg if value == chosen.default else replace(arg, columns=columns_of(str(value)))


def _check_count(function: CellFunction, args: Sequence[Raw]) -> None:
    least = sum(a.required for a in function.args)
    if not least <= len(args) <= len(function.args):
        raise CallError(
            ErrorValue.make(
                "#VALUE!",
                "cells.wrong_count",
                name=function.name,
                signature=function.signature(),
                given=len(args),
            )
        )


def _refuse_rows(arg: Arg, bad: Errors, numbers: Sequence[int]) -> None:
    if bad:
        row = min(bad)
        error = bad[row]
        raise CallError(
            ErrorValue.make(
                error.code,
                "cells.bad_row",
                arg=arg.name,
                row=numbers[row],
                why=Both(error.message_zh, error.message_en),
            )
        )


def _merge(into: Errors, more: Errors) -> None:
    for row, error in more.items():
        into.setdefault(row, error)


def _common_shape(shapes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The shape that all values broadcast to, as spreadsheets do it: one row or one column repeats."""
    try:
        height, width = np.broadcast_shapes(*shapes)
    except ValueError:
        raise CallError(ErrorValue.make("#VALUE!", "cells.heights_differ")) from None
    return height, width


def _stretch(array: Values, bad: Errors, own: tuple[int, int], shape: tuple[int, int]) -> tuple[Values, Errors]:
    if own == shape:
        return array, bad
    index = np.broadcast_to(np.arange(len(array)).reshape(own), shape).ravel()
    return array[index], {i: bad[k] for i, k in enumerate(index.tolist()) if k in bad} if bad else {}


def _by_row(
    function: CellFunction, values: list[Any], by_row: list[int], errors: Errors, shape: tuple[int, int]
) -> list[list[CellValue]]:
    n = shape[0] * shape[1]
    if len(errors) < n:
        if errors:
            good = np.array([i for i in range(n) if i not in errors])
            for i in by_row:
                held = values[i]
                values[i] = Block(tuple(c[good] for c in held.columns)) if isinstance(held, Block) else held[good]
        computed = _as_cells(function.body(*values), n - len(errors))
    else:
        computed = []
    if errors:
        rest = iter(computed)
        width = len(computed[0]) if computed else max(1, len(function.columns))
        computed = [[errors[i]] * width if i in errors else next(rest) for i in range(n)]
    if shape[1] > 1:
        if len(computed[0]) != 1:
            raise CallError(ErrorValue.make("#VALUE!", "cells.heights_differ"))
        flat = [row[0] for row in computed]
        computed = [flat[i : i + shape[1]] for i in range(0, n, shape[1])]
    return computed


def _as_cells(result: Any, rows: int | None) -> list[list[CellValue]]:
    """A body's result as rows of cell values: NaN is #N/A, infinity #NUM!, None an empty text."""
    if isinstance(result, np.ndarray):
        plain = result.dtype.kind == "f" and bool(np.isfinite(result).all())
        listed = result.tolist()
        if result.ndim == 0:
            listed = [[listed]]
        elif result.ndim == 1:
            listed = [[v] for v in listed]
        if plain:
            return _checked(listed, rows)
    elif isinstance(result, (list, tuple)):
        listed = [list(r) if isinstance(r, (list, tuple)) else [r] for r in result]
    else:
        listed = [[result]]
    return _checked([[_as_cell(v) for v in row] for row in listed], rows)


def _checked(listed: list[list[CellValue]], rows: int | None) -> list[list[CellValue]]:
    if not listed or (rows is not None and len(listed) != rows):
        raise RuntimeError(f"{len(listed)} rows computed for {rows} given")
    return listed


def _as_cell(value: Any) -> CellValue:
    if isinstance(value, (str, bool, ErrorValue)):
        return value if not isinstance(value, np.str_) else str(value)
    if value is None:
        return ""
    if isinstance(value, np.bool_):
        return bool(value)
    number = float(value)
    if math.isnan(number):
        return ErrorValue.make("#N/A", "cells.not_available")
    if math.isinf(number):
        return ErrorValue.make("#NUM!", "cells.not_finite")
    return number


def call_many(function: CellFunction, calls: Sequence[Sequence[Raw]]) -> list[list[list[CellValue]]]:
    """See `CellFunction.call_many`.

    Calls that agree in everything but their rows become one call of all their rows.
    """
    results: list[list[list[CellValue]] | None] = [None] * len(calls)
    groups: dict[tuple[object, ...], list[tuple[int, list[Any], int]]] = {}
    for i, args in enumerate(calls):
        key_rows = _stackable(function, args)
        if key_rows is not None:
            key, stacked, height = key_rows
            groups.setdefault(key, []).append((i, stacked, height))
    for members in groups.values():
        if len(members) > 1:
            _call_group(function, calls, members, results)
    return [call(function, calls[i]) if r is None else r for i, r in enumerate(results)]


def _call_group(
    function: CellFunction,
    calls: Sequence[Sequence[Raw]],
    members: list[tuple[int, list[Any], int]],
    results: list[list[list[CellValue]] | None],
) -> None:
    first = calls[members[0][0]]
    merged: list[Any] = []
    for position, raw in enumerate(first):
        if members[0][1][position] is None:
            merged.append(raw)
        else:
            merged.append([row for _, stacked, _ in members for row in stacked[position]])
    try:
        rows = _call(function, merged)
    except Exception:  # noqa: BLE001, RUF100 (the single calls find it again and report it)
        return
    start = 0
    for i, _, height in members:
        results[i] = rows[start : start + height]
        start += height


def _stackable(function: CellFunction, args: Sequence[Raw]) -> tuple[tuple[object, ...], list[Any], int] | None:
    """What must be the same for calls to be merged, the rows to stack per argument, and how many.

    None: the call stands alone.
    """
    if function.result != "row" or function.joint or len(args) > len(function.args):
        return None
    key: list[object] = []
    stacked: list[Any] = []
    height = None
    try:
        for arg, raw in zip(function.args, args, strict=False):
            if not arg.by_row:
                rows = None
                cells = grid(raw)
                key.append(tuple((type(cell), cell) for row in cells for cell in row))
                key.append(len(cells[0]))
            elif arg.kind == "range":
                rows = records_of(raw, _with_columns(arg, function, args))
                key.append(len(rows[0]))
            else:
                rows = grid(raw)
                if len(rows[0]) != 1:
                    return None
            stacked.append(rows)
            if rows is not None:
                if height is not None and len(rows) != height:
                    return None
                height = len(rows)
        hash(tuple(key))
    except (CallError, CreditError, TypeError):  # the call alone finds it again and says so
        return None
    return (len(args), *key), stacked, height or 1
