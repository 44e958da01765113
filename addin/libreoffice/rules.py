"""Take definitions word for word from the package's modules, so that the extension runs the package's own rules.

The modules themselves need numpy; these definitions don't.
"""

from __future__ import annotations

import ast
from pathlib import Path

from credit_udfs.cells import coerce
from credit_udfs.cells.functions import scoring

_PRELUDE = '''"""Word for word from credit_udfs.cells: coerce and functions.scoring; made by the builder."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

_DATA = json.loads(Path(__file__).with_name("data.json").read_text(encoding="utf-8"))


class Column(NamedTuple):
    zh: str
    en: str


NAMES = tuple(Column(*names) for names in _DATA["names"])


def text(key, lang, /, **values):
    return _DATA["cell_texts"][key.partition(".")[2]][lang].format(**values)
'''
FROM_COERCE = ("ERROR_TEXTS", "is_blank", "_NUMBER", "parse_number", "fold")
FROM_SCORING = ("REASONS", "_reason")


def definitions(source: str, names: tuple[str, ...]) -> list[str]:
    """The top-level definitions of `names` in a module's source, in the order of `names`."""
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        targets: list[str] = []
        if isinstance(node, ast.FunctionDef):
            targets = [node.name]
        elif isinstance(node, ast.Assign):
            targets = [t.id for t in node.targets if isinstance(t, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            targets = [node.target.id]
        for name in targets:
            if name in names:
                found[name] = ast.get_source_segment(source, node) or ""
    missing = set(names) - set(found)
    if missing:
        names_of = ", ".join(sorted(missing))
        raise LookupError(f"the package has no {names_of} any more: the extension needs another source")
    return [found[name] for name in names]


def rules_source() -> str:
    """The source of rules.py."""
    parts = [_PRELUDE]
    for module, names in ((coerce, FROM_COERCE), (scoring, FROM_SCORING)):
        assert module.__file__ is not None
        parts += definitions(Path(module.__file__).read_text(encoding="utf-8"), names)
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"
