"""The charts of every page in grey and as the colour-blind see them: what stands side by side is told apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from credit_udfs.locale import text
from credit_udfs.workbook.style import WHITE, contrast
from tests.workbook.results import result

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
SIGHT = {
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
TEMPLATES = Path(__file__).parents[2] / "templates"
CLEAR = 25.0
"""Distance in CIELAB (1976) of colours that nobody mixes up; 2.3 is just noticeable."""


def lab(colour: str, sight: str) -> Any:
    """The colour RRGGBB in CIELAB, as seen with that deficiency."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = _TO_XYZ @ np.clip(np.array(SIGHT[sight]) @ linear, 0, 1) / _TO_XYZ.sum(axis=1)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def seen_apart(one: str, other: str) -> bool:
    return all(np.linalg.norm(lab(one, sight) - lab(other, sight)) >= CLEAR for sight in SIGHT)


@dataclass(frozen=True)
class Drawn:
    """A series as it is drawn: colour, edge of its fill, dashes, marks."""

    name: str
    colour: str
    edge: str | None
    dash: str | None
    marker: str | None


def drawn(series: Any, chart: Any) -> Drawn | None:
    """None for the hidden foot of a waterfall."""
    look, name = series.graphicalProperties, series.tx.v or series.tx.strRef.f
    if type(chart).__name__ == "BarChart":
        if look.solidFill is None:
            assert look.noFill
            return None
        return Drawn(name, look.solidFill.srgbClr, look.line.solidFill and look.line.solidFill.srgbClr, None, None)
    mark = series.marker.symbol
    line = look.line.solidFill
    colour = line.srgbClr if line else series.marker.graphicalProperties.solidFill.srgbClr
    dash = (look.line.prstDash or "solid") if line else None
    return Drawn(name, colour, None, dash, None if mark == "none" else mark)


def charts(lang: str) -> Iterator[tuple[str, Any]]:
    """Of a result with every page, and of the template's filled example."""
    for book in (result(lang), TEMPLATES / f"sme_credit_example.{lang}.xlsx"):
        for sheet in openpyxl.load_workbook(book).worksheets:
            for i, chart in enumerate(sheet._charts, 1):
                yield f"{sheet.title} {i}", chart


@pytest.fixture(scope="module")
def every() -> list[tuple[str, Any, list[Drawn]]]:
    return [(at, chart, [one for s in chart.series if (one := drawn(s, chart))]) for at, chart in charts("en")]


def test_all_kinds_of_chart_are_looked_at(every: list[tuple[str, Any, list[Drawn]]]) -> None:
    assert len(every) >= 19
    assert {type(chart).__name__ for _, chart, _ in every} == {"BarChart", "LineChart", "ScatterChart"}


def test_fills_side_by_side_differ_in_grey_and_for_the_colour_blind(every: list[tuple[str, Any, list[Drawn]]]) -> None:
    """Any two of up to three series; of more, stacked, each and the next."""
    met = 0
    for at, chart, series in every:
        if type(chart).__name__ != "BarChart":
            continue
        pairs = list(combinations(series, 2) if len(series) <= 3 else pairwise(series))
        fills = [(one.colour, other.colour) for one, other in pairs]
        for s in chart.series:  # bars of one series in colours of their own
            fills += pairwise(p.graphicalProperties.solidFill.srgbClr for p in s.dPt)
        for one, other in fills:
            assert contrast(one, other) >= 3.0, (at, one, other)
            assert seen_apart(one, other), (at, one, other)
        met += len(fills)
    assert met >= 12


def test_lines_differ_by_dash_or_mark_where_their_lightness_does_not(every: list[tuple[str, Any, list[Drawn]]]) -> None:
    bounds = {text(f"reports.observed_{side}", "en") for side in ("low", "high")}  # of one interval: drawn alike
    met = 0
    for at, chart, series in every:
        if type(chart).__name__ == "BarChart":
            continue
        for one, other in combinations(series, 2):
            if {one.name, other.name} == bounds:
                continue
            alike = (one.dash, one.marker) == (other.dash, other.marker)
            assert not alike or contrast(one.colour, other.colour) >= 3.0, (at, one, other)
            met += 1
    assert met >= 20


def test_everything_drawn_shows_on_white_paper(every: list[tuple[str, Any, list[Drawn]]]) -> None:
    for at, _, series in every:
        for one in series:
            assert contrast(one.edge or one.colour, WHITE) >= 3.0, (at, one)


def test_the_measure_tells_good_pairs_from_bad_ones() -> None:
    assert contrast("2E75B6", "D9730D") == pytest.approx(1.48, abs=0.01)
    assert not seen_apart("C00000", "4F6228")  # dark red and green
    assert seen_apart("17365D", "C86400")
