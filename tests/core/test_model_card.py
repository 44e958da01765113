"""Model cards: sealed, complete, and readable to the last bit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from credit_udfs import models
from credit_udfs.core.indicators import SIX
from credit_udfs.core.model_card import Model
from credit_udfs.errors import BadInput, NotAvailable


def test_a_card_reads_back_the_same() -> None:
    model = models.load()
    assert Model.from_json(model.to_json()) == model
    assert model.indicators == SIX


def test_a_changed_number_is_noticed() -> None:
    card = json.loads(models.load().to_json())
    card["numbers"]["default"]["intercept"] += 1e-12
    with pytest.raises(BadInput, match="doesn't fit its own hash"):
        Model.from_json(json.dumps(card), "mine.json")


@pytest.mark.parametrize("field", ["data", "numbers", "trained", "hash", "schema"])
def test_an_incomplete_card_is_refused(field: str) -> None:
    card = json.loads(models.load().to_json())
    del card[field]
    with pytest.raises(BadInput, match=r"mine\.json is not a complete model card"):
        Model.from_json(json.dumps(card), "mine.json")


@pytest.mark.parametrize(
    "changes",
    [
        {"trained": ""},
        {"trained": "yesterday"},
        {"trained": None},
        {"data": {}},
        *(
            {"data": {key: value}}
            for key in ("files", "table_sha256", "firms", "defaults", "grades")
            for value in ("", 0)
        ),
    ],
    ids=str,
)
def test_a_seal_on_numbers_of_unknown_origin_is_refused(changes: dict[str, Any]) -> None:
    model = models.load()
    if changes.get("data"):
        changes = {"data": {**model.data, **changes["data"]}}
    sealed = replace(model, **changes).to_json()
    with pytest.raises(BadInput, match=r"mine\.json is not a complete model card"):
        Model.from_json(sealed, "mine.json")


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", "null", "not json", '{"schema": 1}'])
def test_something_else_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="not a complete model card"):
        Model.from_json(text, "x.json")


def test_another_schema_is_refused() -> None:
    card = json.loads(models.load().to_json())
    card["schema"] = 99
    with pytest.raises(BadInput, match="version 99"):
        Model.from_json(json.dumps(card), "x.json")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(NotAvailable, match=r"there are: .*default"):
        models.load("nonsense")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"{}", b"changed"])
def test_a_damaged_shipped_file_is_a_model_that_isnt_there(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path(models.__file__).with_name("p4_logistic.json").read_bytes()
    (tmp_path / "p4_logistic.json").write_bytes(whole.replace(b"0", b"1", 9) if content == b"changed" else content)
    monkeypatch.setattr(models, "files", lambda package: tmp_path)
    with pytest.raises(NotAvailable, match=r"p4_logistic\.json .* refused"):
        models.load.__wrapped__("p4_logistic")
    with pytest.raises(NotAvailable, match="there are: p4_logistic"):
        models.load.__wrapped__("default")
