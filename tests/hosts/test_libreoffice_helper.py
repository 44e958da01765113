"""The helper process as the extension talks to it, and the note of which Python that is; no LibreOffice needed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from addin.libreoffice.build import version
from credit_udfs.cells import REGISTRY
from credit_udfs.cells.spec import ErrorValue
from credit_udfs.errors import NotAvailable
from credit_udfs.hosts import libreoffice_install as setup
from credit_udfs.hosts import libreoffice_link as link


@pytest.fixture(scope="module")
def helper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", link.MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin is not None
    assert process.stdout is not None
    hello = link.receive(process.stdout)
    assert hello["version"] == version()
    yield process
    process.stdin.close()
    assert process.wait(20) == 0  # it ends when the other side goes
    process.stdout.close()


def ask(helper: subprocess.Popen[bytes], message: dict[str, Any]) -> dict[str, Any]:
    assert helper.stdin is not None
    assert helper.stdout is not None
    link.send(helper.stdin, message)
    return link.receive(helper.stdout)


def test_a_call_comes_back_with_its_errors_explained(helper: subprocess.Popen[bytes]) -> None:
    answer = ask(helper, {"op": "call", "name": "BESTRATE", "args": [[[0.02], ["x"]], "A"]})
    expected = REGISTRY["BESTRATE"].call([[[0.02], ["x"]], "A"])
    assert answer["rows"][0] == expected[0]
    assert isinstance(expected[1][0], ErrorValue)
    assert answer["rows"][1][0] == {
        "error": "#VALUE!",
        "zh": expected[1][0].message_zh,
        "en": expected[1][0].message_en,
    }


@pytest.mark.parametrize("name", link.CODES)
def test_an_errors_nan_names_it(name: str) -> None:
    number = link.error_number(name)
    assert number != number
    assert link.error_of(number) == name


def test_a_message_cut_off_is_the_end() -> None:
    import io

    with pytest.raises(EOFError):
        link.receive(io.BytesIO(b'{"op": "ca'))


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv(link.INTERPRETER, raising=False)
    for name in ("XDG_CONFIG_HOME", "APPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_install_status_uninstall(home: Path, lang: Any) -> None:
    (home / "credit_udfs.oxt").write_bytes(b"")
    assert link.interpreter() == ""
    shown = setup.install(lang, home / "credit_udfs.oxt")
    assert any("credit_udfs.oxt" in line for line in shown)
    assert link.interpreter() == sys.executable
    assert json.loads(link.settings_file().read_text(encoding="utf-8")) == {"python": sys.executable}
    assert sys.executable in setup.status(lang)[0]
    setup.uninstall(lang)
    assert link.interpreter() == ""
    assert setup.uninstall(lang) == setup.status(lang)


def test_without_an_extension_nothing_is_noted(home: Path) -> None:
    with pytest.raises(NotAvailable, match="nowhere"):
        setup.install("en", home / "nowhere.oxt")
    assert not link.settings_file().exists()


def test_the_environment_has_the_last_word(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link.settings_file().parent.mkdir(parents=True)
    link.settings_file().write_text('{"python": "/gone"}', encoding="utf-8")
    assert "/gone" in setup.status("en")[0]
    monkeypatch.setenv(link.INTERPRETER, "/other")
    assert link.interpreter() == "/other"


@pytest.mark.parametrize("content", ["", "[]", "{}", "no json", '{"python": '])
def test_a_broken_note_is_no_note(home: Path, content: str) -> None:
    link.settings_file().parent.mkdir(parents=True)
    link.settings_file().write_text(content, encoding="utf-8")
    assert link.interpreter() == ""


def test_the_command_line(home: Path) -> None:
    from credit_udfs.cli import main

    found = CliRunner().invoke(main, ["addin", "libreoffice", "status", "--lang", "en"])
    assert found.exit_code == 0, found.output
    assert found.output.strip() == "No interpreter is noted."
    nowhere = str(home / "no.oxt")
    found = CliRunner().invoke(main, ["addin", "libreoffice", "install", "--lang", "en", "--file", nowhere])
    assert found.exit_code == 1
    assert "addin.libreoffice.build" in found.output
