"""The built add-in, checked by programs that aren't ours: a package, a VBA project, a ribbon, safe to load."""

from __future__ import annotations

import io
import os
import posixpath
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from pyopenvba import ExcelFile

from addin.excel import xlwings_module
from addin.excel.build import HERE, main, modules, package, pure_modules, version
from addin.excel.wrappers import functions_module, help_rows
from credit_udfs.cells.spec import REQUIRED, Arg, CellFunction
from credit_udfs.errors import BadInput
from tests.addin.xlam_readers import check_sectors, compound, decompressed, olevba_sources

MODULES = modules()
DATA = package(MODULES)
PARTS = {name: zipfile.ZipFile(io.BytesIO(DATA)).read(name) for name in zipfile.ZipFile(io.BytesIO(DATA)).namelist()}
TEXTS = {module.name: module.source().decode("cp1252") for module in MODULES}
UI = "{http://schemas.microsoft.com/office/2006/01/customui}"
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def xml(part: str) -> ElementTree.Element:
    return ElementTree.fromstring(PARTS[part])


def test_two_builds_have_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.xlam", "b.xlam"):
        main(["-o", str(tmp_path / name)])
    assert (tmp_path / "a.xlam").read_bytes() == (tmp_path / "b.xlam").read_bytes() == DATA
    assert "sha256" in capsys.readouterr().out


# The package ([ECMA-376] part 2)


def test_every_part_has_a_content_type_and_every_declared_part_exists() -> None:
    assert zipfile.ZipFile(io.BytesIO(DATA)).testzip() is None
    assert next(iter(PARTS)) == "[Content_Types].xml"
    types = xml("[Content_Types].xml")
    overrides = {e.get("PartName", "")[1:]: e.get("ContentType") for e in types if e.tag.endswith("Override")}
    defaults = {e.get("Extension") for e in types if e.tag.endswith("Default")}
    parts = set(PARTS) - {"[Content_Types].xml"}
    assert set(overrides) <= parts
    assert {p for p in parts if p not in overrides and p.rpartition(".")[2] not in defaults} == set()
    assert overrides["xl/workbook.xml"] == "application/vnd.ms-excel.addin.macroEnabled.main+xml"
    assert len({name.lower() for name in PARTS}) == len(PARTS)


def test_relationships_lead_to_parts_and_every_part_is_reached() -> None:
    reached = set()
    for rels in [name for name in PARTS if name.endswith(".rels")]:
        base = posixpath.dirname(posixpath.dirname(rels))
        ids = [r.get("Id") for r in xml(rels)]
        assert len(set(ids)) == len(ids)
        for relation in xml(rels):
            assert relation.get("TargetMode") is None, "nothing outside the file"
            target = relation.get("Target", "")
            path = target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(base, target))
            assert path in PARTS, path
            reached.add(path)
    assert set(PARTS) - reached == {n for n in PARTS if n.endswith(".rels")} | {"[Content_Types].xml"}


def test_every_xml_part_is_well_formed_and_the_ribbon_is_related_as_office_wants() -> None:
    for name in PARTS:
        if name.endswith((".xml", ".rels")):
            xml(name)
    kinds = {r.get("Target"): r.get("Type") for r in xml("_rels/.rels")}
    assert kinds["customUI/customUI.xml"] == "http://schemas.microsoft.com/office/2006/relationships/ui/extensibility"


def test_the_add_in_has_no_window() -> None:
    view = xml("xl/workbook.xml").find(f"{MAIN}bookViews/{MAIN}workbookView")
    assert view is not None
    assert view.get("visibility") == "hidden"


def test_code_names_are_those_of_the_document_modules() -> None:
    book = xml("xl/workbook.xml").find(f"{MAIN}workbookPr")
    assert book is not None
    names = {book.get("codeName")}
    for part in [p for p in PARTS if p.startswith("xl/worksheets/sheet")]:
        properties = xml(part).find(f"{MAIN}sheetPr")
        assert properties is not None
        names.add(properties.get("codeName"))
    assert names == {m.name for m in MODULES if m.kind in ("workbook", "sheet")}


