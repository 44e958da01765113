"""The registry: every method trains, predicts and scores from its exported numbers alone; texts and keys exist."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone, is_classifier
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from credit_udfs.core import forms
from credit_udfs.core.indicators import INDICATORS, P2_SERIES
from credit_udfs.core.tables import INVOICE_SCHEMA
from credit_udfs.errors import BadInput
from credit_udfs.methods import METHODS, Method, compute, export, p1, p2, p4

PAPERS = [name for name, method in METHODS.items() if method.paper is not None]


def made_up(k: int, classes: int, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(11)
    y = np.arange(n) % classes
    x = random.lognormal(1.0, 1.0, (n, k)) * 1e4
    x[:, ::2] *= np.exp(1.2 * y)[:, None]
    x[::9, k // 2] = np.nan
    return x, y


def classes_of(method: Method) -> int:
    return 4 if method.target == "grade" else 2


def test_every_paper_has_a_method_and_every_target() -> None:
    assert {METHODS[name].paper for name in PAPERS} == {"P0", "P1", "P2", "P3", "P4"}
    assert {METHODS[name].target for name in PAPERS} == {"default", "D", "grade"}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_declared_whole(name: str) -> None:
    method = METHODS[name]
    assert method.name == name
    assert all(key in INDICATORS for key in method.indicators)
    assert len(set(method.indicators)) == len(method.indicators)
    assert all([method.zh, method.en, method.note_zh, method.note_en])
    assert any("一" <= c <= "鿿" for c in method.note_zh)
    assert not any("一" <= c <= "鿿" for c in method.note_en)


@pytest.mark.parametrize("name", PAPERS)
def test_the_exported_numbers_give_the_same_probabilities_and_the_same_seed_the_same_fit(name: str) -> None:
    method = METHODS[name]
    if method.paper == "P2":
        pytest.importorskip("torch", reason="the extra cnn isn't installed")
    x, y = made_up(len(method.indicators), classes_of(method))
    first, second = method.make(3).fit(x, y), method.make(3).fit(x, y)
    exported = json.loads(json.dumps(export(first)))
    p = first.predict_proba(x)
    assert np.abs(forms.evaluate(exported, x) - p).max() < 1e-12
    assert np.array_equal(p, second.predict_proba(x))
    assert p.sum(axis=1) == pytest.approx(np.ones(len(y)), abs=1e-12)
    assert first.classes_.tolist() == sorted(set(y.tolist()))
    if name != "p1_two_steps":  # the paper's rule isn't the likeliest class
        assert np.array_equal(first.predict(x), first.classes_[p.argmax(axis=1)])
    given_signs = method.paper in {"P1", "P4"} or name == "p3_ahp"  # they don't learn which way an indicator goes
    assert np.mean(first.predict(x) == y) > 1.2 / classes_of(method) or given_signs


@pytest.mark.parametrize("name", PAPERS)
def test_a_method_is_a_scikit_learn_classifier(name: str) -> None:
    estimator = METHODS[name].make(5)
    copy = clone(estimator)
    assert type(copy) is type(estimator)
    assert copy.get_params() == estimator.get_params()
    assert is_classifier(copy)
    with pytest.raises(BadInput, match="no parameter"):
        copy.set_params(luck=1)


def test_methods_cross_validate_inside_a_pipeline() -> None:
    x, y = made_up(6, 2)
    pipeline = make_pipeline(FunctionTransformer(), p4.KruskalLogistic())
    p = cross_val_predict(pipeline, x, y, cv=3, method="predict_proba")
    assert p.shape == (len(y), 2)
    assert np.mean(p.argmax(axis=1) == y) > 0.7


@pytest.mark.parametrize("classes", [["no", "yes"], [10, 20]])
def test_classes_keep_their_own_labels(classes: list[object]) -> None:
    x, y = made_up(5, 2)
    fitted = p1.Discriminant().fit(x, np.array(classes)[y])
    assert fitted.classes_.tolist() == classes
    assert fitted.score(x, np.array(classes)[y]) > 0.7


def test_one_class_and_differing_shapes_are_refused() -> None:
    x, y = made_up(5, 2)
    with pytest.raises(BadInput, match="two or more"):
        p1.Discriminant().fit(x, np.zeros(len(y)))
    with pytest.raises(BadInput, match="Shapes"):
        p1.Discriminant().fit(x, y[:-1])
    with pytest.raises(BadInput, match="two classes only"):
        p1.EntropyTopsis().fit(x, np.arange(len(y)) % 3)


def test_compute_puts_core_and_paper_indicators_in_the_order_asked_for() -> None:
    rows = [("甲", datetime.date(2019, m, 1), "乙", 100.0 * m, 10.0, 110.0, False) for m in (1, 2, 3)]
    frame = pl.DataFrame(rows, schema=INVOICE_SCHEMA, orient="row")
    keys = ("p3_churn", "p4_psi6", "p2_input_net_35", "annual_net_sales", "p3_strength")
    result = compute(frame, frame, ["丙", "甲"], keys)
    assert result.columns == ["firm", *keys]
    assert result["firm"].to_list() == ["丙", "甲"]
    assert result["p2_input_net_35"].to_list() == [None, 300.0]
    assert result["p3_strength"].to_list() == [None, 0.0]


def test_scoring_a_trained_network_needs_no_torch(tmp_path: object) -> None:
    pytest.importorskip("torch", reason="the extra cnn isn't installed")
    x, y = made_up(len(P2_SERIES), 4)
    fitted = p2.ConvolutionalNetwork(epochs=5).fit(x, y)
    program = (
        "import json, sys, numpy as np\n"
        "from credit_udfs.core import forms\n"
        "given = json.loads(sys.stdin.read())\n"
        "p = forms.evaluate(given['form'], np.array(given['x']))\n"
        "assert not {'sklearn', 'torch'} & set(sys.modules)\n"
        "print(json.dumps(p.tolist()))\n"
    )
    payload = json.dumps({"form": fitted.export(), "x": np.nan_to_num(x).tolist()})
    done = subprocess.run([sys.executable, "-c", program], input=payload, capture_output=True, text=True, check=True)
    assert np.abs(np.array(json.loads(done.stdout)) - fitted.predict_proba(np.nan_to_num(x))).max() < 1e-12
