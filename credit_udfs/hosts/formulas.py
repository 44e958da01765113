"""Formulas as trees, so that formulas filled down a column share one.

`parse` reads the canonical spelling (cells.formula). What it can't read raises `Unsupported`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from credit_udfs.cells.spec import ErrorValue

Value: TypeAlias = Any  # float | str | bool | None | date | Err | list[list[...]]


@dataclass(frozen=True)
class Err:
    """An error in a cell, and of our functions what it means."""

    code: str
    meaning: ErrorValue | None = field(default=None, compare=False)


class Unsupported(Exception):
    """A formula that can't be evaluated here; the text says why (a key of locale/batch.toml, and its values)."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.key, self.values = key, values


class Ref(NamedTuple):
    """A cell or a range: sheet ("" for the formula's own), first column and row, last column and row (1-based).

    A whole column has rows 1 to 0, a whole row columns 1 to 0: as far as the sheet goes.
    """

    sheet: str
    left: int
    top: int
    right: int
    bottom: int

    @property
    def single(self) -> bool:
        return self.left == self.right and self.top == self.bottom


class Const(NamedTuple):
    value: Value


class Slot(NamedTuple):
    """The n-th reference of the formula; kept apart so that formulas filled down share one tree."""

    number: int


class Name(NamedTuple):
    name: str


class Call(NamedTuple):
    name: str
    args: tuple[Any, ...]
    id: int  # number of the call in its formula


class Op(NamedTuple):
    op: str
    args: tuple[Any, ...]


class Array(NamedTuple):
    rows: tuple[tuple[Any, ...], ...]


Node: TypeAlias = Ref | Const | Slot | Name | Call | Op | Array | None


class Formula(NamedTuple):
    """A formula's tree, the cells its slots stand for, and the names it uses."""

    tree: Node
    refs: tuple[Ref, ...]
    names: tuple[str, ...] = ()


