"""The built extension: the same bytes twice, complete, and its own arithmetic the package's, to the last bit."""

from __future__ import annotations

import ast
import importlib
import io
import json
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from addin.libreoffice.build import OFFICE, files, main, package, version
from addin.libreoffice.icons import SIZES
from addin.libreoffice.parts import MENU_VERBS, idl_name
from addin.libreoffice.rules import definitions
from credit_udfs.cells import REGISTRY, coerce
from credit_udfs.cells.functions import scoring
from credit_udfs.cells.spec import ErrorValue
from credit_udfs.commands import VERBS
from credit_udfs.core import kernel
from credit_udfs.hosts import libreoffice_link
from credit_udfs.locale import area

FILES = files()
OOR = "{http://openoffice.org/2001/registry}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """credit_office.inprocess as it stands in the built extension, in a Python that happens to have numpy as well."""
    folder = tmp_path_factory.mktemp("oxt")
    zipfile.ZipFile(io.BytesIO(package())).extractall(folder)
    sys.path.insert(0, str(folder / "pythonpath"))
    try:
        yield importlib.import_module("credit_office.inprocess")
    finally:
        sys.path.remove(str(folder / "pythonpath"))
        for name in [name for name in sys.modules if name.startswith("credit_office")]:
            del sys.modules[name]


def bits(value: object) -> object:
    """A value as it can be compared to the last bit; errors by name."""
    if isinstance(value, ErrorValue):
        return value.code
    if isinstance(value, float):
        return libreoffice_link.error_of(value) if value != value else struct.pack("<d", value)
    return value


def same(found: Any, expected: Any) -> None:
    assert [[bits(v) for v in row] for row in found] == [[bits(v) for v in row] for row in expected]


# --- the package -----------------------------------------------------------------------------------------


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    main(["-o", str(tmp_path / "a.oxt")])
    main(["-o", str(tmp_path / "b.oxt")])
    assert (tmp_path / "a.oxt").read_bytes() == (tmp_path / "b.oxt").read_bytes() == package()


def test_the_manifest_names_files_that_are_there() -> None:
    listed = {
        entry.attrib["{http://openoffice.org/2001/manifest}full-path"]
        for entry in ElementTree.fromstring(FILES["META-INF/manifest.xml"])
    }
    assert listed == {"functions.idl", "credit_component.py", *(name for name in FILES if name.endswith(".xcu"))}
    assert listed <= set(FILES)
    assert f'value="{version()}"' in FILES["description.xml"].decode()


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith((".xml", ".xcu"))])
def test_xml_is_well_formed(name: str) -> None:
    ElementTree.fromstring(FILES[name])


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".py")])
def test_sources_run_in_the_oldest_python_that_libreoffice_brings(name: str) -> None:
    tree = ast.parse(FILES[name].decode(), feature_version=(3, 10))
    imported = {n.names[0].name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import)}
    froms = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and not n.level]
    imported |= {str(n.module).split(".")[0] for n in froms}
    own = {"uno", "unohelper", "com", "creditudfs", "credit_office"}
    new_in_3_11 = {"tomllib"}
    assert imported - own <= sys.stdlib_module_names - new_in_3_11


def test_copies_are_copies() -> None:
    for name, module in (("kernel.py", kernel), ("link.py", libreoffice_link)):
        assert FILES[OFFICE + name].decode() == Path(str(module.__file__)).read_text(encoding="utf-8")


def test_the_rules_are_the_packages_word_for_word() -> None:
    rules = FILES[OFFICE + "rules.py"].decode()
    for module, names in ((coerce, ("parse_number", "is_blank", "fold")), (scoring, ("_reason",))):
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        for text in definitions(source, names):
            assert text in rules


def test_a_definition_that_moved_is_noticed() -> None:
    with pytest.raises(LookupError, match="gone"):
        definitions("x = 1", ("gone",))


# --- declarations ----------------------------------------------------------------------------------------


def _nodes(name: str) -> dict[str, ElementTree.Element]:
    root = ElementTree.fromstring(FILES[name])
    return {e.attrib[f"{OOR}name"]: e for e in root.iter("node")}


def _prop(node: ElementTree.Element, name: str) -> dict[str, str]:
    prop = next(p for p in node.findall("prop") if p.attrib[f"{OOR}name"] == name)
    return {v.attrib.get(LANG, ""): v.text or "" for v in prop}


@pytest.mark.parametrize("function", REGISTRY.values(), ids=lambda f: f.name)
def test_every_function_has_its_help_in_two_languages(function: Any) -> None:
    node = _nodes("CalcAddIns.xcu")[function.name.lower()]
    both = {"en-US": function.name, "zh-CN": function.name}
    assert _prop(node, "DisplayName") == _prop(node, "CompatibilityName") == both
    assert _prop(node, "Description") == {"en-US": function.help_en, "zh-CN": function.help_zh}
    parameters = next(n for n in node.findall("node") if n.attrib[f"{OOR}name"] == "Parameters")
    assert [n.attrib[f"{OOR}name"] for n in parameters] == [idl_name(arg) for arg in function.args]
    for arg, parameter in zip(function.args, parameters, strict=True):
        assert _prop(parameter, "DisplayName")["zh-CN"] == arg.name
        shown = _prop(parameter, "Description")
        assert shown["en-US"].startswith(arg.help_en)
        assert shown["zh-CN"].startswith(arg.help_zh)
        if isinstance(arg.default, str):
            assert arg.default in shown["en-US"]
            assert arg.default in shown["zh-CN"]


@pytest.mark.parametrize("function", REGISTRY.values(), ids=lambda f: f.name)
def test_the_interface_has_the_declared_arguments_in_order(function: Any) -> None:
    found = re.search(rf" {function.name.lower()}\((.*)\);", FILES["functions.idl"].decode())
    assert found is not None
    names = re.findall(r"\[in\] \S+ (\w+)", found[1])
    assert names == [idl_name(arg) for arg in function.args]
    assert all(re.fullmatch("[a-z][a-zA-Z0-9]*", name) for name in names)


def test_menu_and_toolbar_hold_every_verb_in_two_languages() -> None:
    text = FILES["Addons.xcu"].decode()
    assert set(MENU_VERBS) == {*VERBS, "restart"}
    for verb in MENU_VERBS:
        for lang, tip in area("libreoffice")[f"tip_{verb}"].items():
            assert text.count(f"{': ' if lang == 'en' else '：'}{tip}<") == 1
        assert text.count(f"<value>creditudfs:{verb}</value>") == 3  # menu, toolbar, pictures
        for shown in area("commands" if verb in VERBS else "libreoffice")[f"verb_{verb}"].values():
            assert text.count(f">{shown}<") == 1  # the menu; the toolbar says more


def test_every_verb_has_its_pictures() -> None:
    named = re.findall(r"%origin%/([^<]+)<", FILES["Addons.xcu"].decode())
    assert sorted(named) == sorted(name for name in FILES if name.startswith("icons/"))
    assert len({FILES[name] for name in named}) == len(named)
    for name, size in zip(named, [*SIZES.values()] * len(MENU_VERBS), strict=True):
        assert name.endswith(f"_{size}.png")
        seen = [pixel for row in _pixels(FILES[name], size) for pixel in row]
        assert 0.1 < sum(pixel[3] == 255 for pixel in seen) / len(seen) < 0.9


def _pixels(png: bytes, size: int) -> list[list[tuple[int, ...]]]:
    """Rows of red, green, blue, opacity."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        chunks[kind] = png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + chunks[kind])
        at += 12 + length
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (size, size, 8, 6, 0, 0, 0)
    raw, width = zlib.decompress(chunks[b"IDAT"]), 4 * size + 1
    rows = [raw[i : i + width] for i in range(0, len(raw), width)]
    assert len(rows) == size
    assert all(row[0] == 0 for row in rows)
    return [[tuple(row[i : i + 4]) for i in range(1, width, 4)] for row in rows]


