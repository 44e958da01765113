"""A workbook's formulas as the engine (formualizer) is to read them.

Files spell things that the engine doesn't know: names of one sheet and names that are formulas, references to the row
of a table, other workbooks. Here they become plain cells, or a call of `MISSING` which says what could not be found
when, and only when, the calculation gets there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import formualizer as fz
from openpyxl.utils.cell import get_column_letter, range_boundaries

from credit_udfs.cells import REGISTRY
from credit_udfs.hosts.elementwise import (
    ARGUMENTS,
    ARRAYS,
    CHECK,
    CHECKED,
    EACH,
    LOCAL,
    TEXTUAL,
    THOUSANDS,
    THROUGH,
    clear,
)

DIGITS = "CREDITDIGITS"
"""Called with an operand of `&` or of a comparison, or an argument of a function for texts: Excel joins and compares
numbers as they are shown, of 15 digits, and the engine as they are."""
AMOUNT = "CREDITAMOUNT"
"""Called with an operand of arithmetic where cells hold texts such as "1,000"."""
MISSING = "CREDITMISSING"
"""Called with a place's mark, a key of locale/batch.toml and its one value."""
FIXED = "CREDITFIXED"
"""Called with rows, columns and what an array formula shows in so many cells."""
WHOLE = "CREDITWHOLE"
"""Called with a place's mark and what a formula shows, where that is more than the engine lays out."""
ROUND = "\N{SECTION SIGN}"
"""A sheet of the engine's alone; its first cell says which round of calculation it is, so that all calls are made
anew in each."""

_CELLS = re.compile(
    r"(?:(?P<sheet>'(?:[^']|'')+'|[^'!\[\]]+)!)?"
    r"(?:\$?[A-Z]{1,3}\$?\d{1,7}(?::\$?[A-Z]{1,3}\$?\d{1,7})?|\$?[A-Z]{1,3}:\$?[A-Z]{1,3}|\$?\d{1,7}:\$?\d{1,7})",
    re.IGNORECASE,
)
_COLUMN = re.compile(r"\[((?:[^\[\]']|'.)*)\]")
_PREFIX = re.compile(r"^(?:_xlfn\.|_xlws\.|_xll\.|_xludf\.)+", re.IGNORECASE)
_PLAIN = re.compile(r"=[A-Z.]+\(\$?[A-Z]{1,3}\$?\d{1,7}(?::\$?[A-Z]{1,3}\$?\d{1,7})?\)")
_TOLD = "["  # can't be in the name of a sheet
_COMPARISONS = frozenset(("=", "<>", "<", ">", "<=", ">="))
_ARITHMETIC = frozenset("+-*/^%")
# Functions over ranges of one size, and of which arguments: from the second on every other one.
_SIZED = {"SUMIFS": 1, "AVERAGEIFS": 1, "MAXIFS": 1, "MINIFS": 1, "COUNTIFS": 0}
_DEEPEST = 20  # of names that stand for formulas with names


@dataclass(frozen=True)
class Place:
    """Where a formula stands: its number among the workbook's, and its sheet and row."""

    number: int
    sheet: str
    row: int

    @property
    def mark(self) -> str:
        """The first arguments of a call that the engine hands back: it's told neither cell nor round otherwise."""
        return f"'{ROUND}'!$A$1,{self.number}"


