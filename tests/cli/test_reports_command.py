"""validate, reproduce, run --validation and train's card, as a user types them; the reports themselves are made up."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from click.testing import CliRunner, Result

from credit_udfs.cli import main
from credit_udfs.core.validation import Report
from credit_udfs.errors import NotAvailable
from credit_udfs.workbook.sample import write_sample
from tests.workbook.reports import made_up_figures, made_up_report


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("sample")
    return [str(path) for path in write_sample(folder, firms=(30, 20), size=0.05, lang="en")]


@pytest.fixture
def report(tmp_path: Path) -> Path:
    (tmp_path / "given").mkdir()
    path = tmp_path / "given" / "report.json"
    path.write_text(made_up_report().to_json(), encoding="utf-8")
    return path


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_validate_writes_json_and_workbook_of_one_run(
    sample: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []

    def judge(tables: object, **options: object) -> Report:
        asked.append(options)
        return made_up_report()

    monkeypatch.setattr("credit_udfs.methods.validate.validate", judge)
    book, data = tmp_path / "r.xlsx", tmp_path / "r.json"
    result = call("validate", *sample, "--quick", "--seed", "4", "-o", book, "-o", data, "--lang", "en")
    assert result.exit_code == 0, result.output
    assert [(a["quick"], a["seed"], a["methods"]) for a in asked] == [(True, 4, None)]
    assert Report.from_json(data.read_text("utf-8")).to_json() == made_up_report().to_json()
    assert openpyxl.load_workbook(book).sheetnames == ["Validation"]
    assert "two_step " in result.stdout
    assert "ahead of 1 of the papers' 2 methods" in result.stdout
    assert "left out: p2_cnn (too slow for quick mode)" in result.stdout
    assert result.stdout.splitlines()[-2:] == [f"Written: {book}.", f"Written: {data}."]


@pytest.mark.parametrize(("lang", "title"), [("zh", "检验"), ("en", "Validation")])
def test_a_report_made_before_becomes_a_workbook_in_either_language(
    lang: str, title: str, report: Path, tmp_path: Path
) -> None:
    result = call("validate", report, "-o", tmp_path / "r.xlsx", "--lang", lang)
    assert result.exit_code == 0, result.output
    assert openpyxl.load_workbook(tmp_path / "r.xlsx").sheetnames == [title]
    refused = call("validate", report, "--quick", "-o", tmp_path / "s.xlsx", "--lang", lang)
    assert refused.exit_code == 2
    assert "--quick" in refused.stderr
    assert not (tmp_path / "s.xlsx").exists()


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("r.csv", 2, "what is written here is .json .xlsx"), ("given/report.json", 2, "is one of the input files")],
)
def test_outputs_that_cannot_be_are_said_before_the_work(
    name: str, code: int, said: str, report: Path, tmp_path: Path
) -> None:
    result = call("validate", report, "-o", tmp_path / name, "--force", "--lang", "en")
    assert result.exit_code == code
    assert said in result.stderr


def test_run_puts_the_reports_into_the_result(
    sample: list[str], report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credit_udfs.methods.reproduce.reproduce", lambda tables, progress: made_up_figures())
    out = tmp_path / "plan.xlsx"
    words = ("--budget", "5e6", "--scenario", "none", "--lang", "en", "--force")
    result = call("run", *sample, "-o", out, "--validation", report, *words)
    assert result.exit_code == 0, result.output
    assert {"Validation", "Reproduction"} < set(openpyxl.load_workbook(out, read_only=True).sheetnames)


def test_figures_of_the_papers_are_for_the_contest_s_data_alone(sample: list[str], report: Path) -> None:
    from credit_udfs import api

    tables = api.read(*sample)
    with pytest.raises(NotAvailable):
        api.reproduce(tables)
    assert set(api.reports(tables, report)) == {"validation"}


def test_what_is_no_report_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    wrong = tmp_path / "model.json"
    wrong.write_text('{"schema": 1, "name": "default"}')
    for given, said in ((wrong, "model.json is not a validation report"), (tmp_path / "no.json", "no such file")):
        result = call("run", "nothing-was-read.xlsx", "--validation", given, "-o", tmp_path / "p.xlsx", "--lang", "en")
        assert result.exit_code == 1
        assert said in result.stderr
    assert not (tmp_path / "p.xlsx").exists()


@pytest.mark.parametrize("suffix", [".xlsx", ".csv", ".json"])
def test_reproduce_writes_the_sheet_or_plain_data(
    suffix: str, sample: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credit_udfs.methods.reproduce.reproduce", lambda tables, progress: made_up_figures())
    out = tmp_path / f"figures{suffix}"
    result = call("reproduce", *sample, "-o", out, "--lang", "zh")
    assert result.exit_code == 0, result.output
    assert "按论文" in result.stdout or "复现" in result.stdout
    if suffix == ".xlsx":
        assert openpyxl.load_workbook(out).sheetnames == ["论文复现"]
        return
    read = pl.read_csv(out).to_dicts() if suffix == ".csv" else json.loads(out.read_text("utf-8"))
    assert [line["verdict"] for line in read] == [figure.verdict for figure in made_up_figures()]
    assert [line["definition"] for line in read] == [figure.definition_zh for figure in made_up_figures()]


def test_train_writes_the_card_in_words_beside(sample: list[str], tmp_path: Path) -> None:
    words = ("train", *sample, "-o", tmp_path / "mine.json", "--no-validation")
    result = call(*words, "--lang", "zh")
    assert result.exit_code == 0, result.output
    assert f"模型卡（Markdown）：{tmp_path / 'mine.md'}" in result.stdout
    chinese = (tmp_path / "mine.md").read_text("utf-8")
    (tmp_path / "mine.json").unlink()
    refused = call(*words, "--lang", "en")
    assert refused.exit_code == 2
    assert "mine.md" in refused.stderr
    assert "--force" in refused.stderr
    assert not (tmp_path / "mine.json").exists()
    assert call(*words, "--lang", "en", "--force").exit_code == 0
    english = (tmp_path / "mine.md").read_text("utf-8")
    assert english != chinese
    model = json.loads((tmp_path / "mine.json").read_text("utf-8"))
    assert model["hash"] in english
