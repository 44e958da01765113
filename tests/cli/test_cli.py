"""The commands as a user types them: what they write, say and return, on the synthetic sample."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from click.testing import CliRunner, Result

from credit_udfs.cli import main
from credit_udfs.core.indicators import P4_SIX, SIX


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_run_writes_a_workbook_and_says_six_lines(sample: list[str], tmp_path: Path) -> None:
    out = tmp_path / "plan.xlsx"
    result = call("run", *sample, "-o", out, "--lang", "en", "--budget", "20000000")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("Firms: 90 read, 90 scored")
    assert lines[-1] == f"Workbook: {out}"
    assert len(openpyxl.load_workbook(out).sheetnames) >= 7
    assert [p.name for p in tmp_path.iterdir()] == ["plan.xlsx"]  # nothing temporary is left


def test_json_is_the_summary_and_nothing_else(sample: list[str], tmp_path: Path) -> None:
    result = call("run", *sample, "-o", tmp_path / "p.xlsx", "--json", "--budget", "20000000")
    summary = json.loads(result.stdout)
    assert summary["applicants"] == 60
    assert summary["lent"] + sum(summary["refused"].values()) == 60
    assert summary["amount"] <= summary["budget"] == 20_000_000
    assert summary["profit"] <= summary["bound"]


def test_json_stays_json_whatever_a_solver_prints(sample: list[str], tmp_path: Path) -> None:
    program = [sys.executable, "-m", "credit_udfs", "run", *sample, "-o", str(tmp_path / "p.xlsx"), "--json"]
    limits = ["--budget", "20000000", "--max-loss", "0.006", "--max-industry-share", "0.2", "--min-firms", "10"]
    said = subprocess.run([*program, *limits], capture_output=True, check=True).stdout
    assert json.loads(said)["lent"] >= 10


def test_an_existing_file_is_kept_unless_forced(sample: list[str], tmp_path: Path) -> None:
    out = tmp_path / "plan.xlsx"
    out.write_text("mine")
    refused = call("run", *sample, "-o", out)
    assert refused.exit_code == 2
    assert "replace it with --force" in refused.stderr
    assert out.read_text() == "mine"
    assert call("run", *sample, "-o", out, "--force").exit_code == 0
    assert openpyxl.load_workbook(out)


def test_a_missing_folder_is_said_at_once(sample: list[str], tmp_path: Path) -> None:
    result = call("run", *sample, "-o", tmp_path / "no" / "plan.xlsx")
    assert result.exit_code == 2
    assert "There is no folder" in result.stderr


@pytest.mark.parametrize(("lang", "words"), [("en", "can't be used"), ("zh", "无法使用")])
def test_a_broken_file_is_explained_and_nothing_written(
    lang: str, words: str, sample: list[str], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(Path(sample[0]).read_bytes()[:5000])
    result = call("run", broken, *sample[1:], "-o", tmp_path / "p.xlsx", "--lang", lang)
    assert result.exit_code == 1
    assert "broken.xlsx" in result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "p.xlsx").exists()


def test_impossible_limits_are_explained(sample: list[str], tmp_path: Path) -> None:
    result = call("plan", *sample, "--min-firms", "60", "--lang", "en")
    assert result.exit_code == 1
    assert "60" in result.stderr


def test_plan_saves_a_table_and_stresses(sample: list[str], tmp_path: Path) -> None:
    out = tmp_path / "plan.parquet"
    result = call(
        "plan",
        *sample,
        "-o",
        out,
        "--budget",
        "2e7",
        "--lend-to",
        "all",
        "--scenario",
        "covid19_2020q1",
        "--lang",
        "en",
    )
    assert result.exit_code == 0, result.output
    assert "Stress (COVID-19, first quarter of 2020)" in result.stdout
    frame = pl.read_parquet(out)
    assert frame.height == 90
    assert frame["amount"].sum() <= 2e7


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_indicators_in_every_format(suffix: str, sample: list[str], tmp_path: Path) -> None:
    out = tmp_path / f"indicators{suffix}"
    result = call("indicators", *sample, "-o", out, "--set", "six", "--set", "p4")
    assert result.exit_code == 0, result.output
    read = {".csv": pl.read_csv, ".parquet": pl.read_parquet, ".xlsx": pl.read_excel}[suffix]
    frame = read(out)
    assert frame.columns == ["firm", *SIX, *P4_SIX]
    assert frame.height == 90


@pytest.mark.parametrize(("command", "name"), [("indicators", "x.txt"), ("plan", "x.txt"), ("run", "x.csv")])
def test_an_unknown_format_is_refused_at_once(command: str, name: str, tmp_path: Path) -> None:
    result = call(command, "nothing-was-read-yet.xlsx", "-o", tmp_path / name, "--lang", "en")
    assert result.exit_code == 2
    assert "what is written here is" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["attachment1.xlsx", "."])
@pytest.mark.parametrize("command", ["run", "plan", "indicators"])
def test_an_input_is_never_replaced_not_even_with_force(
    command: str, given: str, sample: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = Path(sample[0]).read_bytes()
    Path("attachment1.xlsx").write_bytes(before)
    result = call(command, given, "-o", tmp_path / "attachment1.xlsx", "--force", "--lang", "zh")
    assert result.exit_code == 2
    assert "是输入文件，不会被覆盖" in result.stderr  # in the language of --lang
    assert Path("attachment1.xlsx").read_bytes() == before


def test_an_output_that_is_a_folder_is_refused(sample: list[str], tmp_path: Path) -> None:
    result = call("run", *sample, "-o", tmp_path, "--force", "--lang", "en")
    assert result.exit_code == 2
    assert "is a folder" in result.stderr


def test_a_folder_can_be_run_again_with_its_result_inside(
    sample: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in map(Path, sample):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    words = ("run", ".", "-o", "plan.xlsx", "--force", "--lang", "en", "--scenario", "none")
    first, second = call(*words), call(*words)
    assert first.exit_code == second.exit_code == 0, second.output
    assert first.stdout.splitlines()[1:] == second.stdout.splitlines()[1:]
    assert "plan.xlsx: This is a result of this program, not an attachment" in second.stderr


def test_a_plan_saved_into_the_folder_of_attachments_is_no_attachment(
    sample: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in map(Path, sample):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    words = ("plan", ".", "-o", "plan.csv", "--force", "--lang", "en")
    first, second = call(*words), call(*words)
    assert first.exit_code == second.exit_code == 0, second.output
    assert first.stdout.splitlines()[1:] == second.stdout.splitlines()[1:]
    assert "plan.csv: This is a result of this program, not an attachment" in second.stderr


def test_plan_explains_a_firm_with_its_turning_points(sample: list[str]) -> None:
    loans = call("plan", *sample, "--budget", "2e7", "--explain", "E40", "--explain", "E41", "--lang", "en")
    assert loans.exit_code == 0, loans.output
    said = [line for line in loans.stdout.splitlines() if line.startswith(("E40: ", "E41: "))]
    assert len(said) == 2
    for line in said:
        assert "fen" in line or "grade D" in line
        assert "would" in line or "grade D" in line
    assert "Risk: at most one year in a hundred loses more than" in loans.stdout
    unknown = call("plan", *sample, "--explain", "E999", "--lang", "en")
    assert unknown.exit_code == 1
    assert '"E999" is not among the 60 firms' in unknown.stderr


def test_run_compares_the_papers_plans_on_a_page(sample: list[str], tmp_path: Path) -> None:
    out = tmp_path / "p.xlsx"
    result = call("run", *sample, "-o", out, "--compare", "--scenario", "none", "--json", "--lang", "en")
    assert result.exit_code == 0, result.output
    risk = json.loads(result.stdout)["risk"]
    assert 0 < risk["expected_loss"] < risk["var"]["0.99"] <= risk["expected_shortfall"]["0.99"]
    assert {"Risk", "Comparison"} <= set(openpyxl.load_workbook(out, read_only=True).sheetnames)


def test_nothing_lent_is_said_without_nan(sample: list[str]) -> None:
    for lang in ("zh", "en"):
        result = call("plan", *sample, "--budget", "0", "--lang", lang)
        assert result.exit_code == 0, result.output
        assert "nan" not in result.stdout


def test_amounts_have_their_unit(sample: list[str]) -> None:
    english, chinese = (call("plan", *sample, "--budget", "2e7", "--lang", lang).stdout for lang in ("en", "zh"))
    assert "20,000,000 of 20,000,000 yuan lent (100.0%)" in english
    assert "放贷 2,000.0 万元" in chinese


def test_remarks_are_said_in_the_language_asked_for(sample: list[str], tmp_path: Path) -> None:
    words = ("run", *sample, "-o", tmp_path / "p.xlsx", "--json", "--lang", "zh", "--scenario", "none")
    result = call(*words)
    problems = json.loads(result.stdout)["problems"]
    assert problems
    assert [f"{p['place']}：{p['text']}" for p in problems[:5]] == result.stderr.splitlines()[: len(problems)][:5]


def test_train_then_run_with_the_model(sample: list[str], tmp_path: Path) -> None:
    card = tmp_path / "mine.json"
    trained = call("train", sample[0], "-o", card, "--no-validation", "--lang", "en")
    assert trained.exit_code == 0, trained.output
    assert "Trained on 30 firms" in trained.stdout
    result = call("plan", *sample, "--model", card, "--budget", "1e7")
    assert result.exit_code == 0, result.output
    card.write_text(card.read_text().replace('"firms": 30', '"firms": 31'))
    refused = call("plan", *sample, "--model", card, "--lang", "en")
    assert refused.exit_code == 1
    assert "doesn't fit its own hash" in refused.stderr


def test_training_needs_grades(sample: list[str], tmp_path: Path) -> None:
    result = call("train", sample[1], "-o", tmp_path / "m.json", "--lang", "en")
    assert result.exit_code == 1
    assert "Too little to train on" in result.stderr


def test_sample_and_demo(tmp_path: Path) -> None:
    made = call("sample", tmp_path / "a", "--lang", "en")
    assert made.exit_code == 0
    assert sorted(made.stdout.split()) == sorted(str(path) for path in (tmp_path / "a").iterdir())
    result = call("demo", "--folder", tmp_path / "c", "--lang", "zh")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].endswith("credit-plan.xlsx")
    # Either language's attachments and result have a folder of their own.
    again = call("demo", "--folder", tmp_path / "c", "--lang", "en")
    assert again.exit_code == 0, again.output
    for lang in ("zh", "en"):
        assert len(list((tmp_path / "c" / lang).iterdir())) == 4
    assert len(list((tmp_path / "c").iterdir())) == 2


def test_a_sample_someone_changed_is_kept_unless_forced(tmp_path: Path) -> None:
    words = ("sample", tmp_path, "--size", "0.05", "--lang", "en")
    assert call(*words).exit_code == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    changed = tmp_path / names[1]
    changed.write_text("mine")
    (tmp_path / names[0]).unlink()
    refused = call(*words)
    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    assert changed.read_text() == "mine"
    assert not (tmp_path / names[0]).exists()
    assert call(*words, "--force").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert openpyxl.load_workbook(changed, read_only=True)


def test_a_model_file_that_is_not_there(sample: list[str], tmp_path: Path) -> None:
    result = call("plan", *sample, "--model", tmp_path / "none.json", "--lang", "en")
    assert result.exit_code == 1
    assert "There is no such file" in result.stderr


def test_doctor_finds_what_is_there() -> None:
    result = call("doctor", "--lang", "en")
    assert result.exit_code == 0, result.output
    assert "✓ Python" in result.stdout
    assert "✓ polars" in result.stdout


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_help_is_in_the_users_language(lang: str) -> None:
    environment = {**os.environ, "CREDIT_UDFS_LANG": lang}
    program = [sys.executable, "-m", "credit_udfs", "--help"]
    said = subprocess.run(program, env=environment, capture_output=True, encoding="utf-8", check=True).stdout
    assert ("退出码" if lang == "zh" else "Exit codes") in said
    for command in ("run", "plan", "indicators", "train", "validate", "reproduce", "calc", "addin", "demo", "doctor"):
        assert f"  {command} " in said


def test_every_option_has_a_help_text() -> None:
    for name, command in main.commands.items():
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert getattr(parameter, "help", None), (name, parameter.name)


def test_the_same_input_gives_the_same_bytes(sample: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1600000000", "POLARS_MAX_THREADS": "1"}
    for name, threads in (("a.xlsx", "1"), ("b.xlsx", "2")):
        program = [sys.executable, "-m", "credit_udfs", "run", *sample, "-o", str(tmp_path / name)]
        subprocess.run(program, env=environment | {"POLARS_MAX_THREADS": threads}, capture_output=True, check=True)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_ctrl_c_leaves_nothing_half_written(sample: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from openpyxl.writer.excel import ExcelWriter

    written: list[list[str]] = []

    def interrupted(self: ExcelWriter, *args: object) -> None:
        written.append([path.name for path in tmp_path.iterdir()])
        raise KeyboardInterrupt

    monkeypatch.setattr(ExcelWriter, "write_data", interrupted)
    result = call("run", *sample, "-o", tmp_path / "p.xlsx", "--lang", "en")
    assert result.exit_code == 130
    assert "Interrupted; nothing half-written is left behind." in result.stderr
    assert len(written[0]) == 1  # it was being written, beside its final place
    assert list(tmp_path.iterdir()) == []


def test_a_trained_method_is_used_by_its_file(sample: list[str], tmp_path: Path) -> None:
    card, out = tmp_path / "p4.json", tmp_path / "plan.xlsx"
    result = call("train", *sample, "--method", "p4_logistic", "--no-validation", "-o", card, "--lang", "en")
    assert result.exit_code == 0, result.output
    again = call("train", *sample, "--method", "p4_logistic", "--no-validation", "-o", tmp_path / "b.json")
    assert again.exit_code == 0
    assert (
        json.loads(card.read_text("utf-8"))["numbers"]
        == json.loads((tmp_path / "b.json").read_text("utf-8"))["numbers"]
    )
    result = call("run", *sample, "--model", card, "-o", out, "--lang", "en", "--budget", "20000000")
    assert result.exit_code == 0, result.output
    assert "Scores and probabilities of default by the model p4_logistic, grades by default" in result.stdout
    book = openpyxl.load_workbook(out, read_only=True)
    cells = {cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}
    assert "Possible grades (90%)" in cells
    assert "Model of the grades (not the scores')" in cells


def test_a_method_nobody_knows_is_an_input_error(sample: list[str], tmp_path: Path) -> None:
    result = call("train", *sample, "--method", "gpt", "-o", tmp_path / "m.json", "--lang", "en")
    assert result.exit_code == 1
    assert 'no method called "gpt"' in result.stderr
    assert "p4_logistic" in result.stderr
    assert not (tmp_path / "m.json").exists()
