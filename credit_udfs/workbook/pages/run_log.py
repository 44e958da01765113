"""What was run, on which files, with which settings: enough to repeat it."""

from __future__ import annotations

import datetime as dt
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from credit_udfs.core.assess import FirmTerms, Settings
from credit_udfs.locale import Lang, area, text
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.view import View
from credit_udfs.workbook.settings import SETTINGS
from credit_udfs.workbook.style import CELL, CELL_WRAP, INTEGER, PERCENT, lines

_WHAT, _VALUE = 64, 84
_IF_CHANGED = ("budget_basis", "use_all_budget", "firm_terms", "time_limit")
_LIBRARIES = ("credit_udfs", "numpy", "scipy", "polars", "narwhals", "fastexcel", "openpyxl")


def draw(canvas: Canvas, view: View) -> None:
    canvas.widths({1: 14, 2: _WHAT, 3: _VALUE})
    a = view.assessment
    row = canvas.heading(view.t("log_title"), view.t("log_finding", files=len(a.tables.sources), model=a.model.name), 3)
    look = CELL_WRAP.on(across="left")
    columns = [Column(view.t("log_area"), CELL), Column(view.t("log_what"), CELL_WRAP),
               Column(view.t("log_value"), look)]  # fmt: skip
    rows = entries(view)
    block = canvas.table(row, 1, columns, rows, RESULT_TABLES["run_log"], fit=False)
    for i, (kind, what, value) in enumerate(rows):
        if kind == view.t("log_settings") and isinstance(value, int | float) and not isinstance(value, bool):
            canvas.put(block.first + i, 3, value, look.on(number=PERCENT if value < 1 else INTEGER))
        canvas.height(block.first + i, max(18.0, 15.0 * max(lines(what, _WHAT - 2), lines(str(value), _VALUE - 2)) + 3))
    canvas.freeze(block.first)
    canvas.page(view.t("footer"), repeat=(block.header, block.header))


def entries(view: View) -> list[tuple[str, str, str | float]]:
    a = view.assessment
    out: list[tuple[str, str, str | float]] = []
    run, files, settings = view.t("log_run"), view.t("log_files"), view.t("log_settings")
    out.append((run, view.t("log_written"), _time(view.at)))
    out.append((run, view.t("log_model"), f"{a.model.name}, SHA-256 {a.model.hash}"))
    if a.grade_model is not None:
        out.append((run, view.t("log_grade_model"), f"{a.grade_model.name}, SHA-256 {a.grade_model.hash}"))
    # Versions and times are the caller's to record; a bare assessment has at least the versions.
    log = a.log or {"python": platform.python_version(), **{name: _version(name) for name in _LIBRARIES}}
    said = {"time": "log_assessed", "seconds_read": "log_seconds_read", "seconds": "log_seconds", "seed": "log_seed"}
    for key, recorded in log.items():
        shown = _time(dt.datetime.fromisoformat(recorded)) if key == "time" else recorded
        out.append((run, view.t(said[key]) if key in said else key, shown))
    for source in a.tables.sources:
        out.append((files, source.file, f"SHA-256 {source.sha256}"))
        for sheet, count in source.rows.items():
            out.append((files, f"{source.file} / {sheet}", view.t("log_rows", count=count)))
        for key, count in source.repaired.items():
            out.append(
                (
                    files,
                    f"{source.file} / {view.t('log_repaired')}",
                    view.t("log_count", what=_words(key, view.lang), count=count),
                )
            )
    for key in a.settings.__dataclass_fields__:
        value = getattr(a.settings, key)
        if key in _IF_CHANGED and value in (getattr(Settings(), key), None):
            continue
        if key == "firm_terms":
            value = view.semicolon.join(f"{firm}: {_terms_said(one)}" for firm, one in value.items())
        if key == "limits":
            value = view.semicolon.join(value.sentences(view.lang)) or view.t("log_no_limits")
        # In words, and as the command line and Python call it.
        words = _setting(key, view.lang)
        out.append((settings, f"{words}{view.comma}{key}" if words else key, _said(key, value, view)))
    out.append((settings, view.t("log_solver"), f"{a.plan.method}, {a.plan.status}, {a.plan.gap:.2e}"))
    return out


def _time(utc: dt.datetime) -> str:
    return utc.strftime("%Y-%m-%d %H:%M:%S UTC")


def _setting(key: str, lang: Lang) -> str:
    """What the template's settings page calls it, or this page; nothing for one that neither has."""
    for one in SETTINGS.values():
        if one.field == key:
            unit = one.unit(lang) if one.kind == "money" else ""
            return one.label(lang) + (unit and f"（{unit}）" if lang == "zh" else unit and f" ({unit})")
    return text(f"pages.log_{key}", lang) if f"log_{key}" in area("pages") else ""


def _said(key: str, value: Any, view: View) -> str | float:
    """A setting's value; a choice in words and as it is chosen."""
    one = next((one for one in SETTINGS.values() if one.field == key and one.named_choices), None)
    if one is None:
        return value  # type: ignore[no-any-return]  # a field of Settings
    words = one.shown(value, view.lang)
    return str(words) if one.kind == "yes" else f"{words}{view.comma}{value}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return text("pages.log_not_installed", "en")


def _words(key: str, lang: Lang) -> str:
    """What was repaired or only remarked on, in a word or two."""
    group, _, name = key.partition(".")
    return text(f"{group}.short_{name}" if f"short_{name}" in area(group) else key, lang)


def _terms_said(terms: FirmTerms) -> str:
    return ", ".join(f"{key} {value}" for key, value in vars(terms).items() if value not in (None, ""))
