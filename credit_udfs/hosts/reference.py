"""The reference of the cell functions, in Chinese and English, from their declarations.

``python -m credit_udfs.hosts.reference docs/functions.md`` writes it; a test compares the file with this. Every
example is calculated by the batch, on the sheets of cells.sample.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import openpyxl
from openpyxl.utils.cell import get_column_letter

from credit_udfs import models
from credit_udfs.cells import REGISTRY, Arg, CellFunction, Example
from credit_udfs.cells.functions.arguments import MODELS, columns_of
from credit_udfs.cells.sample import SHEETS
from credit_udfs.core.card_table import ITEMS, SECTIONS, item_name, table
from credit_udfs.hosts.calculation import Calculation
from credit_udfs.hosts.engine import Err, Value
from credit_udfs.locale import LANGS, text
from credit_udfs.methods import METHODS

MOST_INDICATORS = 12  # of a method, to be listed


def example_book(example: Example) -> tuple[openpyxl.Workbook, tuple[str, int, int]]:
    """A workbook of the invented sheets with the example's formula, and where that stands."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in SHEETS.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    at = (example.sheet, 1, len(SHEETS[example.sheet][0]) + 2)
    book[example.sheet].cell(at[1], at[2], example.formula)
    return book, at


def run_example(example: Example) -> list[list[Value]]:
    """What an example shows, as rows of cells."""
    book, at = example_book(example)
    calculation = Calculation(book, dict, dynamic=True)
    calculation.run()
    if calculation.failures:
        raise RuntimeError(f"{example.formula}: {calculation.failures}")
    shown = {at: calculation.values[at], **calculation.spills}
    rows, columns = calculation.extents.get(at, (1, 1))
    return [[shown[at[0], at[1] + i, at[2] + j] for j in range(columns)] for i in range(rows)]


def document() -> str:
    """The whole reference as Markdown."""
    lines = [f"# {_both('reference.title')}", "", _both("reference.intro"), ""]
    lines += [f"- [{name}](#{name.lower()}): {f.help_zh} / {f.help_en}" for name, f in REGISTRY.items()]
    for key in ("blank", "number", "text", "choice", "date", "error", "range", "rows"):
        if key == "blank":
            lines += ["", f"## {_both('reference.rules')}", ""]
        lines.append(f"- {_both(f'reference.rule_{key}')}")
    lines += ["", f"## {_both('reference.methods')}", "", _both("reference.methods_intro"), "", *_methods()]
    lines += ["", f"## {_both('reference.items')}", "", _both("reference.items_intro"), "", *_items()]
    lines += ["", f"## {_both('reference.sheets')}", ""]
    for name, rows in SHEETS.items():
        lines += [f"**{name}**", "", *_sheet(rows), ""]
    for function in REGISTRY.values():
        lines += _function(function)
    return "\n".join([*lines, _both("reference.generated")]) + "\n"


def _function(function: CellFunction) -> list[str]:
    lines = [f"## {function.name}", "", f"`={function.signature()}`", ""]
    lines += [f"{function.help_zh}。", "", f"{function.help_en}.", ""]
    heads = [_both(f"reference.{key}") for key in ("arg", "meaning", "default")]
    if function.args:
        lines += _table([heads, *([f"`{a.name}`", _meaning(a), _default(a)] for a in function.args)])
    if function.columns:
        listed = "；".join(f"{zh} / {en}" if zh != en else zh for zh, en in function.columns)
        lines += ["", f"{_both('reference.result')}: {listed}"]
    for example in function.examples:
        lines += ["", f"{_both('reference.example')} ({example.sheet}): {example.zh} / {example.en}", ""]
        lines += ["```", example.formula, "```", "", *_table(_headed(run_example(example)))]
    return [*lines, ""]


def _methods() -> list[str]:
    """The shipped models that an argument `method` may name."""
    heads = [
        _both(f"reference.{key}")
        for key in ("method", "method_what", "method_gives", "method_indicators", "method_card")
    ]
    rows = []
    for name in MODELS:
        model = models.load(name)
        what = _both("reference.method_default") if name == "default" else f"{METHODS[name].zh} / {METHODS[name].en}"
        if name in models.ALIASES:
            what += f" (= `{models.ALIASES[name]}`)"
        gives = "；".join(_both(f"reference.gives_{target}") for target in model.predicts)
        columns = columns_of(name)
        listed = "；".join(f"{column.zh} / {column.en}" for column in columns)
        if len(columns) > MOST_INDICATORS:
            listed = _both("reference.many_indicators", count=len(columns), name=name)
        rows.append([f"`{name}`", what, gives, listed, str(len(table(model)))])
    return _table([heads, *rows])


def _items() -> list[str]:
    """What MODELINFO may be asked for."""
    heads = [_both("reference.item"), *(text("reference.item_name", lang) for lang in LANGS), _both("reference.gives")]
    rows = []
    for keys, gives in ((SECTIONS, "gives_section"), (ITEMS, "gives_value")):
        rows += [[f"`{key}`", *(item_name(key, lang) for lang in LANGS), _both(f"reference.{gives}")] for key in keys]
    return _table([heads, *rows])


def _meaning(a: Arg) -> str:
    meaning = f"{a.help_zh} / {a.help_en}"
    if a.choices:
        meaning += f" ({', '.join(a.choices)})"
    if a.columns:
        listed = "；".join(f"{c.zh} / {c.en}{' *' if c.optional else ''}" for c in a.columns)
        some = "_some" if any(c.optional for c in a.columns) else ""
        meaning += f". {_both(f'reference.columns{some}')}: {listed}"
    return meaning


def _default(a: Arg) -> str:
    if a.required:
        return _both("reference.required")
    if a.default is None:
        return _both("reference.optional")
    return f"{a.default:,.12g}" if isinstance(a.default, float) else str(a.default)


def _both(key: str, **values: object) -> str:
    return " / ".join(text(key, lang, **values) for lang in LANGS)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    first, *rest = rows
    return [_line(first), _line(["---"] * len(first)), *map(_line, rest)]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("*", "\\*") for cell in cells) + " |"


def _sheet(rows: Sequence[Sequence[object]]) -> list[str]:
    width = len(rows[0])
    head = ["", *(get_column_letter(i + 1) for i in range(width))]
    return _table([head, *([str(i), *map(shown, row)] for i, row in enumerate(rows, 1))])


def _headed(rows: Sequence[Sequence[Value]]) -> list[list[str]]:
    return [[""] * len(rows[0]), *([shown(value) for value in row] for row in rows)]


def shown(value: Value) -> str:
    """A value as a reader sees it: numbers to six digits."""
    if isinstance(value, Err):
        return (
            f"{value.code} ({value.meaning.message_zh} / {value.meaning.message_en})" if value.meaning else value.code
        )
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}" if abs(value) >= 1e4 else f"{value:.6g}"
    return str(value)


def main(target: str) -> None:
    Path(target).write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
