"""The template that comes with the package: found in a clone and in a wheel, copied, never over another file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

from credit_udfs.cli import main
from credit_udfs.errors import NotAvailable
from credit_udfs.workbook import template

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("lang", "first"), [("zh", "开始"), ("en", "Start")])
@pytest.mark.parametrize("example", [False, True])
def test_a_copy_is_written_and_none_replaced_unasked(tmp_path: Path, lang: Any, first: str, example: bool) -> None:
    target = tmp_path / "form.xlsx"
    words = ["template", "-o", str(target), "--lang", lang, *(["--example"] if example else [])]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert str(target) in result.stdout
    assert target.read_bytes() == template.template(lang, example=example).read_bytes()
    assert openpyxl.load_workbook(target, read_only=True).sheetnames[0] == first
    target.write_text("mine")
    assert CliRunner().invoke(main, words).exit_code == 2
    assert target.read_text() == "mine"
    assert CliRunner().invoke(main, [*words, "--force"]).exit_code == 0
    assert CliRunner().invoke(main, ["template", "-o", str(tmp_path / "form.csv")]).exit_code == 2


def test_it_is_looked_for_in_the_package_then_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, beside = tmp_path / "package" / "templates", tmp_path / "templates"
    monkeypatch.setattr(template, "FOLDERS", (inside, beside))
    with pytest.raises(NotAvailable):
        template.template("en")
    for folder in (beside, inside):
        folder.mkdir(parents=True)
        (folder / "sme_credit_template.en.xlsx").write_bytes(b"x")
        assert template.template("en").parent == folder


def test_the_wheel_is_told_to_carry_all_of_them_where_they_are_looked_for() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    carried = {path for path in wheel["only-include"] if path.startswith("templates/")}
    assert carried == {f"templates/{path.name}" for path in (ROOT / "templates").glob("*.xlsx")}
    assert wheel["sources"] == {"templates": "credit_udfs/templates"}
    assert template.FOLDERS[0] == ROOT / "credit_udfs" / "templates"