class _Bracket:
    """An open bracket of a formula: whose it is, where it opens, and which arguments are larger than a cell."""

    def __init__(self, called: str, start: int) -> None:
        self.called, self.start = called, start
        self.large = [False]
        self.tall = False  # more than one row
        self.operands: list[int] = []  # where the operands begin that `&` and comparisons separate in this argument
        self.begin = 0
        self.arguments: list[tuple[int, int]] = []  # where each begins and ends

    def meet(self, operand: str) -> None:
        """An operand, or cells in brackets that a name stands for."""
        found = _CELLS.fullmatch(operand)
        if found is None:
            self.large[-1] |= ":" in operand or "#" in operand
            self.tall |= ":" in operand or "#" in operand
        elif ":" in operand:
            left, top, right, bottom = range_boundaries(operand.rpartition("!")[2])
            self.large[-1] |= (left, top) != (right, bottom)
            self.tall |= top != bottom or top is None

    def separate(self, out: Sequence[str]) -> None:
        """`&` or a comparison stands at the end of `out`, which the next operand follows."""
        self.operands.append(self.begin)
        self.begin = len(out) + 1

    def settle(self, out: list[str]) -> None:
        """The argument ends: give its operands of `&` and comparisons to `DIGITS`, or all of it to a text function."""
        self.arguments.append((self.operands[0] if self.operands else self.begin, len(out)))
        if self.operands or self.called in TEXTUAL:
            starts = [*self.operands, self.begin]
            for start, end in zip(starts, [*(s - 1 for s in starts[1:]), len(out)], strict=True):
                large = self.large[-1] and self.called not in ("CONCAT", "TEXTJOIN")
                if end > start and not (end == start + 1 and out[start][:1] in '"0123456789') and not large:
                    out[start] = f"{DIGITS}({out[start]}"
                    out[end - 1] += ")"
        self.operands, self.begin = [], len(out) + 1

    @property
    def lifted(self) -> bool:
        """A call of a function for single values on something larger."""
        if self.called not in ARGUMENTS:
            return False
        single = ARGUMENTS[self.called]
        return any(self.large) if single is None else any(self.large[i] for i in single if i < len(self.large))

    def doubtful(self, out: Sequence[str]) -> bool:
        """Whether the engine can't be trusted with the call before its arguments are known."""
        if self.called not in CHECKED or len(self.arguments) < 2:
            return False
        start, end = self.arguments[-1]
        last = "".join(out[start:end]).strip()
        if self.called == "TEXT":
            return not (end == start + 1 and last[:1] == '"' and clear(last[1:-1].replace('""', '"')))
        return len(self.arguments) > 2 or not last[:1].isdigit()

    def sizes(self, out: Sequence[str]) -> str:
        """The condition that the ranges of a call are of one size, or "" where that is plain or goes without saying."""
        if self.called not in _SIZED:
            return ""
        ranges = [self.arguments[0], *self.arguments[_SIZED[self.called] :: 2]]
        first, *rest = ("".join(out[start:end]) for start, end in ranges)
        if len({_size(cells) or cells for cells in (first, *rest)}) == 1:
            return ""
        return ",".join(f"{count}({first})={count}({cells})" for cells in rest for count in ("ROWS", "COLUMNS"))

    def take(self, inner: _Bracket) -> None:
        """What an inner bracket amounts to."""
        if inner.called in REGISTRY:
            function = REGISTRY[inner.called]
            large = inner.tall or function.result != "row" or len(function.columns) > 1
        elif inner.called in ARGUMENTS:
            large = inner.lifted
        elif inner.called in ("ROW", "COLUMN", "(") or inner.called in THROUGH:
            large = any(inner.large)
        else:
            large = inner.called in ARRAYS or inner.called == "{"
        self.large[-1] |= large
        self.tall |= large


def _size(cells: str) -> tuple[object, object] | None:
    """Rows and columns of a range, where it is written as one; None stands for all of a sheet's."""
    if not _CELLS.fullmatch(cells.strip()):
        return None
    left, top, right, bottom = range_boundaries(cells.strip().rpartition("!")[2])
    return bottom and bottom - top, right and right - left


@cache
def known(function: str) -> bool:
    """Whether the engine has this function of its own."""
    try:
        fz.Workbook().register_function(function, len)
    except RuntimeError:
        return True
    return False


def plain(formula: str) -> bool:
    """Whether a formula is one call of ours on cells of its own sheet: the usual case, ten thousand times."""
    return _PLAIN.fullmatch(formula) is not None and formula[1 : formula.index("(")] in REGISTRY


