"""The shipped models: one JSON card each."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from credit_udfs.core.model_card import Model
from credit_udfs.errors import NotAvailable


def names() -> tuple[str, ...]:
    """Names of the shipped models."""
    return tuple(sorted(p.name.removesuffix(".json") for p in files(__package__).iterdir() if p.name.endswith(".json")))


@cache
def load(name: str = "default") -> Model:
    """The shipped model of that name. Raises NotAvailable when there is none."""
    if name not in names():
        raise NotAvailable("core.model_unknown", name=name, known=", ".join(names()))
    return Model.from_json(files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8"), f"{name}.json")
