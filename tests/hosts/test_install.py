"""The Windows steps of installing the add-in, on a machine made of a folder and some variables."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from addin.excel.build import build, version
from addin.excel.xlwings_module import version as xlwings_version
from credit_udfs.cli import main as cli
from credit_udfs.errors import NotAvailable
from credit_udfs.hosts import install as steps
from credit_udfs.hosts.install import System, built_with, install, noted_interpreter, status, uninstall
from credit_udfs.locale import LANGS, Lang

DATA = build()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "download" / "credit_udfs.xlam"
    path.parent.mkdir()
    path.write_bytes(DATA)
    return path


@pytest.fixture
def windows(tmp_path: Path) -> System:
    scripts = tmp_path / "venv" / "Scripts"
    scripts.mkdir(parents=True)
    (scripts / "pythonw.exe").touch()
    (tmp_path / "venv" / f"xlwings64-{xlwings_version()}.dll").touch()
    environ = {"APPDATA": str(tmp_path / "Roaming"), "USERPROFILE": str(tmp_path / "me")}
    return System("Windows", environ, tmp_path / "venv", "gbk", 64)


@pytest.mark.parametrize("lang", LANGS)
def test_install_status_uninstall(windows: System, file: Path, lang: Lang) -> None:
    assert status(lang, windows)[-1] != status(lang, windows)[0]
    lines = install(lang, file, windows)
    assert windows.add_in.read_bytes() == DATA
    assert windows.add_in.parts[-3:] == ("Excel", "XLSTART", "credit_udfs.xlam")
    assert noted_interpreter(windows) == windows.interpreter
    assert windows.settings.read_bytes() == f'"INTERPRETER_WIN","{windows.interpreter}"\r\n'.encode()
    assert str(windows.add_in) in lines[0]
    assert "=CREDITUDFSVERSION()" in "\n".join(lines)
    told = status(lang, windows)
    assert version() in told[0]
    assert len(told) == 3, "in place, nothing missing"
    assert len(uninstall(lang, windows)) == 3
    assert not windows.add_in.exists()
    assert not windows.settings.parent.exists()
    assert len(uninstall(lang, windows)) == 1


def test_a_path_in_the_systems_code_page_is_kept_and_another_is_refused(
    windows: System, file: Path, tmp_path: Path
) -> None:
    chinese = tmp_path / "张伟"
    (tmp_path / "venv").rename(chinese)
    install("en", file, replace(windows, prefix=chinese))
    assert "张伟".encode("gbk") in windows.settings.read_bytes()
    assert noted_interpreter(windows) == chinese / "Scripts" / "pythonw.exe"
    with pytest.raises(NotAvailable, match="code page"):
        install("en", file, replace(windows, prefix=chinese, code_page="cp1252"))


def test_nothing_is_written_when_something_is_missing(
    windows: System, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(steps, "SHIPPED", tmp_path / "no.xlam")
    with pytest.raises(NotAvailable, match=r"addin\.excel\.build"):
        install("en", None, windows)
    other = tmp_path / "other.xlam"
    other.write_bytes(b"PK")
    with pytest.raises(NotAvailable, match="not the add-in"):
        install("en", other, windows)
    dll = windows.prefix / f"xlwings64-{xlwings_version()}.dll"
    dll.rename(dll.with_suffix(".gone"))
    with pytest.raises(NotAvailable, match="force-reinstall"):
        install("en", file, windows)
    dll.with_suffix(".gone").rename(dll)
    monkeypatch.setattr(steps, "version", lambda name: "0.1.2")
    with pytest.raises(NotAvailable, match=rf'pip install "xlwings=={re.escape(xlwings_version())}"'):
        install("en", file, windows)
    (windows.prefix / "Scripts" / "pythonw.exe").unlink()
    with pytest.raises(NotAvailable, match="virtual environment"):
        install("en", file, windows)
    assert not windows.add_in.exists()
    assert not windows.settings.exists()


def test_the_file_of_the_current_folder_is_found(
    windows: System, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "SHIPPED", tmp_path / "no.xlam")
    monkeypatch.chdir(file.parent)
    install("en", None, windows)
    assert windows.add_in.exists()


def test_an_open_excel_is_named(windows: System, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(self: Path, *args: object) -> None:
        raise PermissionError(13, "in use")

    install("en", file, windows)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", locked)
        with pytest.raises(NotAvailable, match="close all windows"):
            install("en", file, windows)
    assert not list(windows.add_in.parent.glob("*.new"))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", locked)
        with pytest.raises(NotAvailable, match="close all windows"):
            uninstall("en", windows)


def test_status_says_what_no_longer_fits(windows: System, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert status("en", windows) == [
        "Add-in: not installed. Run credit-udfs addin install",
        "Python: not set. Run credit-udfs addin install",
    ]
    install("en", file, windows)
    monkeypatch.setattr(steps, "version", lambda name: "9.9.9")
    told = "\n".join(status("en", windows))
    assert "the Python package 9.9.9" in told
    assert "this environment has 9.9.9" in told
    windows.interpreter.unlink()
    assert "no longer exists" in "\n".join(status("en", windows))


def test_versions_are_read_from_the_file(file: Path) -> None:
    assert built_with(file) == {"credit_udfs version": version(), "xlwings version": xlwings_version()}


@pytest.mark.parametrize("step", ["install", "uninstall", "status"])
@pytest.mark.parametrize(("lang", "word"), [("en", "Windows only"), ("zh", "只能用于 Windows")])
def test_other_systems_are_told_what_to_use(step: str, lang: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(System, "this", classmethod(lambda cls: System("Linux", {}, Path("/"), "utf-8", 64)))
    result = CliRunner().invoke(cli, ["addin", step, "--lang", lang])
    assert result.exit_code == 0
    assert word in result.output
    assert "credit-udfs addin libreoffice install" in result.output


def test_the_command_shows_trouble_as_a_message(windows: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(System, "this", classmethod(lambda cls: windows))
    result = CliRunner().invoke(cli, ["addin", "install", "--file", "nothing.xlam", "--lang", "en"])
    assert result.exit_code == 1
    assert "nothing.xlam was not found" in result.output
