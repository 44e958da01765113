"""P2: the series, the network, stability and strength."""

from __future__ import annotations

import builtins
import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from credit_udfs.core.tables import INVOICE_SCHEMA
from credit_udfs.errors import NotAvailable
from credit_udfs.methods import p2

Row = tuple[str, datetime.date, float, bool]


def invoices(*rows: Row) -> pl.DataFrame:
    full = [(firm, date, "x", amount, 0.0, amount, void) for firm, date, amount, void in rows]
    return pl.DataFrame(full, schema=INVOICE_SCHEMA, orient="row")


def test_a_series_ends_with_the_firms_last_month_of_either_side() -> None:
    day = datetime.date
    purchases = invoices(
        ("甲", day(2019, 10, 3), 100.0, False),
        ("甲", day(2019, 10, 9), -30.0, False),
        ("甲", day(2019, 12, 1), 50.0, True),
        ("甲", day(2016, 1, 1), 9.0, False),
    )
    sales = invoices(("甲", day(2019, 12, 31), 7.0, False), ("乙", day(2019, 1, 1), 5.0, True))
    frame = p2.compute(purchases, sales, ["乙", "甲", "丙"])
    row = frame.row(1, named=True)
    assert frame["firm"].to_list() == ["乙", "甲", "丙"]
    assert (row["p2_input_net_33"], row["p2_input_count_33"]) == (70.0, 2.0)
    assert (row["p2_input_net_35"], row["p2_output_net_35"], row["p2_output_count_35"]) == (0.0, 7.0, 1.0)
    assert sum(value for key, value in row.items() if key.startswith("p2_input_count")) == 2.0  # 2016 is too old
    assert frame.select(pl.all().exclude("firm")).row(0) == (None,) * len(p2.INDICATORS)  # void invoices only
    assert frame.select(pl.all().exclude("firm")).row(2) == (None,) * len(p2.INDICATORS)


def test_the_network_learns_from_series() -> None:
    pytest.importorskip("torch", reason="the extra cnn isn't installed")
    random = np.random.default_rng(0)
    y = np.arange(100) % 2
    x = random.lognormal(11.0, 0.5, (100, len(p2.CHANNELS), p2.MONTHS))
    x[y == 1, 2, -12:] *= 0.05  # sales collapse in the last year
    flat = x.reshape(100, -1)
    fitted = p2.ConvolutionalNetwork(epochs=40, seed=1).fit(flat[:70], y[:70])
    assert np.mean(fitted.predict(flat[70:]) == y[70:]) > 0.9


def test_training_leaves_the_global_random_state_alone() -> None:
    torch = pytest.importorskip("torch", reason="the extra cnn isn't installed")
    before, numbers = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # type: ignore[index]
    x = np.random.default_rng(0).normal(size=(20, len(p2.INDICATORS)))
    p2.ConvolutionalNetwork(epochs=1).fit(x, np.arange(20) % 2)
    assert torch.equal(before, torch.random.get_rng_state())
    assert np.array_equal(numbers, np.random.get_state()[1])  # type: ignore[index]


def test_without_torch_training_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **named: Any) -> Any:
        if name == "torch":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(NotAvailable, match=r"credit_udfs\[cnn\]"):
        p2.ConvolutionalNetwork().fit(np.zeros((4, len(p2.INDICATORS))), np.arange(4) % 2)


def test_stability_and_strength_rank_firms() -> None:
    steady = [0.1, 0.1, 0.9, 0.0]
    shaky = [2.0, 3.0, 0.1, 0.3]
    unknown = [np.nan] * 4
    s = p2.stability(np.array([steady, shaky, unknown]))
    assert s[0] > s[2] > s[1]
    assert s[2] == 0.5
    strong, weak = [1e9, 1e8, 0.4], [1e5, -1e4, -0.1]
    m = p2.strength(np.array([weak, strong]))
    assert m.tolist() == [0.25, 0.75]
