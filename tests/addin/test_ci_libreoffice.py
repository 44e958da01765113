"""Continuous integration's script for LibreOffice derives the backports from the machine's own sources."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "libreoffice.sh"

pytestmark = pytest.mark.skipif(shutil.which("awk") is None or shutil.which("sh") is None, reason="needs sh and awk")

DEB822 = """Types: deb
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/key.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
CLASSIC = """# deb http://old.example/debian bookworm main
deb [signed-by=/k.gpg arch=amd64] http://mirror.example/debian bookworm main contrib
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian bookworm-updates main
deb http://mirror.example/debian-security bookworm-security main
"""


def derive(folder: Path, suite: str = "bookworm") -> subprocess.CompletedProcess[str]:
    (folder / "sources.list.d").mkdir(exist_ok=True)
    return subprocess.run(
        ["sh", str(SCRIPT), "derive", suite],
        env={"APT_FOLDER": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )


def test_from_a_deb822_file(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(DEB822)
    assert derive(tmp_path).returncode == 0
    entry = (tmp_path / "sources.list.d" / "credit-udfs-backports.sources").read_text()
    assert entry.strip() == DEB822.split("\n\n")[0].replace("bookworm bookworm-updates", "bookworm-backports")


def test_from_a_classic_list(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(CLASSIC)
    assert derive(tmp_path).returncode == 0
    entry = (tmp_path / "sources.list.d" / "credit-udfs-backports.list").read_text()
    assert entry == ("deb [signed-by=/k.gpg arch=amd64] http://mirror.example/debian bookworm-backports main contrib\n")
    assert not (tmp_path / "sources.list.d" / "credit-udfs-backports.sources").exists()


def test_a_disabled_entry_or_another_suite_is_none(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text("Enabled: no\n" + DEB822.split("\n\n")[0])
    found = derive(tmp_path)
    assert found.returncode != 0
    assert "bookworm" in found.stderr
    assert [p.name for p in (tmp_path / "sources.list.d").iterdir()] == ["debian.sources"]


def test_no_address_is_written_in_the_script() -> None:
    assert "://" not in SCRIPT.read_text()
