"""Excel on Windows, through xlwings' COM server (its open-source part only): cell functions and the ribbon.

The VBA of ``credit_udfs.xlam`` (addin/excel) starts this module in the package's own interpreter. Cells arrive
as xlwings' converters give them; an answer leaves as a table in which an error is a marked text that the VBA
wrapper makes a real error of, because COM servers in Python can't put one into an array.
"""

from __future__ import annotations

import inspect
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from typing import Any, Final, TypeAlias, cast

import xlwings as xw

from credit_udfs import commands
from credit_udfs.cells import REGISTRY
from credit_udfs.cells.spec import CellFunction, ErrorValue
from credit_udfs.errors import CreditError
from credit_udfs.hosts.excel_book import ExcelBook
from credit_udfs.locale import Lang, text
from credit_udfs.types import Progress

_LOG = logging.getLogger(__name__)

Table: TypeAlias = list[list[object]]

MARK: Final = "\x01"
"""Begins a text that stands for an error; addin/excel/src/Answers.bas has the same."""
ERROR_NUMBERS: Final[Mapping[str, int]] = {"#VALUE!": 2015, "#NUM!": 2036, "#N/A": 2042}
"""Excel's numbers (xlCVError) of the errors our functions give."""

last_errors: deque[tuple[str, ErrorValue]] = deque(maxlen=20)
"""The latest errors in cells, with the function that gave them: cells can't show the reason, Help does."""


# --- cell functions --------------------------------------------------------------------------------------


def cell_functions(functions: Mapping[str, CellFunction]) -> dict[str, Callable[..., Table]]:
    """The declared functions as xlwings calls them, by name."""
    return {name: _for_xlwings(function) for name, function in functions.items()}


def _for_xlwings(function: CellFunction) -> Callable[..., Table]:
    def answer(*args: object) -> Table:
        rows = function.call(args)
        if ErrorValue not in set(map(type, chain.from_iterable(rows))):
            return cast(Table, rows)
        return [[_marked(function, v) if type(v) is ErrorValue else v for v in row] for row in rows]

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


def _marked(function: CellFunction, error: ErrorValue) -> str:
    last_errors.append((function.name, error))
    return f"{MARK}{ERROR_NUMBERS[error.code]}"


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


# --- the ribbon ------------------------------------------------------------------------------------------

TITLE: Final = "credit_udfs"
PLACES_SHOWN: Final = 8
_PAUSE: Final = 0.2  # seconds between two texts in the status bar: each is a call into Excel
_LANGUAGE_OF_MENUS: Final = 2  # msoLanguageIDUI

_last: dict[str, commands.WritePlan] = {}
"""The plan written last, by the full name of its workbook: what "Undo last write" takes back."""


def ribbon(verb: str, workbook: Any) -> None:
    """One of the ribbon's verbs on an open workbook, called by the add-in's VBA.

    Computes, asks before cells of the user's own are written over, writes, and says what was done. Whatever goes
    wrong is told in a message; nothing is raised, because Excel would show it as a fault of the macro.
    """
    book = xw.Book(impl=xw._xlwindows.Book(xl=workbook))
    lang = user_language(book)
    try:
        with _busy(book.app, lang) as progress:
            said = _run(verb, book, lang, progress)
    except CreditError as error:
        said = error.text(lang)
    except Exception as error:
        _LOG.exception("%s failed", verb)
        said = text("excel.unexpected", lang, error=f"{type(error).__name__}: {error}")
    if said:
        book.app.alert(said, TITLE)


def _run(verb: str, book: Any, lang: Lang, progress: Progress) -> str:
    """Carry out a verb; what to tell the user, "" when he said no."""
    key = str(book.api.FullName)  # `book.fullname` would look into a sheet of settings for cloud folders
    reader = ExcelBook(book)
    plan = commands.run(verb, reader, lang, last=_last.get(key), progress=progress)

    def ask(places: Sequence[str]) -> bool:
        shown = list(places[:PLACES_SHOWN])
        if len(places) > len(shown):
            shown.append(text("excel.more_places", lang, count=len(places) - len(shown)))
        question = "excel.undo_changed" if plan.verb == "undo" else "excel.overwrite"
        said = text(question, lang, places="\n".join(shown))
        return bool(book.app.alert(said, TITLE, buttons="yes_no", mode="critical") == "yes")

    if not reader.apply(plan, ask, lambda done, total: progress("write", done, total)):
        return ""
    if plan.verb == "undo":
        _last.pop(key, None)
    elif plan.writes or plan.creates:
        _last[key] = plan
    told = plan.summary(lang)
    return f"{told}\n{_about(lang)}" if plan.verb == "help" else told


def user_language(book: Any) -> Lang:
    """The language of Excel's menus: Chinese of any kind, or else English."""
    # The primary language is in the lowest ten bits; 4 is Chinese.
    code = int(book.app.api.LanguageSettings.LanguageID(_LANGUAGE_OF_MENUS))
    return "zh" if code & 0x3FF == 4 else "en"


@contextmanager
def _busy(app: Any, lang: Lang) -> Iterator[Progress]:
    """Progress in the status bar; the screen is still meanwhile, and Excel's own again at the end."""
    told = [0.0]

    def tell(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - told[0] >= _PAUSE or done == total:
            told[0] = now
            key = "excel.working" if total else "excel.working_unknown"
            app.status_bar = text(key, lang, stage=text(f"stages.{stage}", lang), done=done, total=total)

    updating, app.screen_updating = app.screen_updating, False
    try:
        yield tell
    finally:
        app.screen_updating = updating
        app.status_bar = False


def _about(lang: Lang) -> str:
    try:
        own = version("credit_udfs")
    except PackageNotFoundError:
        own = "?"
    latest = list(last_errors)[-5:]
    errors = [f"{name}: {error.code} {getattr(error, f'message_{lang}')}" for name, error in reversed(latest)]
    return text(
        "excel.about",
        lang,
        version=own,
        xlwings=xw.__version__,
        functions=", ".join(REGISTRY),
        errors="\n".join(errors) or text("excel.no_errors", lang),
    )


def _know_all_errors() -> None:
    """Tell xlwings' converters of the errors that Excel got since: it would take #SPILL! for a number."""
    known = getattr(getattr(xw, "_xlwindows", None), "cell_errors", None)  # only on Windows
    if known is not None:
        for number in range(2000, 2300):
            known.setdefault(number - 2146828288, "#UNKNOWN!")  # 0x800A0000, the facility of Excel's errors


_know_all_errors()
globals().update(cell_functions(REGISTRY))