class Speller:
    """Spells the formulas of an openpyxl workbook.

    dated: calls of ours are told, as one more first argument, which cells their arguments are (`cells_told`): for the
    engine a date is a number, for our functions it isn't. amounts: cells hold texts such as "1,000".
    """

    def __init__(self, book: Any, *, dated: bool = False, amounts: bool = False) -> None:
        self._book, self._dated, self._amounts = book, dated, amounts
        self._sheets = {sheet.title.casefold(): sheet.title for sheet in book.worksheets}
        self._names = {name.casefold(): defined.attr_text for name, defined in book.defined_names.items()}
        self._tables = {
            table.displayName.casefold(): (sheet.title, table)
            for sheet in book.worksheets
            for table in sheet.tables.values()
        }

    def spell(self, formula: str, place: Place) -> str:
        """`formula`, canonical, for the engine. What isn't a formula at all stays, and the engine will say so."""
        if not self._dated and plain(formula):
            name = formula[1 : formula.index("(")]
            return f"={name}({place.mark},{formula[len(name) + 2 :]}"
        try:
            return "=" + "".join(self._spell(formula, place, 0))
        except fz.TokenizerError:
            return formula

    def _spell(self, formula: str, place: Place, depth: int) -> list[str]:
        tokens = fz.Tokenizer(formula).tokens()
        bound = "LET(" in formula.upper() or "LAMBDA(" in formula.upper()
        out: list[str] = []
        open_ = [_Bracket("", 0)]
        before = ""
        for i, token in enumerate(tokens):
            kind, written, inner = token.token_type, token.value, open_[-1]
            if kind == fz.TokenType.Whitespace:
                out.append(written)
                continue
            if (
                inner.called in REGISTRY
                and written in (",", ")")
                and (before == "," or (written, before[-1:]) == (",", "("))
            ):
                out.append('""')  # the engine would hand over 0 for an argument left out
            if token.subtype == fz.TokenSubType.Open:
                called = _PREFIX.sub("", written[:-1]).upper() if kind == fz.TokenType.Func else ""
                opened = _Bracket(called or written, len(out))
                open_.append(opened)
                after = next((t.value for t in tokens[i + 1 :] if t.token_type != fz.TokenType.Whitespace), "")
                out.append(self._opening(called, written, place, after == ")") if called else written)
                if self._dated and called in REGISTRY:
                    out.append(f'"{self._told(tokens[i + 1 :], place)}"' + ("" if after == ")" else ","))
                opened.begin = len(out)
            elif kind == fz.TokenType.Operand and token.subtype == fz.TokenSubType.Range:
                out.append(self._operand(written, place, depth, bound))
                inner.meet(out[-1])
                if self._amounts and _in_arithmetic(before, tokens[i + 1 :]):
                    out[-1] = f"{AMOUNT}({out[-1]})"
            elif token.subtype == fz.TokenSubType.Text and THOUSANDS.fullmatch(written[1:-1]):
                out.append(f"{AMOUNT}({written})" if _in_arithmetic(before, tokens[i + 1 :]) else written)
            elif token.subtype == fz.TokenSubType.Close:
                open_.pop()
                inner.settle(out)
                if inner.doubtful(out):
                    out[inner.start] = f'{CHECK}({place.mark},"{inner.called}",'
                elif inner.lifted:
                    out[inner.start] = f'{EACH}("{inner.called}",'
                sizes = inner.sizes(out)
                if sizes:
                    out[inner.start] = f"IF(AND({sizes}),{out[inner.start]}"
                open_[-1].take(inner)
                out.append("),#VALUE!)" if sizes else written)
            else:
                if written == "#":
                    inner.large[-1] = inner.tall = True
                elif written in (",", ";"):
                    inner.settle(out)
                    inner.large.append(False)
                elif written == "&" or written in _COMPARISONS:
                    inner.separate(out)
                out.append(written)
            before = "" if kind == fz.TokenType.OpPrefix and written == "+" else written  # which leaves a text a text
        open_[0].settle(out)
        return out

    def _opening(self, called: str, written: str, place: Place, empty: bool) -> str:
        comma = "" if empty else ","
        if called in REGISTRY:
            return f"{called}({place.mark}{',' if self._dated else comma}"
        if called == "SINGLE":
            return "@("
        if known(called) and called not in LOCAL:
            return written
        return f"{_missing('batch.function', called, place)}{comma}"

    def _told(self, tokens: Sequence[Any], place: Place) -> str:
        """The cells that each argument of a call is, "" for one that is computed; tokens after the call's bracket."""
        told, depth = [""], 0
        alone = True
        for token in tokens:
            if token.token_type == fz.TokenType.Whitespace:
                continue
            if depth == 0 and token.subtype == fz.TokenSubType.Close:
                break
            depth += (token.subtype == fz.TokenSubType.Open) - (token.subtype == fz.TokenSubType.Close)
            if depth == 0 and token.value == ",":
                told.append("")
                alone = True
            elif alone and depth == 0 and token.subtype == fz.TokenSubType.Range:
                cells = self._operand(token.value, place, 0, bound=False)
                told[-1] = f"{quoted(place.sheet)}!{cells}" if "!" not in cells else cells
                alone = False
            else:
                told[-1], alone = "", False
        return _TOLD.join("" if MISSING in cells else cells for cells in told)

    def _operand(self, written: str, place: Place, depth: int, bound: bool) -> str:
        found = _CELLS.fullmatch(written)
        if found and (found["sheet"] is None or _unquoted(found["sheet"]).casefold() in self._sheets):
            return written
        if written.lower().startswith("_xlpm."):
            return written  # a variable of LET or LAMBDA, as saved
        if re.match(r"'?(?:[^']*[\\/])?\[", written):
            return _missing("batch.other_workbook", written, place) + ")"
        if found:
            return _missing("batch.sheet", _unquoted(found["sheet"]), place) + ")"
        stands = self._stands(written, place)
        if stands is not None and depth < _DEEPEST:
            try:
                inner = self._spell(f"={stands}", place, depth + 1)
            except fz.TokenizerError:
                inner = []
            if inner:
                return inner[0] if len(inner) == 1 else f"({''.join(inner)})"
        if bound:
            return written  # such a variable, as typed
        return _missing("batch.structured" if "[" in written else "batch.name", written, place) + ")"

    def _stands(self, name: str, place: Place) -> str | None:
        """What a name, or a table's name, stands for in a formula at that place."""
        scope, _, bare = name.rpartition("!") if "[" not in name else ("", "", name)
        own = self._sheets.get(_unquoted(scope).casefold(), "") or place.sheet
        for local, defined in self._book[own].defined_names.items():
            if local.casefold() == bare.casefold():
                return str(defined.attr_text)
        if bare.casefold() in self._names:
            return str(self._names[bare.casefold()])
        wanted, _, inside = bare.partition("[")
        if wanted.casefold() not in self._tables:
            return None
        sheet, table = self._tables[wanted.casefold()]
        area = _area(table, inside.removesuffix("]"), place.row if sheet == place.sheet else 0)
        return None if area is None else f"{quoted(sheet)}!{area}"


