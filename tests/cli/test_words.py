"""click's own words in the user's language: usage errors and help as a Chinese user reads them, and which language.

After a deliberate change write the golden texts anew with UPDATE_GOLDEN=1, and look at the difference.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from credit_udfs.cli import main
from credit_udfs.cli.words import wanted
from credit_udfs.locale import area

GOLDEN = Path(__file__).parents[1] / "golden" / "usage_errors.{lang}.txt"
MISTAKES = (
    "run",
    "run x --budget abc",
    "run x --budget -3",
    "run x --min-firms 1.5",
    "run x --funing 3",
    "run --nope",
    "run x --churn",
    "run x --churn foo",
    "run x --force=3",
    "run x --max-share X=0.1",
    "run x --budget abc --lgd 3 --churn foo --max-share AB=0.1 --min-firms -1 --firm-terms gone.csv",
    "plan --lgd 3",
    "rnu",
    "calc x",
    "addin status y z",
    "demo --folder a_file",
    "doctor --help",
)
# Help texts are made when the commands are, so a language needs a process.
PROGRAM = """
import json, sys
from click.testing import CliRunner
from credit_udfs.cli import main
ran = [CliRunner().invoke(main, words.split(), prog_name="credit-udfs") for words in json.load(sys.stdin)]
json.dump([[result.exit_code, result.output] for result in ran], sys.stdout)
"""


def said(lang: str, folder: Path) -> str:
    """Every mistake with the answer to it."""
    (folder / "a_file").touch()
    environment = {**os.environ, "CREDIT_UDFS_LANG": lang}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(MISTAKES),
        env=environment,
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    parts = zip(MISTAKES, json.loads(ran.stdout), strict=True)
    return "\n".join(f"$ credit-udfs {words}   [{code}]\n{output}" for words, (code, output) in parts)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_mistakes_are_answered_in_the_users_language(lang: str, tmp_path: Path) -> None:
    golden = Path(str(GOLDEN).format(lang=lang))
    answer = said(lang, tmp_path)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(answer, encoding="utf-8")
    assert answer == golden.read_text(encoding="utf-8")


def test_every_message_of_the_catalogue_is_one_that_click_asks_for() -> None:
    asked = {
        constant.value
        for module in Path(click.__file__).parent.glob("*.py")
        for call in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"_", "ngettext"}
        for constant in call.args
        if isinstance(constant, ast.Constant)
    }
    ours = {texts.get("asked", texts["en"]) for texts in area("click").values()}
    assert ours - asked == {"required"}  # asked for by way of a variable


@pytest.mark.parametrize(
    ("words", "environment", "lang"),
    [
        ("run x", {}, "en"),
        ("run x --lang zh", {"LANG": "en_GB.UTF-8"}, "zh"),
        ("--lang=en run x", {"CREDIT_UDFS_LANG": "zh"}, "en"),
        ("run x --lang nl", {"LANG": "zh_CN.UTF-8"}, "zh"),
        ("run x", {"CREDIT_UDFS_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
        ("run x", {"LC_ALL": "zh_TW", "LANG": "en_GB.UTF-8"}, "zh"),
    ],
)
def test_which_language(words: str, environment: dict[str, str], lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CREDIT_UDFS_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wanted(words.split()) == lang


@pytest.mark.parametrize(
    "words", ["plan x --budget nan", "run x --lgd inf", "sample x --size NaN", "sample x --size 1e9"]
)
def test_no_number_is_no_number(words: str) -> None:
    result = CliRunner().invoke(main, words.split())
    assert result.exit_code == 2
    assert "Invalid value for" in result.stderr


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_help_stays_within_the_terminal(lang: str) -> None:
    """Chinese characters take two columns; no line begins with a mark that belongs to the one before."""
    program = "from credit_udfs.cli import main; main(['plan', '--help'], prog_name='credit-udfs')"
    environment = {**os.environ, "CREDIT_UDFS_LANG": lang, "COLUMNS": "80", "PYTHONUTF8": "1"}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, encoding="utf-8")
    lines = ran.stdout.splitlines()
    assert len(lines) > 30
    columns = [sum(1 + (unicodedata.east_asian_width(one) in "WF") for one in line) for line in lines]
    assert max(columns) <= 80
    assert max(columns) > 70
    assert not [line for line in lines if line.strip()[:1] in set("，。；：、）")]
