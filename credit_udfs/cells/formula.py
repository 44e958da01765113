"""The one place that knows how our functions are spelled in files.

The same formula is saved as ``RISKSCORE(A2:F2)``, ``_xldudf_RISKSCORE(A2:F2)`` (Office add-in; a namespace may
follow the first part), ``'C:\\tools\\credit_udfs.xlam'!RISKSCORE(A2:F2)`` or ``[1]!RISKSCORE(A2:F2)`` (an Excel
add-in seen from another computer), ``_xll.``, ``_xludf.`` or ``_xlfn.`` before the name, or a LibreOffice service
name before it, in capital or small letters. An ``@``, which takes one value of a spill, stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from credit_udfs.cells.spec import REGISTRY

# Alternatives in this order: texts, our names with whatever stands before them, quoted sheet names, brackets
# (structured references, external books). Only the second is changed.
_PATTERN = r"""
    "(?:[^"]|"")*"
  | (?<![\w.\#$\\])
    (?P<one>@)?
    (?P<before>
        (?P<file> '(?:[^']|'')*'! | [^\s'!()+\-*/^&=<>,;:%"{}@]+! )?
        (?: _xldudf_ (?:[A-Za-z0-9]+_)?? | (?:[A-Za-z_]\w*\.)+ )?
    )
    (?P<name>NAMES) (?=\s*\()
  | '(?:[^']|'')*'
  | \[[^\[\]]*\]
"""
_ADDIN = re.compile(r"\.xl(?:am?|sm|sb|l)\b|^'?\[", re.IGNORECASE)


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    listed = "|".join(sorted(names, key=len, reverse=True))
    return re.compile(_PATTERN.replace("NAMES", listed), re.VERBOSE | re.IGNORECASE)


def respell(formula: str, spell: Callable[[str], str], names: Iterable[str] | None = None) -> str:
    """`formula` with every call of one of `names` (default: all declared) spelled as `spell(NAME)`.

    Texts in quotes stay as they are, and so does a name qualified by a sheet, which is a name of the user's own.
    """

    def change(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None or (found["file"] and not _ADDIN.search(found["file"])):
            return found[0]
        return (found["one"] or "") + spell(name.upper())

    return _pattern(tuple(REGISTRY if names is None else names)).sub(change, formula)


def canonical(formula: str, names: Iterable[str] | None = None) -> str:
    """`formula` with our functions by their bare names, whatever program saved it."""
    return respell(formula, str, names)


def canonical_with_names(formula: str, names: Iterable[str] | None = None) -> tuple[str, tuple[str, ...]]:
    """`canonical`, and our functions that the formula calls, in order, repeated as often as they are called."""
    found: list[str] = []

    def note(name: str) -> str:
        found.append(name)
        return name

    return respell(formula, note, names), tuple(found)


def functions_in(formula: str, names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Our functions that `formula` calls, in order, repeated as often as they are called."""
    return canonical_with_names(formula, names)[1]
