"""Every method's fitted numbers, written as JSON, score in a Python that can't import what trained them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from credit_udfs import models
from credit_udfs.core.method_scores import score_model
from credit_udfs.methods import METHODS, export

BLOCKED = ("sklearn", "torch", "scipy", "pandas", "polars")
ALONE = """
import json, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ImportError(name)

sys.meta_path.insert(0, Refuse())
import numpy as np
{body}
assert not {blocked!r} & {{name.split(".")[0] for name in sys.modules}}
"""


def alone(body: str, given: str) -> str:
    """What a program prints that finds none of BLOCKED."""
    program = ALONE.format(blocked=set(BLOCKED), body=body)
    return subprocess.run(
        [sys.executable, "-c", program], input=given, capture_output=True, text=True, check=True, encoding="utf-8"
    ).stdout


@pytest.fixture(scope="module")
def fitted() -> dict[str, tuple[dict[str, object], list[list[float]], np.ndarray]]:
    """Per method its exported numbers, rows to score, and what the estimator itself says of them."""
    random = np.random.default_rng(12)
    found = {}
    for name, method in METHODS.items():
        if name == "p2_cnn":
            pytest.importorskip("torch", reason="the extra cnn isn't installed")
        classes = 4 if method.target == "grade" else 2
        y = np.arange(80) % classes
        x = random.lognormal(1.0, 1.0, (80, len(method.indicators))) * np.exp(0.8 * y)[:, None] * 1e3
        model = method.make(0).fit(x, y)
        found[name] = (export(model), x[:9].tolist(), model.predict_proba(x[:9]))
    return found


def test_every_method_scores_from_its_json_without_what_trained_it(
    fitted: dict[str, tuple[dict[str, object], list[list[float]], np.ndarray]],
) -> None:
    body = (
        "from credit_udfs.core import forms\n"
        "given = json.load(sys.stdin)\n"
        "print(json.dumps({k: forms.evaluate(form, np.array(x)).tolist() for k, (form, x) in given.items()}))"
    )
    said = json.loads(alone(body, json.dumps({name: (form, x) for name, (form, x, _) in fitted.items()})))
    assert set(said) == set(METHODS)
    for name, (_, _, wanted) in fitted.items():
        assert np.abs(np.array(said[name]) - wanted).max() < 1e-12, name


def test_every_shipped_card_scores_alone() -> None:
    body = (
        "from credit_udfs.core.method_scores import score_model\n"
        "from credit_udfs.core.model_card import Model\n"
        "given = json.load(sys.stdin)\n"
        "for text in given:\n"
        "    model = Model.from_json(text)\n"
        "    x = np.array([[spec['median'] for spec in model.numbers['indicators']]])\n"
        "    scores = score_model(model, x, contributions=False)\n"
        "    print(json.dumps([model.name, scores.pd.tolist(), scores.grade_probs.tolist()]))"
    )
    cards = [models.load(name) for name in models.names()]
    said = [json.loads(line) for line in alone(body, json.dumps([card.to_json() for card in cards])).splitlines()]
    assert [name for name, _, _ in said] == [card.name for card in cards]
    for card, (_, pd, probs) in zip(cards, said, strict=True):
        x = np.array([[spec["median"] for spec in card.numbers["indicators"]]])
        here = score_model(card, x, contributions=False)
        assert np.array_equal(here.pd, np.array(pd), equal_nan=True)
        assert np.array_equal(here.grade_probs, np.array(probs), equal_nan=True)


def test_a_card_on_disk_is_all_that_a_cell_needs(tmp_path: Path) -> None:
    card = models.load("p3_ahp")
    (tmp_path / "card.json").write_text(card.to_json(), encoding="utf-8")
    body = (
        "from credit_udfs.core.model_card import Model\n"
        "from credit_udfs.core.method_scores import score_model\n"
        "text = open(json.load(sys.stdin), encoding='utf-8').read()\n"
        "print(score_model(Model.from_json(text), np.full((1, 6), np.nan)).pd[0])"
    )
    assert alone(body, json.dumps(str(tmp_path / "card.json"))).strip() == "nan"  # nothing known, nothing said