# --- the extension's own arithmetic ----------------------------------------------------------------------

SCORING = ("RISKSCORE", "DEFAULTPROB", "CREDITGRADE", "GRADEPROBS", "RISKREASONS")


def _ten_thousand() -> list[list[float | None]]:
    draw = np.random.default_rng(20201)
    n = 10_000
    x = np.column_stack([10 ** draw.uniform(2, 10, n), draw.uniform(0, 6, n), *draw.random((4, n))])
    x[draw.random(x.shape) < 0.05] = np.nan
    return [[None if v != v else v for v in row] for row in x.tolist()]


@pytest.mark.parametrize("name", SCORING)
def test_ten_thousand_rows_have_numpys_bits(office: ModuleType, name: str) -> None:
    rows = _ten_thousand()
    given = tuple(tuple("" if v is None else v for v in row) for row in rows)
    same(office.score(name, given), REGISTRY[name].call([rows]))


def test_ten_thousand_churn_rates_have_numpys_bits(office: ModuleType) -> None:
    rates = np.linspace(0.04, 0.15, 10_000).tolist()
    grid = tuple((r,) for r in rates)
    same(office.churnrate(grid, (("A", "B", "C", "D"),)), REGISTRY["CHURNRATE"].call([grid, [["A", "B", "C", "D"]]]))


