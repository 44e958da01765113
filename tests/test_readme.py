"""The README's examples run as they stand: its Python, its commands, and the functions it names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from credit_udfs.cells import REGISTRY
from credit_udfs.cli import main
from credit_udfs.workbook.sample import write_sample

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    joined = "\n".join(blocks("sh")).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.startswith("credit-udfs ")]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Attachments under the names the README uses, and the model it trains."""
    folder = tmp_path_factory.mktemp("readme")
    for i, path in enumerate(write_sample(folder, lang="en"), start=1):
        path.rename(folder / f"attachment{i}.xlsx")
    (folder / "our-attachment1.xlsx").write_bytes((folder / "attachment1.xlsx").read_bytes())
    words = ["train", str(folder / "our-attachment1.xlsx"), "-o", str(folder / "our-model.json"), "--no-validation"]
    assert CliRunner().invoke(main, words).exit_code == 0
    return sorted(folder.iterdir())


@pytest.fixture
def attachments(files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own with them."""
    for file in files:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_python_example(attachments: Path) -> None:
    (example,) = blocks("python")
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)
    assert (attachments / "plan.xlsx").exists()
    assert len(names["scores"]) == 90  # type: ignore[arg-type]
    assert len(names["loans"]) == 60  # type: ignore[arg-type]
    assert len(example.strip().splitlines()) <= 7


# Validation and reproduction take minutes and the real attachments; their own tests run them.
@pytest.mark.parametrize("line", [c for c in commands() if not re.search(r" (validate|reproduce) ", c)])
def test_the_commands(line: str, attachments: Path) -> None:
    words = shlex.split(line.replace("...", "attachment1.xlsx attachment2.xlsx attachment3.xlsx"))[1:]
    if words[0] == "train":
        for made in attachments.glob("our-model.*"):
            made.unlink()
        words.append("--no-validation")  # tests of methods validate
    if words[0] == "run":
        # Limits that fit 302 real firms are too tight for the sample's 60.
        words = ["10" if word == "100" else word for word in words]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output


def test_every_function_is_listed_and_every_listed_one_exists() -> None:
    listed = set(re.findall(r"^\| `([A-Z]+)\(", README, flags=re.MULTILINE))
    assert listed == set(REGISTRY)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