def cells_told(told: str) -> list[tuple[str, int, int] | None]:
    """Of each argument of a call the sheet, first row and first column, where the argument is a range of cells."""
    found: list[tuple[str, int, int] | None] = []
    for cells in told.split(_TOLD):
        area = _CELLS.fullmatch(cells)
        if area is None or not area["sheet"]:
            found.append(None)
            continue
        left, top, _, _ = range_boundaries(cells.rpartition("!")[2])
        found.append((_unquoted(area["sheet"]), top or 1, left or 1))
    return found


def _in_arithmetic(before: str, after: Iterable[Any]) -> bool:
    """Whether the operand between is one of arithmetic."""
    following = next((token.value for token in after if token.token_type != fz.TokenType.Whitespace), "")
    return before in _ARITHMETIC or following in _ARITHMETIC


def quoted(sheet: str) -> str:
    return "'" + sheet.replace("'", "''") + "'"


def _unquoted(sheet: str) -> str:
    return sheet[1:-1].replace("''", "'") if sheet[:1] == "'" else sheet


def _missing(key: str, what: str, place: Place) -> str:
    said = what.replace('"', '""')
    return f'{MISSING}({place.mark},"{key}","{said}"'


def _area(table: Any, inside: str, row: int) -> str | None:
    """``Table[column]``, ``Table[[first]:[last]]``, ``Table[[#This Row],[column]]`` and their kin, as cells.

    row: the formula's, 0 on another sheet. None for what isn't understood, or isn't there.
    """
    left, top, right, bottom = range_boundaries(table.ref)
    headers = [column.name.casefold() for column in table.tableColumns]
    if inside[:1] == "@":  # as it is typed
        inside = f"[#This Row],{inside[1:] if inside[1:2] == '[' else f'[{inside[1:]}]'}"
    parts: Iterable[str] = _COLUMN.findall(inside) or ([inside] if inside else [])
    special = {part.casefold() for part in parts if part.startswith("#")}
    columns = [re.sub("'(.)", r"\1", part).casefold() for part in parts if part and not part.startswith("#")]
    if len(columns) > 2 or not set(columns) <= set(headers):
        return None
    first, last = top + (table.headerRowCount or 0), bottom - (table.totalsRowCount or 0)
    if columns:
        left, right = (left + headers.index(column) for column in (columns[0], columns[-1]))
    if special == {"#this row"} and first <= row <= last:
        first = last = row
    elif special == {"#all"}:
        first, last = top, bottom
    elif special == {"#headers"}:
        first = last = top
    elif special == {"#totals"} and table.totalsRowCount:
        first = last = bottom
    elif special == {"#headers", "#data"}:
        first = top
    elif special - {"#data"}:
        return None
    return f"${get_column_letter(left)}${first}:${get_column_letter(right)}${last}"
