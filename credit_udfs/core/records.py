"""Frozen dataclasses as JSON types, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def plain(value: Any) -> Any:
    """Nested dataclasses, mappings and tuples as JSON types; NaN and infinities as None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def built(kind: Any, value: Any) -> Any:
    """The value of type `kind` that `plain` made `value` of; None is NaN where a float belongs.

    kind: a dataclass, tuple[X, ...], tuple[X, Y], Mapping[str, X], X | None, Literal, float, int, bool or str, nested
    as one likes. Raises TypeError when `value` has another shape, a field too many or one too few.
    """
    origin, parts = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _record(kind, value)
    if origin in (Union, UnionType):
        if value is None and NoneType in parts:
            return None
        (some,) = (part for part in parts if part is not NoneType)
        return built(some, value)
    if origin is tuple and isinstance(value, list):
        of = [parts[0]] * len(value) if parts[-1] is Ellipsis else list(parts)
        if len(of) == len(value):
            return tuple(built(part, item) for part, item in zip(of, value, strict=True))
    elif origin is Mapping and isinstance(value, dict):
        return {key: built(parts[1], item) for key, item in value.items()}
    elif origin is Literal and value in parts:
        return value
    elif kind is float and (value is None or type(value) in (int, float)):
        return float("nan") if value is None else float(value)
    elif kind in (int, bool, str) and type(value) is kind:
        return value
    raise TypeError(f"{value!r} is not {kind!r}")


def _record(kind: Any, value: Any) -> Any:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    if not isinstance(value, dict) or set(value) != set(names):
        raise TypeError(f"not the fields of {kind.__name__}")
    return kind(**{name: built(hints[name], value[name]) for name in names})
