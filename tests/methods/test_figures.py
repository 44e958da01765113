"""When a computed figure is the printed one, and which verdict follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.locale import area
from credit_udfs.methods.figures import agrees, figure, parse


@pytest.mark.parametrize(
    ("printed", "number", "unit"),
    [
        ("3.6%", 0.036, 0.001),
        ("−2.82e-08", -2.82e-08, 1e-10),
        ("2.22E-16", 2.22e-16, 1e-18),
        ("6,892,693,842.00", 6892693842.0, 0.01),
        ("110", 110.0, 1.0),
    ],
)
def test_a_printed_figure_is_read_with_its_last_digit(printed: str, number: float, unit: float) -> None:
    assert parse(printed) == pytest.approx((number, unit))


@pytest.mark.parametrize(
    ("printed", "value", "good"),
    [
        ("0.00016", 0.000168, True),  # cut off
        ("0.00017", 0.000168, True),  # rounded
        ("0.00015", 0.000168, False),
        ("−0.005", -0.00565, True),
        ("−0.005", 0.00565, False),
        ("0.005", 0.0, False),
        ("21.95%", 0.219512, True),
        ("30.90%", 0.308943, False),
        ("very small", 0.001, False),
    ],
)
def test_rounded_and_cut_off_digits_agree_and_others_do_not(printed: str, value: float, good: bool) -> None:
    assert agrees(printed, value) is good


@given(st.floats(-1e9, 1e9), st.integers(0, 6))
def test_a_figure_agrees_with_its_own_rounding(value: float, digits: int) -> None:
    assert agrees(f"{value:.{digits}f}", value)


def test_the_verdict_follows_from_the_numbers() -> None:
    good = figure("p4_accuracy", "P4", "6", "82.9%", 0.8293, right=1, firms=1, thresholds="")
    assert (good.verdict, good.because_en) == ("reproduces", "")
    mistake = figure("p0_output_total", "P0", "Table 1", "5.00", 4.0, as_paper=5.001, firm="E1")
    assert mistake.verdict == "with the paper's mistake"
    assert "INPUT" in mistake.because("en")
    assert mistake.because("zh") != ""
    wrong = figure("p0_output_total", "P0", "Table 1", "5.00", 4.0, as_paper=6.0, firm="E1")
    assert wrong.verdict == "does not"
    missing = figure("p0_curve", "P0", "2.1", "1.0", None, grade="A", letter="a", unavailable="no_churn")
    assert (missing.verdict, missing.ours) == ("does not", None)
    assert "attachment 3" in missing.because("en")
    worded = figure("p1_sensitivity", "P1", "4", "very small", 0.001, holds=True)
    assert (worded.verdict, worded.published) == ("reproduces", None)


@pytest.mark.parametrize(
    ("printed", "value", "shown"),
    [
        ("30.90%", 38 / 123, "30.8943%"),
        ("6946925979.04", 4798811944.64, "4,798,811,944.64"),
        ("−0.896", -0.8963729, "-0.89637"),
        ("2.22E-16", 1.0655e-20, "1.0655e-20"),
        ("110", 52.0, "52"),
        ("close to 70%", 0.9297, "92.97%"),
        ("very small", 0.00533, "0.0053"),
        ("110", None, "-"),
    ],
)
def test_a_computed_figure_is_shown_as_the_paper_writes(printed: str, value: float | None, shown: str) -> None:
    assert figure("p0_share", "P0", "2", printed, 0.5, grade="A", share=0.5, total=1.0).show(value) == shown


def test_every_text_is_in_both_languages() -> None:
    for name, texts in area("reproduce").items():
        assert set(texts) == {"zh", "en"}, name
        assert texts["zh"].count("{") == texts["en"].count("{"), name
