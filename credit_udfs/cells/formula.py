"""The one place that knows how our functions are spelled in files.

The same formula is saved as ``RISKSCORE(A2:F2)``, ``_xldudf_RISKSCORE(A2:F2)`` (Office add-in; a namespace may
follow the first part), ``'C:\\tools\\credit_udfs.xlam'!RISKSCORE(A2:F2)`` or ``[1]!RISKSCORE(A2:F2)`` (an Excel
add-in seen from another computer), ``_xll.``, ``_xludf.`` or ``_xlfn.`` before the name, or a LibreOffice service
name before it, in capital or small letters. An ``@``, which takes one value of a spill, stays.
"""

from __future__ import annotations

import re
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
def _pattern() -> re.Pattern[str]:
    listed = "|".join(sorted(REGISTRY, key=len, reverse=True))
    return re.compile(_PATTERN.replace("NAMES", listed), re.VERBOSE | re.IGNORECASE)


def canonical(formula: str) -> tuple[str, tuple[str, ...]]:
    """`formula` with our functions by their bare names, whatever program saved it; and those it calls, in order,
    repeated as often as they are called.

    Texts in quotes stay as they are, and so does a name qualified by a sheet, which is a name of the user's own.
    """
    called: list[str] = []

    def change(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None or (found["file"] and not _ADDIN.search(found["file"])):
            return found[0]
        called.append(name.upper())
        return (found["one"] or "") + called[-1]

    return _pattern().sub(change, formula), tuple(called)
