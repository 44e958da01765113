"""What a cell function is: declared once, checked at declaration, called the same way by every host.

A declaration is a plain function whose parameters are annotated with what a cell may hold::

    @cell("CHURNRATE", result="row", category=LENDING, help_zh="...", help_en="...")
    def churnrate(
        rate: Annotated[Floats, number("...", "...", by_row=True, low=0.04, high=0.15)],
        grade: Annotated[Texts, choice("...", "...", choices=("A", "B", "C"), by_row=True)],
    ) -> Floats: ...

The body gets checked, typed values (see `coerce`), never a raw cell. What is refused here can't be shown by
some host's function wizard, or would be read as something else in a formula.
"""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias, get_args, get_origin, get_type_hints

from credit_udfs.cells.names import EXCEL_FUNCTIONS, RESERVED_WORDS
from credit_udfs.errors import CellError, CreditError
from credit_udfs.locale import text

ArgKind = Literal["range", "number", "text", "choice"]
ColumnKind = Literal["number", "text", "choice", "date"]
ResultShape = Literal["row", "table", "scalar"]

NAME_MIN, NAME_MAX = 4, 31
HELP_MAX = 255  # Excel's limit for a description, and for the help of one argument
ARGS_MAX = 20  # more break Application.MacroOptions
NAMES_MAX = 254  # len(args) + sum(len(names)); more break the wizard (xlwings #1489)


class Required:
    """The default of an argument that has none."""

    _one: Required | None = None

    def __new__(cls) -> Required:
        cls._one = cls._one or super().__new__(cls)
        return cls._one

    def __repr__(self) -> str:
        return "REQUIRED"

    def __bool__(self) -> bool:
        return False


REQUIRED: Final = Required()


class Both(NamedTuple):
    """A text in both languages; a text of locale/ fills in the one it needs as {name.zh} or {name.en}."""

    zh: str
    en: str


@dataclass(frozen=True)
class ErrorValue:
    """A real error in a cell, with what it means."""

    code: CellError
    message_zh: str
    message_en: str

    @classmethod
    def of(cls, error: CreditError) -> ErrorValue:
        return cls(error.cell, error.text("zh"), error.text("en"))

    @classmethod
    def make(cls, code: CellError, key: str, /, **values: object) -> ErrorValue:
        return cls(code, text(key, "zh", **values), text(key, "en", **values))


CellValue: TypeAlias = float | str | bool | ErrorValue


@dataclass(frozen=True)
class Column:
    """One column of a range argument.

    blank: what an empty cell means: "missing" (NaN, None, NaT; never zero) or "error" (that row's #N/A).
    optional: the column may be left out at the right end of the range; its values are then missing.
    low, high: bounds of a number, both inclusive; outside is that row's #NUM!.
    """

    zh: str
    en: str
    kind: ColumnKind = "number"
    blank: Literal["missing", "error"] = "error"
    optional: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


ColumnsBy: TypeAlias = tuple[str, Callable[[str], tuple[Column, ...]]]
BoundsBy: TypeAlias = tuple[str, Callable[[Any], tuple[float, float]]]


@dataclass(frozen=True)
class Arg:
    """One argument of a cell function.

    kind: "range" takes a table of `columns`, any number of rows; "number", "text" and "choice" take one value.
    by_row: there is one result row for each of its rows (values in a column, or in a row, broadcast against each
        other); otherwise it counts as a whole, and trouble with it is the call's.
    default: a float, text or None; REQUIRED when the argument must be given. A blank cell means the default,
        or #N/A where there is none.
    low, high: bounds of a number, both inclusive. choices: what a choice may be, upper and lower case alike.
    columns_by: for a range whose columns depend on another argument, a choice that isn't by row: that argument's
        name, and the columns of each of its values. `columns` are those of its default.
    bounds_by: for a number whose bounds depend on another argument, a range that isn't by row and may be left out:
        that argument's name, and the bounds for its `Block`. `low` and `high` hold where it is left out.
    """

    name: str
    kind: ArgKind
    help_zh: str
    help_en: str
    default: float | str | Required | None = REQUIRED
    choices: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    by_row: bool = False
    low: float | None = None
    high: float | None = None
    integer: bool = False
    columns_by: ColumnsBy | None = field(default=None, repr=False)
    bounds_by: BoundsBy | None = field(default=None, repr=False)

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    @property
    def column(self) -> Column:
        """The rule for one value of a "number", "text" or "choice"."""
        kind: ColumnKind = "text" if self.kind == "range" else self.kind
        return Column(self.name, self.name, kind, low=self.low, high=self.high, choices=self.choices)


