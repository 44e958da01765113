"""The shipped models: one JSON card each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from credit_udfs.core.model_card import Model
from credit_udfs.errors import BadInput, NotAvailable

ALIASES: Final[Mapping[str, str]] = {"two_step": "default"}
"""Methods whose fitted numbers are another's card: the default model is the method two_step."""


def names() -> tuple[str, ...]:
    """Names of the shipped models."""
    found = {p.name.removesuffix(".json") for p in files(__package__).iterdir() if p.name.endswith(".json")}
    return tuple(sorted(found | {alias for alias, name in ALIASES.items() if name in found}))


@cache
def load(name: str = "default") -> Model:
    """The shipped model of that name. Raises NotAvailable when there is none, or when its file is damaged."""
    if name not in names():
        raise NotAvailable("core.model_unknown", name=name, known=", ".join(names()))
    file = f"{ALIASES.get(name, name)}.json"
    # What isn't text any more isn't a card either.
    card = files(__package__).joinpath(file).read_bytes().decode(encoding="utf-8", errors="replace")
    try:
        return Model.from_json(card, file)
    except BadInput as cause:
        raise NotAvailable(cause.key, **cause.values) from cause
