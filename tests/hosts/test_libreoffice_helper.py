"""The helper process as the extension talks to it, and its installation by LibreOffice's own unopkg."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from addin.libreoffice.build import package, version
from credit_udfs.cells import REGISTRY
from credit_udfs.cells.spec import ErrorValue
from credit_udfs.errors import NotAvailable
from credit_udfs.hosts import libreoffice_install as setup
from credit_udfs.hosts import libreoffice_link as link
from tests.hosts import office as suite

FIND = setup.unopkg


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
    """The user's folders are the test's, and there is no LibreOffice."""
    monkeypatch.setattr(setup, "unopkg", lambda: None)
    monkeypatch.delenv(link.INTERPRETER, raising=False)
    for name in ("XDG_CONFIG_HOME", "APPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


@pytest.fixture
def unopkg(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """LibreOffice's own unopkg with a profile of the test's; it refuses root, who becomes nobody for it."""
    suite.require()
    real = shutil.which("unopkg")
    assert real is not None
    profile = home / "unopkg" / "profile"
    profile.mkdir(parents=True)
    nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups" if os.geteuid() == 0 else ""
    if nobody:
        for folder in (home, *home.parents):  # pytest's folders are their owner's alone
            if folder.stat().st_mode & 0o777 == 0o700:
                folder.chmod(0o755)
        os.chown(profile.parent, 65534, 65534)
        os.chown(profile, 65534, 65534)
    program = home / "bin" / "unopkg"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nexec {nobody} env HOME="{profile}" {real} "$@" "-env:UserInstallation={profile.as_uri()}"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setattr(setup, "unopkg", FIND)
    return program


@pytest.mark.libreoffice
def test_install_status_uninstall(home: Path, unopkg: Path) -> None:
    oxt = home / "credit_udfs.oxt"
    oxt.write_bytes(package())
    assert setup.status("en") == ["No interpreter is noted.", "LibreOffice doesn't have the extension."]
    shown = setup.install("en", oxt)
    assert shown[-1] == "The extension is added to LibreOffice. If it is running, restart it."
    assert link.interpreter() == sys.executable
    assert json.loads(link.settings_file().read_text(encoding="utf-8")) == {"python": sys.executable}
    told = setup.status("en")
    assert sys.executable in told[0]
    assert told[1] == f"LibreOffice has the extension, version {version()}."
    assert len(setup.uninstall("en")) == 2
    assert link.interpreter() == ""
    assert setup.uninstall("en") == ["There is nothing to remove."]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("script", "key"), [("echo 'ERROR: no room' >&2; exit 1", "no room"), (None, "25.2")])
def test_what_is_left_to_do_by_hand(
    home: Path, monkeypatch: pytest.MonkeyPatch, lang: Any, script: str | None, key: str
) -> None:
    (home / "credit_udfs.oxt").write_bytes(b"")
    program = home / "unopkg"
    if script:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setattr(setup, "unopkg", lambda: str(program) if script else None)
    shown = setup.install(lang, home / "credit_udfs.oxt")
    assert link.interpreter() == sys.executable
    assert key in shown[1]
    assert "credit_udfs.oxt" in shown[2]


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
    assert found.output.startswith("No interpreter is noted.")
    nowhere = str(home / "no.oxt")
    found = CliRunner().invoke(main, ["addin", "libreoffice", "install", "--lang", "en", "--file", nowhere])
    assert found.exit_code == 1
    assert "addin.libreoffice.build" in found.output