CELL = st.one_of(
    # Products of numbers near the largest of all overflow: numpy warns of it.
    st.floats(-1e300, 1e300),
    st.sampled_from([float("inf"), float("-inf")]),
    st.floats(0, 1e9),
    st.sampled_from(["", " ", "#N/A", "#DIV/0!", "#NUM!", "#value!", "#x", "abc", "."]),
    st.sampled_from(["1,234.5", "１２．５％", "1e999", "−3", "12,34"]),
    st.text(alphabet="0123456789.,eE+-%＋１２ #", max_size=8).filter(
        lambda text: not re.search(r"[eE][+＋]?[\d]{3}", text)
    ),
)
ROW = st.lists(CELL, min_size=6, max_size=6)


@pytest.mark.parametrize("name", SCORING)
@given(rows=st.lists(ROW, min_size=1, max_size=4))
@example(rows=[["", "", "", 1.0, 2.0, 3.0]])
@example(rows=[[1e6, 2.0, "#N/A", 0.5, "x", 0.4], [1e6, 2.0, 0.3, 0.5, 0.1, 0.4]])
def test_any_cells_give_the_packages_values(office: ModuleType, name: str, rows: list[list[Any]]) -> None:
    same(office.score(name, tuple(map(tuple, rows))), REGISTRY[name].call([rows]))


@given(
    rate=st.one_of(CELL, st.floats(0.03, 0.16)),
    grade=st.one_of(CELL, st.sampled_from(["A", "b", "Ｃ", " D ", "E"])),
)
@example(rate=0.15000000000000002, grade="A")
@example(rate=0.05, grade="#NUM!")
@example(rate="", grade="")
def test_any_rate_and_grade_give_the_packages_churn(office: ModuleType, rate: Any, grade: Any) -> None:
    same(office.churnrate(rate, grade), REGISTRY["CHURNRATE"].call([rate, grade]))


def test_one_firm_may_be_written_as_a_column(office: ModuleType) -> None:
    column = ((5.2e7,), (3.1,), (0.18,), (0.93,), (0.04,), (0.22,))
    same(office.score("RISKSCORE", column), REGISTRY["RISKSCORE"].call([column]))


@pytest.mark.parametrize("width", [1, 5, 7])
def test_another_width_is_an_error(office: ModuleType, width: int) -> None:
    with pytest.raises(office.CallError, match="#VALUE!"):
        office.score("RISKSCORE", ((1.0,) * width, (1.0,) * width))


def test_shapes_that_do_not_fit_are_an_error(office: ModuleType) -> None:
    with pytest.raises(office.CallError, match="#VALUE!"):
        office.churnrate(((0.05,), (0.06,)), (("A",), ("B",), ("C",)))


@pytest.mark.parametrize(
    ("value", "expected"), [("", "zh"), (" ", "zh"), ("EN", "en"), ("ｅｎ", "en"), ((("en",),), "en"), ((("",),), "zh")]
)
def test_an_option(office: ModuleType, value: Any, expected: str) -> None:
    assert office.option(value, ["zh", "en"], "zh") == expected


@pytest.mark.parametrize("value", ["fr", 1.0, (("zh", "en"),)])
def test_a_bad_option_is_an_error(office: ModuleType, value: Any) -> None:
    with pytest.raises(office.CallError, match="#VALUE!"):
        office.option(value, ["zh", "en"], "zh")


def test_the_numbers_are_the_shipped_models() -> None:
    from credit_udfs import models

    assert json.loads(FILES[OFFICE + "data.json"])["model"] == models.load().numbers