# The VBA project, by independent readers


def test_olevba_reads_every_module_back_character_for_character() -> None:
    found = olevba_sources("credit_udfs.xlam", DATA)
    assert {k: v.replace("\r\n", "\n") for k, v in found.items()} == {
        k: v.replace("\r\n", "\n") for k, v in TEXTS.items()
    }


def test_pyopenvba_reads_every_module_back(tmp_path: Path) -> None:
    path = tmp_path / "credit_udfs.xlam"
    path.write_bytes(DATA)
    with ExcelFile(path) as book:
        found = book.vba_modules()
    assert set(found) == set(TEXTS)
    for name, text in TEXTS.items():
        # pyOpenVBA shows document and class modules without some of their attribute lines.
        code = text[text.rfind("Attribute VB_Customizable") :] if "VB_Customizable" in text else text
        assert found[name].replace("\r\n", "\n").endswith(code.partition("\r\n")[2].replace("\r\n", "\n"))


def test_olefile_strict_has_nothing_to_complain_of() -> None:
    check_sectors(PARTS["xl/vbaProject.bin"])
    with compound(PARTS["xl/vbaProject.bin"]) as ole:
        assert ole.parsing_issues == []
        assert {tuple(name) for name in ole.listdir()} == {
            ("PROJECT",),
            ("PROJECTwm",),
            ("VBA", "_VBA_PROJECT"),
            ("VBA", "dir"),
            *(("VBA", m.name) for m in MODULES),
        }
        for module in MODULES:
            assert decompressed(ole.openstream(f"VBA/{module.name}").read()) == module.source()


def test_vba_lines_are_within_the_editors_limits() -> None:
    for name, text in TEXTS.items():
        lines = text.split("\r\n")
        assert max(map(len, lines)) <= 1023, name
        assert all(len(run) <= 24 * 2 for run in re.findall(r"(?:_\r\n)+", text))
        starts = len(re.findall(r"(?m)^ *(?:Public |Private )?(?:Function|Sub) \w+", text))
        assert starts == len(re.findall(r"(?m)^ *End (?:Function|Sub)", text)), name


# The ribbon


BUTTON_ATTRIBUTES = {"id", "label", "size", "imageMso", "onAction", "screentip", "supertip"}


def buttons() -> list[ElementTree.Element]:
    return list(xml("customUI/customUI.xml").iter(f"{UI}button"))


def test_the_ribbon_has_its_verbs_and_each_has_a_procedure() -> None:
    assert {b.get("id") for b in buttons()} >= {
        "scoreAll",
        "optimisePortfolio",
        "stress",
        "undo",
        "modelCard",
        "settings",
        "help",
    }
    for button in buttons():
        module, _, procedure = button.get("onAction", "").partition(".")
        assert f"\r\nPublic Sub {procedure}(control As IRibbonControl)\r\n" in TEXTS[module]
    used = {b.get("onAction", "").partition(".")[2] for b in buttons()}
    assert set(re.findall(r"Public Sub (\w+)", TEXTS["Ribbon"])) == used


def test_the_ribbon_keeps_to_the_schema_and_speaks_both_languages() -> None:
    root = xml("customUI/customUI.xml")
    assert [e.tag.replace(UI, "") for e in (root, root[0], root[0][0], root[0][0][0])] == [
        "customUI",
        "ribbon",
        "tabs",
        "tab",
    ]
    assert root[0][0][0].get("label") == "Credit / 信贷"
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(set(ids)) == len(ids)
    for button in buttons():
        assert set(button.attrib) <= BUTTON_ATTRIBUTES
        assert button.get("size") in {None, "large"}
        for attribute in ("label", "screentip", "supertip"):
            english, _, chinese = button.get(attribute, "").rpartition(" / ")
            assert re.search("[a-zA-Z]", english)
            assert re.search("[\u4e00-\u9fff]", chinese)
            assert len(button.get(attribute, "")) <= 1024


# The declarations