@dataclass(frozen=True)
class Example:
    """A formula that runs on a sheet of `sample.SHEETS`, and what it shows."""

    formula: str
    sheet: str
    zh: str
    en: str


@dataclass(frozen=True)
class CellFunction:
    """A declared cell function.

    result: "row": as many rows as the input has; "table": a table of its own height; "scalar": one value.
    joint: the rows of one call decide about each other (ALLOCATE), so that calls can't be merged.
    columns: what the columns of the result are, Chinese and English.
    body: the declared function; hosts use `call`.
    """

    name: str
    args: tuple[Arg, ...]
    help_zh: str
    help_en: str
    category_zh: str
    category_en: str
    result: ResultShape
    body: Callable[..., Any] = field(repr=False)
    examples: tuple[Example, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    joint: bool = False

    def call(self, args: Sequence[object]) -> list[list[CellValue]]:
        """The function's value for raw cell values: a 2-D list, at least one by one.

        args: in order; a range is a list of rows (or one row, or one value), a blank cell None or "", an
        error cell an ErrorValue or its text ("#N/A"); an argument left out is None or missing at the end.
        Trouble with a row is that row's ErrorValue; trouble with the call as a whole is one ErrorValue.
        """
        from credit_udfs.cells.calls import call

        return call(self, args)

    def call_many(self, calls: Sequence[Sequence[object]]) -> list[list[list[CellValue]]]:
        """`call` for each of `calls`, the rows of like calls computed together; the same values."""
        from credit_udfs.cells.calls import call_many

        return call_many(self, calls)

    def signature(self) -> str:
        """As a reader of formulas writes it: ``CHURNRATE(rate, grade)``, optional arguments in brackets."""
        given = [a.name for a in self.args if a.required]
        rest = "".join(f"[, {a.name}" if given or i else f"[{a.name}" for i, a in enumerate(self.optional))
        return f"{self.name}({', '.join(given)}{rest}{']' * len(self.optional)})"

    @property
    def optional(self) -> tuple[Arg, ...]:
        return tuple(a for a in self.args if not a.required)


REGISTRY: dict[str, CellFunction] = {}
"""Every declared function by its name, in the order of declaration."""


class DeclarationError(Exception):
    """A declaration that some host can't show or would misread. A mistake of ours, found at import."""


# Annotations: what a parameter takes. The name and the default come from the parameter itself.


def table(
    zh: str,
    en: str,
    columns: Iterable[Column],
    *,
    by_row: bool = True,
    columns_by: ColumnsBy | None = None,
) -> Arg:
    """A range with these columns, one record a row."""
    return Arg("", "range", zh, en, columns=tuple(columns), by_row=by_row, columns_by=columns_by)


def number(
    zh: str,
    en: str,
    *,
    by_row: bool = False,
    low: float | None = None,
    high: float | None = None,
    integer: bool = False,
    bounds_by: BoundsBy | None = None,
) -> Arg:
    return Arg("", "number", zh, en, by_row=by_row, low=low, high=high, integer=integer, bounds_by=bounds_by)


def words(zh: str, en: str, *, by_row: bool = False) -> Arg:
    """Any text."""
    return Arg("", "text", zh, en, by_row=by_row)


def choice(zh: str, en: str, *, choices: Iterable[str], by_row: bool = False) -> Arg:
    return Arg("", "choice", zh, en, choices=tuple(choices), by_row=by_row)


def cell(
    name: str,
    *,
    category: tuple[str, str],
    help_zh: str,
    help_en: str,
    result: ResultShape,
    examples: Iterable[Example] = (),
    columns: Iterable[tuple[str, str]] = (),
    joint: bool = False,
    registry: dict[str, CellFunction] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the decorated function as the cell function `name`.

    category: Chinese and English; the rest as in `CellFunction`.
    registry: where to put it; `REGISTRY` by default. Raises DeclarationError.
    """
    target = REGISTRY if registry is None else registry

    def declare(body: Callable[..., Any]) -> Callable[..., Any]:
        function = CellFunction(
            name,
            _arguments(name, body),
            help_zh,
            help_en,
            *category,
            result,
            body,
            tuple(examples),
            tuple(columns),
            joint,
        )
        check(function, target)
        target[name] = function
        return body

    return declare


def _arguments(name: str, body: Callable[..., Any]) -> tuple[Arg, ...]:
    hints = get_type_hints(body, include_extras=True)
    args = []
    for parameter in inspect.signature(body).parameters.values():
        hint = hints.get(parameter.name)
        declared = [x for x in get_args(hint)[1:] if isinstance(x, Arg)] if get_origin(hint) is Annotated else []
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD or len(declared) != 1:
            raise DeclarationError(f"{name}: parameter {parameter.name} needs Annotated[type, table/number/...]")
        default = REQUIRED if parameter.default is parameter.empty else parameter.default
        args.append(replace(declared[0], name=parameter.name, default=default))
    return tuple(args)


_LOOKS_LIKE_CELL = re.compile(r"[A-Z]{1,3}[0-9]+|R[0-9]*C[0-9]*|R[0-9]*|C[0-9]*")
_ARG_NAME = re.compile(r"[a-z][a-z0-9_]*")


def check(function: CellFunction, registry: Mapping[str, CellFunction]) -> None:
    """Raise DeclarationError for what a spreadsheet program would refuse, misread or show wrongly."""
    name = function.name

    def refuse(why: str) -> None:
        raise DeclarationError(f"{name}: {why}")

    if not re.fullmatch(r"[A-Z][A-Z0-9]*", name):
        refuse("a name is capital letters and digits, a letter first")
    if not NAME_MIN <= len(name) <= NAME_MAX:
        refuse(f"a name has {NAME_MIN} to {NAME_MAX} characters")
    if _LOOKS_LIKE_CELL.fullmatch(name):
        refuse("the name reads as a cell address")
    if name in EXCEL_FUNCTIONS:
        refuse("Excel has a function of this name")
    if name in registry:
        refuse("declared twice")
    for what, zh, en in [
        ("the function", function.help_zh, function.help_en),
        *((a.name, a.help_zh, a.help_en) for a in function.args),
    ]:
        if not zh.strip() or not en.strip():
            refuse(f"help of {what} is missing in Chinese or English")
        # Hosts with one text for all users show both languages, joined by " / ".
        if len(zh) + len(en) + 3 > HELP_MAX:
            refuse(f"help of {what} has over {HELP_MAX} characters in both languages together")
    if not function.category_zh or not function.category_en:
        refuse("the category is missing in Chinese or English")
    _check_arguments(function.args, refuse)
    if function.result != "row" and any(a.by_row for a in function.args):
        refuse("arguments by row need a result by row")
    for example in function.examples:
        if not example.formula.startswith("=") or name not in example.formula:
            refuse(f"the example {example.formula!r} is no formula with this function")


def _check_arguments(args: tuple[Arg, ...], refuse: Callable[[str], None]) -> None:
    if len(args) > ARGS_MAX:
        refuse(f"over {ARGS_MAX} arguments")
    if len(args) + sum(len(a.name) for a in args) > NAMES_MAX:
        refuse(f"the list of arguments is over {NAMES_MAX} characters long")
    optional = False
    for a in args:
        if not _ARG_NAME.fullmatch(a.name) or keyword.iskeyword(a.name) or a.name in RESERVED_WORDS:
            refuse(f"{a.name!r} can't be the name of an argument in every host")
        if optional and a.required:
            refuse(f"{a.name} is required but follows an optional argument")
        optional = not a.required
        if (a.kind == "range") != bool(a.columns):
            refuse(f"{a.name}: a range has columns, and nothing else has")
        if (a.kind == "choice") != bool(a.choices):
            refuse(f"{a.name}: a choice has choices, and nothing else has")
        if a.kind == "choice" and isinstance(a.default, str) and a.default not in a.choices:
            refuse(f"{a.name}: the default {a.default!r} is not among the choices")
        if a.kind == "number" and isinstance(a.default, str):
            refuse(f"{a.name}: the default of a number is a number")
        tables = {other.name for other in args if other.kind == "range" and not (other.by_row or other.required)}
        if a.bounds_by is not None and a.bounds_by[0] not in tables:
            refuse(f"{a.name}: its bounds depend on {a.bounds_by[0]}, which is no such range")
        seen_optional = False
        for column in a.columns:
            if seen_optional and not column.optional:
                refuse(f"{a.name}: the column {column.en} is required but follows an optional one")
            seen_optional = column.optional
