"""P2: the network, stability and strength."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from credit_udfs.core.allocation.problem import Firms, Problem, Terms
from credit_udfs.core.allocation.rules import rules_plan
from credit_udfs.core.indicators import P2_SERIES
from credit_udfs.errors import NotAvailable
from credit_udfs.methods import p2


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
    x = np.random.default_rng(0).normal(size=(20, len(P2_SERIES)))
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
        p2.ConvolutionalNetwork().fit(np.zeros((4, len(P2_SERIES))), np.arange(4) % 2)


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


def test_interest_by_grade_is_amount_times_rate() -> None:
    firms = Firms.of(["a", "b", "c", "d"], [0.01, 0.02, 0.03, 0.9], ["A", "B", "B", "D"])
    four = np.zeros(4)
    plan = rules_plan(Problem(firms, Terms(1e8)), four, four, np.ones(4, dtype=bool)).plan
    assert plan.lend.tolist() == [True, True, True, False]
    expected = {"A": 0.0545 * plan.amount[0], "B": 0.0585 * (plan.amount[1] + plan.amount[2]), "C": 0.0}
    assert p2.interest_by_grade(plan) == pytest.approx(expected)
