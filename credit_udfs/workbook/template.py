"""The template and its filled example, which come with the package: where they are, and a copy of one."""

from __future__ import annotations

from pathlib import Path

from credit_udfs.errors import NotAvailable
from credit_udfs.locale import Lang
from credit_udfs.workbook.files import replacing

# A wheel carries them inside the package; in a clone they stand beside it, built by templates/build.py.
FOLDERS = (Path(__file__).parents[1] / "templates", Path(__file__).parents[2] / "templates")


def template(lang: Lang, *, example: bool = False) -> Path:
    """The template in `lang`, or the example. Raises NotAvailable for an installation without them."""
    name = f"sme_credit_{'example' if example else 'template'}.{lang}.xlsx"
    found = next((folder / name for folder in FOLDERS if (folder / name).is_file()), None)
    if found is None:
        raise NotAvailable("files.no_template", name=name)
    return found


def write_template(path: Path, lang: Lang, *, example: bool = False, force: bool = False) -> Path:
    """A copy of it at `path`, which is replaced only with `force`. Returns `path`."""
    source = template(lang, example=example)
    with replacing(path, force=force) as temporary:
        temporary.write_bytes(source.read_bytes())
    return path