def declared(name: str = "TESTSCORE", *args: Arg) -> CellFunction:
    def body() -> None:
        raise BadInput("core.rate_out_of_range")

    return CellFunction(name, args, "评分 “A”", 'Score "A" ≤ 1', "信贷", "Credit", "row", body)


RANGE = Arg("indicators", "range", "指标", "Indicators", REQUIRED)
OPTIONAL = Arg("model_name", "text", "模型", "Model", None)


def test_a_wrapper_declares_calls_and_describes() -> None:
    text = functions_module([declared("TESTSCORE", RANGE, OPTIONAL)], "1.2.3")
    assert "Public Function TESTSCORE(indicators As Variant, Optional model_name As Variant) As Variant\n" in text
    assert 'Attribute TESTSCORE.VB_Description = "Score ""A"" ? 1"\n' in text
    assert '    TESTSCORE = CallCell("TESTSCORE", Array(indicators, model_name))\n' in text
    assert 'CREDITUDFSVERSION = "1.2.3"' in text


def test_a_function_without_arguments_and_one_with_many() -> None:
    many = [Arg(f"a{i}", "number", "数", "Number", None) for i in range(20)]
    text = functions_module([declared("NOARGS"), declared("MANYARGS", *many)], "1")
    assert "Public Function NOARGS() As Variant\n" in text
    assert 'NOARGS = CallCell("NOARGS", Array())' in text
    head = text[text.index("Public Function MANYARGS") :].partition(") As Variant\n")[0]
    assert head.count(" _\n") == 6
    assert head.replace(" _\n       ", "").count("Optional a") == 20


def test_every_declaration_has_a_wrapper_and_its_help_in_both_languages() -> None:
    from credit_udfs.cells import REGISTRY

    book = openpyxl.load_workbook(io.BytesIO(package(MODULES, add_in=False)), keep_vba=False)
    rows = list(book["credit_udfs.help"].iter_rows(values_only=True))[1:]
    assert [row[0] for row in rows] == list(REGISTRY)
    for row, function in zip(rows, REGISTRY.values(), strict=True):
        assert f"Public Function {function.name}(" in TEXTS["Functions"]
        texts = [x for x in row[1:] if x is not None]
        assert texts[:4] == [function.help_zh, function.help_en, function.category_zh, function.category_en]
        assert texts[4:] == [t for a in function.args for t in (a.help_zh, a.help_en)]
        assert all(len(t) <= 255 for t in texts)


def test_the_wizard_finds_help_where_it_looks() -> None:
    header = help_rows([declared("TESTSCORE", RANGE)])[0]
    assert header[5:] == ["argument 1 zh", "argument 1 en"]
    assert "FIRST_ARGUMENT As Long = 6" in TEXTS["Wizard"]
    assert 'HELP_SHEET As String = "credit_udfs.help"' in TEXTS["Wizard"]


# xlwings' module: the pinned version, and nothing in it that another workbook could use