_LEXER = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<text>"(?:[^"]|"")*")
  | (?P<error>\#(?:N/A|VALUE!|REF!|DIV/0!|NUM!|NAME\?|NULL!))
  | (?P<func>(?:_xlfn\.|_xlws\.|_xll\.|_xludf\.)*[A-Za-z_][\w.]*)\s*\(
  | (?P<ref>(?:(?P<sheet>'(?:[^']|'')+'|[^\W\d][\w.]*)!)?
       (?:\$?(?P<c1>[A-Za-z]{1,3})\$?(?P<r1>\d{1,7})(?::\$?(?P<c2>[A-Za-z]{1,3})\$?(?P<r2>\d{1,7}))?
         |\$?(?P<wc1>[A-Za-z]{1,3}):\$?(?P<wc2>[A-Za-z]{1,3})
         |\$?(?P<wr1>\d{1,7}):\$?(?P<wr2>\d{1,7})) (?![\w.(!]))
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<bool>(?:TRUE|FALSE)\b(?!\())
  | (?P<name>(?:(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)?[^\W\d][\w.\\]*(?:\[(?:[^\[\]]|\[[^\]]*\])*\])?)
  | (?P<op><=|>=|<>|[-+*/^&=<>%(),;{}:@\#])
    """,
    re.VERBOSE | re.IGNORECASE,
)


@lru_cache(maxsize=65536)
def column_number(letters: str) -> int:
    number = 0
    for c in letters.upper():
        number = number * 26 + ord(c) - 64
    return number


def column_letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _ref(found: re.Match[str]) -> Ref:
    sheet = found["sheet"] or ""
    if sheet[:1] == "'":
        sheet = sheet[1:-1].replace("''", "'")
    if found["c1"]:
        left, top = column_number(found["c1"]), int(found["r1"])
        if not found["c2"]:
            return Ref(sheet, left, top, left, top)
        right, bottom = column_number(found["c2"]), int(found["r2"])
        return Ref(sheet, min(left, right), min(top, bottom), max(left, right), max(top, bottom))
    if found["wc1"]:
        ends = sorted((column_number(found["wc1"]), column_number(found["wc2"])))
        return Ref(sheet, ends[0], 1, ends[1], 0)
    rows = sorted((int(found["wr1"]), int(found["wr2"])))
    return Ref(sheet, 1, rows[0], 0, rows[1])


def parse(formula: str) -> Formula:
    """The tree of a formula in canonical spelling. Raises Unsupported where it isn't one we can read."""
    tokens: list[tuple[str, str]] = []
    refs: list[Ref] = []
    position = 1 if formula.startswith("=") else 0
    while position < len(formula):
        found = _LEXER.match(formula, position)
        if found is None:
            # "[1]Sheet1!A1" is how a file writes a cell of another file.
            raise Unsupported("batch.other_workbook" if formula[position] == "[" else "batch.syntax", formula=formula)
        position = found.end()
        kind = found.lastgroup or ""
        for outer in ("ref", "name"):  # these hold groups of their own
            if found[outer] is not None:
                kind = outer
        if kind == "space":
            continue
        if kind == "ref":
            refs.append(_ref(found))
            tokens.append(("ref", ""))
        else:
            tokens.append((kind, found[kind]))
    names = tuple(text for kind, text in tokens if kind == "name")
    return Formula(_tree(tuple(tokens), formula if len(tokens) > 200 else ""), tuple(refs), names)


@lru_cache(maxsize=4096)
def _tree(tokens: tuple[tuple[str, str], ...], _long: str) -> Node:
    return _Parser(tokens).formula()


_BINARY = {"=": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "<>": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}


class _Parser:
    """Precedence climbing; a sign binds tighter than ^, as in Excel."""

    def __init__(self, tokens: tuple[tuple[str, str], ...]) -> None:
        self.tokens, self.at, self.calls, self.slots = tokens, 0, 0, 0

    def formula(self) -> Node:
        tree = self.binary(1)
        if self.at < len(self.tokens):
            self.fail()
        return tree

    def fail(self) -> Any:
        raise Unsupported("batch.syntax", formula="".join(t for _, t in self.tokens))

    def peek(self, *ops: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][0] == "op" and self.tokens[self.at][1] in ops

    def take(self, op: str) -> None:
        if not self.peek(op):
            self.fail()
        self.at += 1

    def binary(self, level: int) -> Node:
        if level > 5:
            return self.unary()
        left = self.binary(level + 1)
        while self.at < len(self.tokens):
            kind, op = self.tokens[self.at]
            if kind != "op" or _BINARY.get(op) != level:
                break
            self.at += 1
            left = Op(op, (left, self.binary(level + 1)))
        return left

    def unary(self) -> Node:
        if self.peek("-", "+"):
            sign = self.tokens[self.at][1]
            self.at += 1
            inner = self.unary()
            return Op("neg", (inner,)) if sign == "-" else inner
        if self.peek("@"):
            self.at += 1
            return Op("single", (self.unary(),))
        node = self.primary()
        while self.peek("%", "#"):
            if self.peek("#"):
                raise Unsupported("batch.spill_reference")
            self.at += 1
            node = Op("%", (node,))
        return node

    def primary(self) -> Node:
        if self.at >= len(self.tokens):
            return self.fail()  # type: ignore[no-any-return]  # raises
        kind, value = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return Const(float(value))
        if kind == "text":
            return Const(value[1:-1].replace('""', '"'))
        if kind == "bool":
            return Const(value.upper() == "TRUE")
        if kind == "error":
            return Const(Err(value.upper()))
        if kind == "ref":
            self.slots += 1
            return Slot(self.slots - 1)
        if kind == "func":
            return self.call(value)
        if kind == "name":
            return Name(value)
        if value == "(":
            inner = self.binary(1)
            self.take(")")
            return inner
        if value == "{":
            return self.array()
        return self.fail()  # type: ignore[no-any-return]  # raises

    def call(self, name: str) -> Node:
        number = self.calls
        self.calls += 1
        args: list[Any] = []
        if not self.peek(")"):
            while True:
                args.append(None if self.peek(",", ")") else self.binary(1))
                if not self.peek(","):
                    break
                self.at += 1
        self.take(")")
        return Call(re.sub(r"^(?:_xlfn\.|_xlws\.|_xll\.|_xludf\.)+", "", name, flags=re.I).upper(), tuple(args), number)

    def array(self) -> Node:
        rows: list[tuple[Any, ...]] = []
        row: list[Any] = [self.unary()]
        while not self.peek("}"):
            if self.peek(","):
                self.at += 1
                row.append(self.unary())
            else:
                self.take(";")
                rows.append(tuple(row))
                row = [self.unary()]
        self.take("}")
        return Array((*rows, tuple(row)))
