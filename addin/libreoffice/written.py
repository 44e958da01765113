"""The shipped model's plain sums written out: one expression a firm, where `kernel.place` calls function by function.

A sheet's cells ask for scores and default probabilities most of all, and in Python calls and look-ups take longer
than the arithmetic. The steps are taken from the kernel's own source, so the bits are the kernel's.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

from credit_udfs.core import kernel

_HEAD: Final = '''"""Sums of the shipped model, written out from kernel.py and the model's numbers by the builder.

A row that is not six floats with a finite sum is left to `carefully(name, row)`.
"""

from math import frexp, ldexp, sqrt
'''
_LOOP: Final = """

def {name}(rows, carefully):
    out = []
    for row in rows:
        try:
            x1, x2, x3, x4, x5, x6 = row
{moved}
            total = {total}
        except TypeError:  # a blank, a text or an error
            out.append(carefully({name!r}, row))
            continue
        if total - total != 0.0:  # a missing indicator, or a number near the largest of all
            out.append(carefully({name!r}, row))
            continue
{finish}
    return tuple(out)
"""
_SCORE: Final = "out.append((0.0 if total < 0.0 else 100.0 if total > 100.0 else total,))"


class _OneFloat(ast.NodeTransformer):
    """The kernel's operations `ops` as they are on one float, and its constants as numbers."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "ops"):
            return node
        values = [ast.unparse(arg) for arg in node.args]
        if node.func.attr == "where":
            shown = "{1} if {0} else {2}".format(*values)
        elif node.func.attr == "clip":
            shown = "{1} if {0} < {1} else {2} if {0} > {2} else {0}".format(*values)
        else:
            shown = f"{node.func.attr.replace('rint', 'round')}({', '.join(values)})"
        return ast.parse(shown, mode="eval").body

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if not node.id.startswith("_"):
            return node
        return ast.parse(repr(getattr(kernel, node.id)), mode="eval").body


def _steps(function: str, argument: str, into: str) -> list[str]:
    """The lines of ``into = function(argument)`` with the kernel's function written out."""
    assert kernel.__file__ is not None
    source = ast.parse(Path(kernel.__file__).read_text(encoding="utf-8"))
    body = next(n for n in source.body if isinstance(n, ast.FunctionDef) and n.name == function).body
    # What it is for needn't be repeated.
    lines = [ast.unparse(_OneFloat().visit(statement)) for statement in body[1:]]
    assert lines[-1].startswith("return ")
    return [f"x = {argument}", *lines[:-1], f"{into} = {lines[-1].removeprefix('return ')}"]


def _moved(column: kernel.Column, x: str) -> list[str]:
    """The lines that transform an indicator in its place, as `kernel.place` does; what is missing stays so."""
    positive = f"({x} if {x} > 0.0 else 0.0 if {x} == {x} else {x})"
    if column.transform == "log10":
        return [*_steps("log", f"{column.shift!r} + {positive}", x), f"{x} *= {kernel._LOG10_E!r}"]
    return [f"{x} = sqrt({positive})"] if column.transform == "sqrt" else []


def _function(name: str, model: kernel.Linear, base: float, weights: list[float], finish: list[str]) -> str:
    columns = [(column, f"x{i}") for i, column in enumerate(model.columns, 1)]
    parts = (
        f"{weight!r} * (({x} - {column.center!r}) * {column.scale!r})"
        for (column, x), weight in zip(columns, weights, strict=True)
    )
    moved = [line for column, x in columns for line in _moved(column, x)]
    return _LOOP.format(
        name=name,
        moved="\n".join(" " * 12 + line for line in moved),
        total=" + ".join([repr(base), *parts]),
        finish="\n".join(" " * 8 + line for line in finish),
    )


def written_source(model: kernel.Linear) -> str:
    """The source of written.py: RISKSCORE and DEFAULTPROB of `model`."""
    points, log_odds = ([getattr(column, part) for column in model.columns] for part in ("points", "log_odds"))
    sigmoid = [*_steps("exp", "-total", "x"), "out.append((1.0 / (1.0 + x),))"]
    return "".join(
        [
            _HEAD,
            _function("RISKSCORE", model, model.base_points, points, [_SCORE]),
            _function("DEFAULTPROB", model, model.base_log_odds, log_odds, sigmoid),
        ]
    )
