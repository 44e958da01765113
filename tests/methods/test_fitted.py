"""Methods as model cards: shipped ones come out of the command again; a trained one is used from its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from credit_udfs import api, models
from credit_udfs.core.grade_sets import grade_sets
from credit_udfs.core.model_card import Model
from credit_udfs.core.tables import Tables
from credit_udfs.errors import BadInput
from credit_udfs.methods import METHODS, compute
from credit_udfs.methods.fitted import shortened
from credit_udfs.types import GRADES

SHIPPED = [name for name in models.names() if name != "default" and name not in models.ALIASES]
# The default model is "linear" by another way; the ensemble's 260 trees are a file of a megabyte.
NOT_SHIPPED = {"linear", "ensemble"}
QUICK = ["linear_wide", "p0_bp", "p1_topsis", "p1_fisher", "p1_two_steps", "p4_logistic", "p4_topsis"]


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in (key, *leaves(value[key]))]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def same_numbers(made: Model, shipped: Model) -> None:
    one, other = leaves(made.numbers), leaves(shipped.numbers)
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        if isinstance(a, float) and isinstance(b, int | float):
            assert a == pytest.approx(b, rel=1e-9, abs=1e-9)
        else:
            assert a == b


def test_every_method_is_shipped_but_the_two_said() -> None:
    assert set(SHIPPED) | set(models.ALIASES) == set(METHODS) - NOT_SHIPPED
    assert all(models.load(name).indicators == METHODS[name].indicators for name in SHIPPED)
    sizes = [file.stat().st_size for file in Path(models.__file__).parent.glob("*.json")]
    assert max(sizes) < 300_000


@pytest.mark.parametrize("name", SHIPPED)
def test_a_card_holds_its_own_quality_and_no_other(name: str) -> None:
    model, method = models.load(name), METHODS[name]
    assert model.name == name
    assert model.settings["target"] == method.target
    assert {"design", "primary"} <= set(model.validation)
    said = set(model.validation) - {"design", "primary"}
    assert said == ({method.target} if method.paper else {"default", "D", "grade"})
    assert model.predicts == (
        ("default", "grade") if method.paper is None else ("grade",) if method.target == "grade" else ("default",)
    )


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SHIPPED]
)
def test_a_shipped_card_is_what_the_command_makes(contest_rated: Tables, name: str) -> None:
    if name == "p2_cnn":
        pytest.importorskip("torch", reason="the extra cnn isn't installed")
    made, shipped = api.train(contest_rated, method=name, validated=False), models.load(name)
    assert made.data["table_sha256"] == shipped.data["table_sha256"]
    assert made.settings == shipped.settings
    same_numbers(made, shipped)


def test_the_default_models_method_is_the_default_model(contest_rated: Tables) -> None:
    assert models.load("two_step") == models.load()
    made = api.train(contest_rated, method="two_step", validated=False)
    assert (made.name, made.numbers) == ("default", api.train(contest_rated, validated=False).numbers)


@pytest.mark.parametrize("name", ["default", "p3_svm"])
def test_grade_sets_hold_most_training_grades(contest_rated: Tables, name: str) -> None:
    result = api.assess(contest_rated, model=name, lend_to="all")
    sets = result.grade_sets
    assert sets is not None
    assert sets == grade_sets(models.load(name), result.scores.grade_probs)
    held = [grade in found for grade, found in zip(contest_rated.firms["grade"], sets, strict=True)]
    assert np.mean(held) >= 0.88  # in sample: out of sample is the validation report's
    assert np.mean([len(found) for found in sets]) < 3.0


def test_grades_of_a_default_method_are_the_default_models(contest_rated: Tables) -> None:
    plain = api.assess(contest_rated, lend_to="all")
    mixed = api.assess(contest_rated, lend_to="all", model="p4_logistic")
    assert (mixed.model.name, mixed.grader.name) == ("p4_logistic", "default")
    assert mixed.scores.grade.tolist() == plain.scores.grade.tolist()
    assert np.array_equal(mixed.scores.grade_probs, plain.scores.grade_probs)
    assert mixed.indicators.columns[1:] == list(METHODS["p4_logistic"].indicators)
    assert not np.allclose(mixed.scores.pd, plain.scores.pd)


def test_scores_of_a_grade_method_are_the_default_models(contest_rated: Tables) -> None:
    plain = api.assess(contest_rated, lend_to="all")
    mixed = api.assess(contest_rated, lend_to="all", model="p3_svm")
    assert (mixed.model.name, mixed.grader.name) == ("default", "p3_svm")
    assert np.array_equal(mixed.scores.score, plain.scores.score)
    x = compute(contest_rated.purchases, contest_rated.sales, contest_rated.firms["firm"], METHODS["p3_svm"].indicators)
    method = METHODS["p3_svm"].make(0)
    table = x.drop("firm").to_numpy()
    codes = np.array([GRADES.index(g) for g in contest_rated.firms["grade"]])
    assert mixed.scores.grade_probs == pytest.approx(method.fit(table, codes).predict_proba(table), abs=1e-9)


@pytest.mark.parametrize("name", ["p4_logistic", "linear_wide", "p3_pca_logistic", "p3_svm"])
def test_a_whole_run_with_another_model(contest_tables: Tables, name: str, tmp_path: Path) -> None:
    result = api.assess(contest_tables, model=name)
    stressed = api.stress(result, "covid19_2020q1")
    assert stressed.unchanged_value < result.plan.value
    assert api.write(result, tmp_path / "plan.xlsx", "en", stress=stressed).stat().st_size > 10_000


@pytest.mark.parametrize("name", ["p1_topsis", "p4_topsis", "p3_ahp"])
def test_a_score_that_is_calibrated_lends(contest_rated: Tables, name: str) -> None:
    """The papers' bare scores call most firms likelier to default than not; nobody would be lent to."""
    result = api.assess(contest_rated, lend_to="all", model=name)
    assert np.mean(result.scores.pd) == pytest.approx(27 / 123, abs=1e-6)
    assert result.plan.lend.sum() > 20
    assert result.plan.value > 0


def test_an_unknown_method_lists_the_known_ones(contest_rated: Tables) -> None:
    with pytest.raises(BadInput, match=r"there are: .*p4_logistic"):
        api.train(contest_rated, method="gpt")


def test_numbers_are_shortened_wherever_they_are() -> None:
    form = {"form": "chain", "steps": [{"values": [1 / 3, 2]}], "n": 7, "flag": True}
    assert shortened(form) == {"form": "chain", "steps": [{"values": [0.333333333333, 2]}], "n": 7, "flag": True}
    assert shortened(form)["flag"] is True
