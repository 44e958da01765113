"""Render every printed page of workbooks to PNG, to be looked at: ``python templates/render.py book.xlsx -o out``.

Needs LibreOffice (soffice) and poppler (pdftoppm) on the path, and fonts-noto-cjk for Chinese.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

# Without Microsoft's fonts the pages are seen in what comes closest: Noto's Chinese characters, Latin letters too.
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<alias binding="same"><family>Microsoft YaHei</family><prefer><family>Noto Sans CJK SC</family></prefer></alias>
</fontconfig>"""


def render(book: Path, folder: Path, dpi: int = 80) -> list[Path]:
    """The printed pages of `book` as PNG files in `folder`, in order."""
    office, painter = shutil.which("soffice"), shutil.which("pdftoppm")
    if office is None or painter is None:
        raise SystemExit("render.py needs soffice (LibreOffice) and pdftoppm (poppler-utils) on the path")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        profile = f"-env:UserInstallation={(Path(scratch) / 'profile').as_uri()}"
        command = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", scratch, str(book)]
        (Path(scratch) / "fonts.conf").write_text(_FONTS, encoding="utf-8")
        environment = {**os.environ, "FONTCONFIG_FILE": str(Path(scratch) / "fonts.conf")}
        subprocess.run(command, check=True, capture_output=True, timeout=300, env=environment)  # noqa: S603 # our own arguments
        pdf = Path(scratch) / f"{book.stem}.pdf"
        if not pdf.exists():
            raise SystemExit(f"LibreOffice could not open {book}")
        stem = folder / book.stem
        subprocess.run(  # noqa: S603 # our own arguments
            [painter, "-png", "-r", str(dpi), str(pdf), str(stem)], check=True, capture_output=True, timeout=300
        )
    return sorted(folder.glob(f"{book.stem}-*.png"))


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("books", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("rendered"))
    parser.add_argument("--dpi", type=int, default=80)
    options = parser.parse_args(arguments)
    for book in options.books:
        for page in render(book, options.out, options.dpi):
            print(page)  # noqa: T201 # a command's output


if __name__ == "__main__":
    main(sys.argv[1:])