def test_xlwings_version_is_one_and_the_same_everywhere() -> None:
    extras = tomllib.loads((HERE.parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"xlwings=={xlwings_module.version()}" in extras["optional-dependencies"]["excel"]
    text = TEXTS["xlwings"]
    assert set(re.findall(r"\b\d+\.\d+\.\d+\b", text)) == {xlwings_module.version()}
    book = openpyxl.load_workbook(io.BytesIO(package(MODULES, add_in=False)))
    settings = dict(book["credit_udfs.conf"].iter_rows(values_only=True))
    assert settings == {"INTERPRETER_WIN": ""}
    properties = ElementTree.tostring(xml("docProps/custom.xml"), encoding="unicode")
    assert f">{xlwings_module.version()}<" in properties
    assert f">{version()}<" in properties


def test_what_is_kept_of_xlwings_is_kept_word_for_word() -> None:
    theirs = xlwings_module.procedures(xlwings_module.published())
    ours = xlwings_module.procedures(TEXTS["xlwings"].replace("\r\n", "\n"))
    assert set(ours) == {*xlwings_module.KEPT, *xlwings_module.REPLACED}
    for name in xlwings_module.KEPT:
        assert re.sub(r"\A(Public|Private) ", "", ours[name]) == re.sub(r"\A(Public|Private) ", "", theirs[name])
    assert "Redistribution and use in source and binary forms" in TEXTS["xlwings"]


def test_no_module_looks_at_the_active_workbook_but_to_work_on_it() -> None:
    allowed = {
        "Server": {"If ActiveWorkbook Is Nothing Then", "XLPy.Tuple(command, ActiveWorkbook)"},
        "Wizard": {"Or ActiveWorkbook Is Nothing Then Exit Sub"},
    }
    for name, text in TEXTS.items():
        code = re.sub(r"(?m)^\s*'.*$", "", text)
        for line in [line for line in code.split("\r\n") if re.search(r"Active(Workbook|Sheet|Cell)", line)]:
            assert any(known in line for known in allowed.get(name, ())), line
    assert not re.search(
        "(?i)directory|embedded|licen[sc]e_key|conda.*GetConfigFromFile|pro\\.",
        "\n".join(re.sub(r"(?m)^\s*'.*$", "", TEXTS[n]) for n in ("Server", "xlwings")),
    )


def test_no_cell_of_any_workbook_can_call_what_starts_programs() -> None:
    """Public functions of a standard module are callable from cells; only the declared ones may be."""
    from credit_udfs.cells import REGISTRY

    for module in MODULES:
        if module.kind != "module":
            continue
        text = TEXTS[module.name]
        public = set(re.findall(r"(?m)^(?:Public )?Function (\w+)", text))
        if module.name == "Functions":
            assert public == {*REGISTRY, "CREDITUDFSVERSION"}
        elif module.name == "Ribbon":
            assert public == set(), "Ribbon's procedures are subs"
        else:
            assert "\r\nOption Private Module\r\n" in text
    assert set(re.findall(r"(?m)^Public (?:Function|Sub) (\w+)", TEXTS["xlwings"])) == {"XLPy", "KillPy"}
    declares = re.findall(r"(?m)^ *(.*)Declare ", TEXTS["xlwings"])
    assert len(declares) == len(re.findall(r"(?m)^ *.*Declare .*Lib ", xlwings_module.published()))
    assert set(declares) == {"Private "}
    everything = "\n".join(TEXTS.values())
    for dangerous in ("RunPython", "RunFrozenPython", "ExecuteWindows", "Shell", "cmd.exe", "CreateObject", "Kill "):
        assert dangerous not in everything


def test_python_takes_no_module_from_beside_the_workbook_or_from_the_environment(tmp_path: Path) -> None:
    """Excel's current folder is often the workbook's, and Python would look there first."""
    found = re.search(r'& " (-I -B) -c "', TEXTS["xlwings"])
    assert found
    for name in ("credit_udfs", "xlwings", "pythoncom"):
        (tmp_path / f"{name}.py").write_text("print('planted')")
    code = "import importlib.util as u; print([u.find_spec(n) for n in ('credit_udfs', 'pythoncom')]); import xlwings"
    for options, planted in (([], True), (found[1].split(), False)):
        done = subprocess.run(
            [sys.executable, *options, "-c", code],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ("planted" in done.stdout) is planted
        assert (str(tmp_path) in done.stdout) is planted


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('PROJECT_NAME As String = "myaddin"', 'PROJECT As String = "myaddin"'),
        ("Sub KillPy()", "Sub EndPy()"),
        ("'Version: ", "'Release: "),
    ],
)
def test_a_changed_xlwings_is_noticed(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    changed = xlwings_module.published().replace(old, new)
    monkeypatch.setattr(xlwings_module, "published", lambda: changed)
    with pytest.raises(ValueError, match="xlwings' module"):
        xlwings_module.build((HERE / "xlwings_settings.bas").read_text("utf-8"))


def test_pure_modules_name_neither_excel_nor_python() -> None:
    for module in pure_modules():
        assert not re.search("Application|ThisWorkbook|XLPy|CreateObject", module.text.replace("CallCell", ""))
