"""Declarations: what is refused, what is derived, and that every real one is sound."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Annotated, Any

import pytest
from openpyxl.utils import FORMULAE

from credit_udfs.cells import REGISTRY
from credit_udfs.cells.names import EXCEL_FUNCTIONS, RESERVED_WORDS
from credit_udfs.cells.spec import (
    HELP_MAX,
    REQUIRED,
    Arg,
    Column,
    DeclarationError,
    Example,
    cell,
    choice,
    number,
    table,
    words,
)

SOUND: dict[str, Any] = {"category": ("类", "class"), "help_zh": "说明", "help_en": "help", "result": "row"}


def declare(name: str = "SOUNDNAME", body: Any = None, **changes: Any) -> dict[str, Any]:
    registry: dict[str, Any] = changes.pop("registry", {})

    def plain(value: Annotated[float, number("数", "number")]) -> float:
        return value

    cell(name, registry=registry, **{**SOUND, **changes})(body or plain)
    return registry


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ABC12", "cell address"),
        ("XFD1048576", "cell address"),
        ("R1C1", "cell address"),
        ("R12345", "cell address"),
        ("RISK", None),
        ("PD1", "4 to 31"),
        ("ABC", "4 to 31"),
        ("A" * 32, "4 to 31"),
        ("Score", "capital letters"),
        ("RISK_SCORE", "capital letters"),
        ("1SCORE", "capital letters"),
        ("VLOOKUP", "Excel has"),
        ("RATE", "Excel has"),
        ("XLOOKUP", "Excel has"),
    ],
)
def test_names(name: str, why: str | None) -> None:
    if why is None:
        assert name in declare(name)
        return
    with pytest.raises(DeclarationError, match=why):
        declare(name)


def test_a_name_is_declared_once() -> None:
    registry = declare()
    with pytest.raises(DeclarationError, match="twice"):
        declare(registry=registry)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"help_zh": " "}, "missing in Chinese or English"),
        ({"help_en": ""}, "missing in Chinese or English"),
        ({"help_en": "x" * (HELP_MAX - 4)}, "over 255"),
        ({"category": ("", "class")}, "category"),
        ({"examples": [Example("RISKSCORE(A1)", "firms", "例", "example")]}, "no formula"),
        ({"examples": [Example("=OTHERNAME(A1)", "firms", "例", "example")]}, "no formula"),
    ],
)
def test_texts(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(DeclarationError, match=why):
        declare(**changes)


def test_help_of_exactly_the_limit_passes() -> None:
    assert declare(help_en="x" * (HELP_MAX - 3 - len("说明")))


def _optional_first(*, b: Annotated[float, number("数", "number")] = 2.0) -> None: ...
def _unannotated(a: float) -> None: ...
def _two(a: Annotated[float, number("数", "n"), words("词", "w")]) -> None: ...
def _many(*a: Annotated[float, number("数", "number")]) -> None: ...
def _reserved(string: Annotated[float, number("数", "number")]) -> None: ...
def _capital(Rate: Annotated[float, number("数", "number")]) -> None: ...
def _default(a: Annotated[str, choice("选", "choice", choices=("x",))] = "y") -> None: ...
def _text_default(a: Annotated[Any, number("数", "number")] = "1") -> None: ...
def _no_columns(a: Annotated[Any, table("区", "range", [])]) -> None: ...
def _no_choices(a: Annotated[str, choice("选", "choice", choices=())]) -> None: ...
def _columns(
    a: Annotated[Any, table("区", "range", [Column("甲", "a", optional=True), Column("乙", "b")])],
) -> None: ...
def _bounds(
    a: Annotated[Any, number("数", "number", bounds_by=("b", lambda block: (0.0, 1.0)))],
    b: Annotated[Any, table("区", "range", [Column("甲", "a")])] = None,
) -> None: ...


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (_optional_first, "Annotated"),
        (_unannotated, "Annotated"),
        (_two, "Annotated"),
        (_many, "Annotated"),
        (_reserved, "name of an argument"),
        (_capital, "name of an argument"),
        (_default, "not among the choices"),
        (_text_default, "default of a number"),
        (_no_columns, "a range has columns"),
        (_no_choices, "a choice has choices"),
        (_columns, "follows an optional one"),
        (_bounds, "which is no such range"),
    ],
)
def test_argument_lists(body: Any, why: str) -> None:
    with pytest.raises(DeclarationError, match=why):
        declare(body=body)


def test_arguments_by_row_need_a_result_by_row() -> None:
    def body(a: Annotated[Any, number("数", "number", by_row=True)]) -> None: ...

    assert declare(body=body, result="row")
    with pytest.raises(DeclarationError, match="result by row"):
        declare(body=body, result="scalar")


def _args(count: int, length: int) -> Any:
    names = [f"{'a' * (length - 2)}{i:02d}" for i in range(count)]
    scope: dict[str, Any] = {}
    arg = Annotated[float, number("数", "number")]
    exec(f"def body({', '.join(names)}): pass", scope)  # the only way to have many parameters
    scope["body"].__annotations__ = dict.fromkeys(names, arg)
    return scope["body"]


def test_long_argument_lists_break_the_wizard() -> None:
    assert declare(body=_args(20, 11))  # 20 + 220
    with pytest.raises(DeclarationError, match="over 20"):
        declare(body=_args(21, 4))
    with pytest.raises(DeclarationError, match="over 254"):
        declare(body=_args(20, 12))


def test_required_after_optional_is_refused() -> None:
    from credit_udfs.cells.spec import _check_arguments

    def refuse(why: str) -> None:
        raise DeclarationError(why)

    first = Arg("a", "number", "数", "number", 1.0)
    with pytest.raises(DeclarationError, match="required but follows"):
        _check_arguments((first, Arg("b", "number", "数", "number")), refuse)


def test_excels_names_hold_those_of_the_standard() -> None:
    assert {name for name in FORMULAE if re.fullmatch(r"[A-Z][A-Z0-9.]*", name)} <= EXCEL_FUNCTIONS
    assert "string" in RESERVED_WORDS


def test_names_defaults_and_signatures_come_from_the_parameters() -> None:
    function = REGISTRY["EXPECTEDPROFIT"]
    assert [a.name for a in function.args][:4] == ["amount", "rate", "pd", "grade"]
    assert function.args[0].default is REQUIRED
    assert function.signature() == "EXPECTEDPROFIT(amount, rate, pd, grade[, lgd[, funding[, method[, churn]]]])"
    assert REGISTRY["MODELINFO"].signature() == "MODELINFO([item[, method[, language]]])"
    assert not REQUIRED
    assert repr(REQUIRED) == "REQUIRED"


def test_every_function_has_examples_and_names_its_columns() -> None:
    assert set(REGISTRY) >= {
        "RISKSCORE", "DEFAULTPROB", "CREDITGRADE", "GRADEPROBS", "RISKREASONS", "CHURNRATE", "BESTRATE",
        "EXPECTEDPROFIT", "ALLOCATE", "INDICATORS", "INDUSTRY", "STRESSFACTOR", "MODELINFO",
    }  # fmt: skip
    for function in REGISTRY.values():
        assert function.examples
        assert function.columns


def test_declaring_is_light() -> None:
    heavy = "{'scipy', 'polars', 'pandas', 'sklearn', 'openpyxl', 'narwhals'}"
    code = f"import sys, credit_udfs.cells; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
