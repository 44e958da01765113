"""A model is a few dozen numbers with their card: versioned JSON, sealed by a hash.

The card says what the model was trained on, how its indicators are defined, how well it did, and what it must not
be used for. A model without a card, or whose hash doesn't fit its content, is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from credit_udfs.core import kernel
from credit_udfs.errors import BadInput

SCHEMA = 1


@dataclass(frozen=True)
class Model:
    """A fitted model and its card.

    name: what users call it ("default"). form: how `numbers` are evaluated: "linear" by core.kernel, "method" by
    core.method_scores, where numbers has a form of core.forms per thing predicted ("default", "grade").
    numbers: the fitted values, JSON types only; "grade_sets" in it is for core.grade_sets.
    data: what it was trained on (sha256 of the files and of the training table, firms, defaults, grades).
    settings: how it was trained (regularisation, seed, versions). validation: out-of-sample figures, never
    training ones. trained: ISO date.
    """

    name: str
    form: str
    numbers: Mapping[str, Any]
    data: Mapping[str, Any]
    settings: Mapping[str, Any]
    trained: str
    validation: Mapping[str, Any] = field(default_factory=dict)

    @property
    def indicators(self) -> tuple[str, ...]:
        """Keys of the indicators, in the order of the model's input."""
        return tuple(spec["key"] for spec in self.numbers["indicators"])

    @property
    def predicts(self) -> tuple[str, ...]:
        """What of "default" and "grade" it gives probabilities of."""
        return tuple(target for target in ("default", "grade") if target in self.numbers)

    @property
    def hash(self) -> str:
        """SHA-256 of the whole card."""
        return hashlib.sha256(_canonical(self._fields()).encode()).hexdigest()

    def linear(self) -> kernel.Linear:
        """The compiled numbers of a linear model."""
        if self.form != "linear":
            raise BadInput("core.model_form", name=self.name, form=self.form)
        return kernel.compile_model(dict(self.numbers))

    def with_validation(self, validation: Mapping[str, Any]) -> Model:
        return replace(self, validation=validation)

    def to_json(self) -> str:
        """Readable JSON, a list of numbers on one line; floats are written so that they read back to the same bits."""
        written = json.dumps({**self._fields(), "hash": self.hash}, ensure_ascii=False, indent=1)
        # Texts in JSON have no line breaks, so a bracket before one is a list's.
        flat = re.sub(r"\[\n\s*([^\[\]{}\"]*?)\s*\]", lambda m: "[" + re.sub(r"\s*\n\s*", " ", m[1]) + "]", written)
        return flat + "\n"

    @classmethod
    def from_json(cls, text: str, source: str = "") -> Model:
        """Read a card; `source` names the file in messages.

        Raises BadInput when it isn't a card of this schema, is incomplete, its hash doesn't fit, or its numbers make
        no sense.
        """
        from credit_udfs.core.card_check import check_numbers, says_its_origin

        try:
            card = json.loads(text)
            version, sealed = card.pop("schema"), card.pop("hash")
            model = cls(**card)
            right = model.hash == sealed
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as cause:
            raise BadInput("core.model_not_a_card", source=source) from cause
        if version != SCHEMA:
            raise BadInput("core.model_schema", source=source, found=version, expected=SCHEMA)
        if not right:
            raise BadInput("core.model_hash", source=source)
        if not says_its_origin(model):
            raise BadInput("core.model_not_a_card", source=source)
        check_numbers(model, source)
        return model

    def _fields(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "name": self.name,
            "form": self.form,
            "trained": self.trained,
            "data": dict(self.data),
            "settings": dict(self.settings),
            "numbers": dict(self.numbers),
            "validation": dict(self.validation),
        }


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
