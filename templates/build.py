"""Build the template workbooks and the filled examples: ``python -m templates.build -o templates``.

The pages are drawn with the package's own drawing layer, so that template and result look alike; the same sources
always give the same bytes. The examples are filled from the synthetic sample, their formulas' values computed by
the cell functions themselves.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from openpyxl import Workbook

from credit_udfs.core.tables import Tables
from credit_udfs.locale import LANGS, Lang
from credit_udfs.workbook import contract
from credit_udfs.workbook.canvas import Book, Canvas
from credit_udfs.workbook.package import save
from credit_udfs.workbook.style import BLUE, NAVY
from templates.pages import indicators, inputs, model, own_limits, plan, settings, start, stress
from templates.pages.builder import BUILT, Builder
from templates.sample import sample

ORDER: tuple[str, ...] = (
    "start", "settings", "own_limits", "firms", "purchases", "sales", "churn", "indicators", "plan", "stress",
    "scenario", "validation", "model_card",
)  # fmt: skip
# The start page counts what the others hold, so it is drawn last.
_PAGES: dict[str, Callable[[Builder, Canvas], None]] = {
    "settings": settings.draw, "own_limits": own_limits.draw, "indicators": indicators.draw, "plan": plan.draw,
    "stress": stress.draw, "scenario": stress.draw_scenario, "validation": model.draw_validation,
    "model_card": model.draw_card, "start": start.draw,
}  # fmt: skip
_INPUT, _RECORD = "B58900", "BFC6CE"
_COLOURS = {
    "start": NAVY, "settings": _INPUT, "own_limits": _INPUT, "scenario": _INPUT, "indicators": BLUE, "plan": BLUE,
    "stress": BLUE,
}  # fmt: skip


def build(path: Path, lang: Lang, data: Tables | None = None) -> Path:
    """Write one template, filled with `data` where given."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    book = Book(workbook, lang)
    b = Builder(lang, book, data)
    sheets = {key: workbook.create_sheet(b.title(key)) for key in ORDER}
    for table in contract.TABLES:
        sheets[table].sheet_properties.tabColor = _INPUT
        inputs.draw(b, Canvas(book, sheets[table]), table)
    for key, draw in _PAGES.items():
        sheets[key].sheet_properties.tabColor = _COLOURS.get(key, _RECORD)
        draw(b, Canvas(book, sheets[key]))
    workbook.active = 0
    properties = workbook.properties
    properties.creator, properties.title, properties.created = "credit_udfs", b.t("title"), BUILT
    properties.language = "zh-CN" if lang == "zh" else "en"
    return save(workbook, path, at=BUILT, values=book.values, ours=[s.title for s in workbook.worksheets], force=True)


def build_all(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for lang in LANGS:
        out.append(build(folder / f"sme_credit_template.{lang}.xlsx", lang))
        out.append(build(folder / f"sme_credit_example.{lang}.xlsx", lang, sample(lang)))
    return out


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).parent)
    for path in build_all(parser.parse_args(arguments).out):
        print(path)  # noqa: T201 # a command's output


if __name__ == "__main__":
    main(sys.argv[1:])
