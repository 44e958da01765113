"""Build ``credit_udfs.oxt``, the extension for LibreOffice, without LibreOffice's SDK, on any system::

    python -m addin.libreoffice.build -o credit_udfs.oxt

The same sources and declarations always give the same bytes.
"""

from __future__ import annotations

import argparse
import io
import json
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from addin.libreoffice import icons, parts
from addin.libreoffice.rules import rules_source
from addin.libreoffice.written import written_source
from credit_udfs import models
from credit_udfs.cells import REGISTRY
from credit_udfs.cells.functions.arguments import SIX as COLUMNS
from credit_udfs.cells.spec import Arg, CellFunction
from credit_udfs.commands import VERBS
from credit_udfs.core import kernel
from credit_udfs.core.churn import PUBLISHED, RATE_MAX, RATE_MIN
from credit_udfs.core.indicators import INDICATORS, SIX
from credit_udfs.hosts import libreoffice_link
from credit_udfs.locale import LANGS, area, text
from credit_udfs.types import GRADES

HERE: Final = Path(__file__).parent
OFFICE: Final = "pythonpath/credit_office/"  # LibreOffice puts pythonpath/ on the component's import path
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)


def version() -> str:
    """The version of credit_udfs, from the sources: the package needn't be installed."""
    project = tomllib.loads((HERE.parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["version"])


def zero_of(arg: Arg) -> Literal["blank", "doubt", "number"]:
    """What a single 0 is, which is also what Calc makes of a blank cell.

    No choice, text or table is 0. An amount, a ceiling or a severity may well be, and shows in the result. The price
    of default or of money hardly ever is 0, and a blank cell taken for it would flatter every loan unnoticed.
    """
    if arg.kind != "number":
        return "blank"
    return "doubt" if arg.name in ("pd", "lgd", "funding") else "number"


def data(functions: Mapping[str, CellFunction]) -> dict[str, Any]:
    """What the extension's modules know of the package: the model's numbers, declarations, texts."""
    return {
        "version": version(),
        "model": dict(models.load().numbers),
        "grades": list(GRADES),
        "churn": {grade: list(k) for grade, k in PUBLISHED.items()},
        "rate_min": RATE_MIN,
        "rate_max": RATE_MAX,
        "names": [[column.zh, column.en] for column in COLUMNS],
        "units": [INDICATORS[key].unit for key in SIX],
        "functions": {
            name: {
                "signature": function.signature(),
                "required": sum(arg.required for arg in function.args),
                "args": [
                    {
                        "name": arg.name,
                        "choices": list(arg.choices),
                        "default": None if arg.required else arg.default,
                        "zero": zero_of(arg),
                    }
                    for arg in function.args
                ],
            }
            for name, function in functions.items()
        },
        "cell_texts": {name: texts for name, texts in area("cells").items() if name.startswith("reason")},
        "texts": area("libreoffice"),
        "verbs": {verb: {lang: text(f"commands.verb_{verb}", lang) for lang in LANGS} for verb in VERBS},
    }


def files(functions: Mapping[str, CellFunction] = REGISTRY) -> dict[str, bytes]:
    """Every file of the extension by its path, in a fixed order."""
    assert kernel.__file__ is not None
    assert libreoffice_link.__file__ is not None
    made = {
        "META-INF/manifest.xml": parts.manifest(),
        "description.xml": parts.description(version()),
        **{f"description/{lang}.txt": text("libreoffice.description", lang) + "\n" for lang in LANGS},
        "functions.idl": parts.idl(functions),
        "CalcAddIns.xcu": parts.calc_addins(functions),
        "Addons.xcu": parts.addons(),
        "ProtocolHandler.xcu": parts.protocol_handler(),
        "CalcWindowState.xcu": parts.calc_window_state(),
        "credit_component.py": _source(HERE / "component" / "credit_component.py"),
        **{
            OFFICE + source.name: _source(source)
            for source in sorted((HERE / "component" / "credit_office").glob("*.py"))
        },
        OFFICE + "kernel.py": _source(Path(kernel.__file__)),
        OFFICE + "link.py": _source(Path(libreoffice_link.__file__)),
        OFFICE + "rules.py": rules_source(),
        OFFICE + "written.py": written_source(models.load().linear()),
        OFFICE + "data.json": json.dumps(data(functions), ensure_ascii=False, indent=1) + "\n",
    }
    pictures = {
        parts.picture(verb, size): icons.png(verb, pixels)
        for verb in parts.MENU_VERBS
        for size, pixels in icons.SIZES.items()
    }
    return {**{name: content.encode("utf-8") for name, content in made.items()}, **pictures}


def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def package(functions: Mapping[str, CellFunction] = REGISTRY) -> bytes:
    """The extension's bytes."""
    buffer = io.BytesIO()
    # Stored, not deflated: another zlib would give other bytes.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files(functions).items():
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Build credit_udfs.oxt for LibreOffice.")
    parser.add_argument("-o", "--output", type=Path, default=Path("credit_udfs.oxt"))
    output = parser.parse_args(arguments).output
    output.write_bytes(package())


if __name__ == "__main__":
    main()
