"""Where printed pages end: the last one isn't left with a few rows, and none is overfull."""

from __future__ import annotations

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.workbook.paper import fitting
from tests.workbook.results import result

ROOM = 595.3 - 1.3 * 72  # points of an A4 page across, between its margins


@given(st.integers(1, 900), st.sampled_from([17.0, 24.0]), st.integers(52, 60), st.integers(4, 14))
def test_pages_hold_their_rows_and_the_last_is_filled(rows: int, height: float, least: int, more: int) -> None:
    heights = [30.0, 20.0, 34.0, *[height] * rows]
    percent, ends = fitting(heights, (least, least + more), header=3)
    assert least <= percent <= least + more
    starts, room = [0, *ends], ROOM * 100 / percent
    for first, end in zip(starts, [*ends, len(heights)], strict=True):
        assert 0 < sum(heights[first:end]) + 34.0 * (first > 0) <= room
    if ends and more >= 10 and rows < 400:
        assert sum(heights[ends[-1] :]) >= 0.15 * room


def test_the_largest_scale_that_does_is_taken() -> None:
    assert fitting([20.0] * 20, (50, 70)) == (70, [])
    # 36 rows of 20 points: at 70% two pages, with two rows on the second; all on one at 68%.
    percent, ends = fitting([20.0] * 36, (60, 70))
    assert (percent, ends) == (68, [])


WIDE = {"zh": ("企业评分", "放贷方案", "指标"), "en": ("Firms", "Plan", "Indicators")}


@pytest.mark.parametrize(("lang", "names"), WIDE.items())
def test_wide_pages_have_breaks_of_their_own_and_no_fitting(lang: str, names: tuple[str, ...]) -> None:
    book = openpyxl.load_workbook(result(lang))
    for name in names:
        sheet = book[name]
        assert sheet.sheet_properties.pageSetUpPr.fitToPage is False
        assert 54 <= sheet.page_setup.scale <= 72
        assert sheet.oddFooter.center.text == "&A"
