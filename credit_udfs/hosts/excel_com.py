"""Excel on Windows, through xlwings' COM server (its open-source part only): cell functions and the ribbon.

The VBA of ``credit_udfs.xlam`` (addin/excel) starts this module in the package's own interpreter. Cells arrive
as xlwings' converters give them; an answer leaves as a table in which an error is a marked text that the VBA
wrapper makes a real error of, because COM servers in Python can't put one into an array.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import xlwings as xw

from credit_udfs.cells import REGISTRY
from credit_udfs.cells.spec import CellFunction, ErrorValue

Table: TypeAlias = list[list[object]]

MARK: Final = "\x01"
"""Begins a text that stands for an error; addin/excel/src/Answers.bas has the same."""
ERROR_NUMBERS: Final[Mapping[str, int]] = {"#VALUE!": 2015, "#NUM!": 2036, "#N/A": 2042}
"""Excel's numbers (xlCVError) of the errors our functions give."""
_ANY_ERROR: Final = "#UNKNOWN!"

last_errors: deque[tuple[str, ErrorValue]] = deque(maxlen=20)
"""The latest errors in cells, with the function that gave them: cells can't show the reason, Help does."""


# --- cell functions --------------------------------------------------------------------------------------


def cell_functions(functions: Mapping[str, CellFunction]) -> dict[str, Callable[..., Table]]:
    """The declared functions as xlwings calls them, by name."""
    return {name: _for_xlwings(function) for name, function in functions.items()}


def _for_xlwings(function: CellFunction) -> Callable[..., Table]:
    def answer(*args: object) -> Table:
        return [[_sent(function, value) for value in row] for row in function.call([_given(a) for a in args])]

    answer.__name__ = answer.__qualname__ = function.name
    answer.__doc__ = function.help_en
    parameters = [
        inspect.Parameter(
            a.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=inspect.Parameter.empty if a.required else None,
        )
        for a in function.args
    ]
    # xlwings reads the signature; the mere attribute is how the inspect module is told.
    answer.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    made: Callable[..., Table] = answer
    for a in function.args:
        # Always a table, so that one column isn't taken for one row; errors as text instead of blanks.
        made = xw.arg(a.name, ndim=2, err_to_str=True, doc=a.help_en)(made)
    # Last, as if it stood on top of the decorators: each of them sets the category back to xlwings' own.
    told: Callable[..., Table] = xw.func(category=function.category_en)(made)
    return told


def _given(value: object) -> object:
    """An argument as `CellFunction.call` takes it: a table, or None when it was left out."""
    if not isinstance(value, list):
        return value
    # Excel's numbers are floats: a whole number is the code of an error that xlwings doesn't know (#SPILL!).
    if any(type(cell) is int for row in value for cell in row):
        return [[_ANY_ERROR if type(cell) is int else cell for cell in row] for row in value]
    return value


def _sent(function: CellFunction, value: object) -> object:
    if isinstance(value, ErrorValue):
        last_errors.append((function.name, value))
        return f"{MARK}{ERROR_NUMBERS[value.code]}"
    return value


def serve(clsid: str, xlwings_version: str) -> None:
    """Run the COM server until Excel ends. Called by the add-in's VBA, with the version its DLL belongs to.

    Raises SystemExit when the add-in was built for another version of xlwings.
    """
    if xw.__version__ != xlwings_version:
        raise SystemExit(
            f"credit_udfs.xlam needs xlwings {xlwings_version}, installed is {xw.__version__}; "
            f"run: pip install xlwings=={xlwings_version}"
        )
    xw.serve(clsid)


globals().update(cell_functions(REGISTRY))
