"""What openpyxl does not keep of a user's workbook, or only roughly: counted in the package, and in what it loaded."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from openpyxl import Workbook

from credit_udfs.errors import BadInput
from credit_udfs.locale import Lang, text

# Parts of a package that openpyxl drops, by their place in it.
_LOST: Final = {
    "macros": r"xl/vbaProject\.bin",
    "ribbon": r"customUI/[^/]+\.xml",
    "shapes": r"xl/diagrams/data\d+\.xml",
    "controls": r"xl/(ctrlProps|activeX)/[^/]+\.xml",
    "threaded_comments": r"xl/threadedComments/[^/]+\.xml",
    "slicers": r"xl/(slicers|timelines)/[^/]+\.xml",
    "queries": r"(xl/connections\.xml|xl/queryTables/[^/]+\.xml|customXml/item\d+\.xml)",
    "signatures": r"_xmlsignatures/.*\.xml",
    "chart_styles": r"xl/charts/(style|colors)\d+\.xml",
    "chart_ex": r"xl/charts/chartEx\d+\.xml",
    "rich_data": r"xl/(richData/[^/]+|metadata)\.xml",
    "printer": r"xl/printerSettings/[^/]+\.bin",
    "objects": r"xl/embeddings/[^/]+",
    "data_model": r"xl/model/[^/]+",
    "labels": r"docMetadata/[^/]+\.xml",
    "header_pictures": r"xl/drawings/_rels/vmlDrawing\d+\.vml\.rels",
}
# With macros kept, these are.
_WITH_MACROS: Final = frozenset({"macros", "ribbon"})
# What openpyxl writes again, and the helpers of what is counted otherwise.
_KEPT: Final = re.compile(
    r"\[Content_Types\]\.xml|(.*/)?_rels/.*|docProps/(core|app|custom)\.xml|docProps/thumbnail\..*"
    r"|xl/(workbook|styles|sharedStrings|calcChain)\.xml|xl/theme/.*|xl/(work|chart)sheets/[^/]+\.xml"
    r"|xl/charts/chart\d+\.xml|xl/drawings/[^/]+\.(xml|vml)|xl/media/.*|xl/tables/[^/]+\.xml"
    r"|xl/(comments\d*|comments/[^/]+)\.xml|xl/externalLinks/.*|xl/pivotTables/.*|xl/pivotCache/.*"
    r"|xl/diagrams/.*|xl/persons/.*|xl/(slicerCaches|timelineCaches)/.*|xl/activeX/.*|customXml/.*|_xmlsignatures/.*"
    r"|xl/vbaProjectSignature.*|xl/vbaData\.xml"
)
# What openpyxl warns of, in a reader's words. A slicer's extension is told by its part.
_TOLD: Final = {
    "Conditional Formatting extension": "conditional",
    "Sparkline Group extension": "sparklines",
    "Data Validation extension": "validation",
    "Unknown extension": "extension",
    "Slicer": None,
    "cannot be read": None,  # a picture, counted
    "is being dropped": None,
    "Unable to read chart": None,
    "DrawingML support is incomplete": None,
}
_CHART: Final = re.compile(r"xl/charts/chart\d+\.xml")
_DRAWING: Final = re.compile(r"xl/drawings/drawing\d+\.xml")
_LEGACY: Final = re.compile(r"xl/drawings/[^/]+\.vml")
_SHEET_LINKS: Final = re.compile(r"xl/worksheets/_rels/[^/]+\.rels")
_SHAPE: Final = re.compile(rb"<(?:xdr:)?(?:sp|cxnSp|grpSp)[ >]")
_BUTTON: Final = re.compile(rb'ObjectType="(?!Note|Pict)')
_PICTURE: Final = re.compile(rb"<(?:xdr:)?pic[ >]")
_BACKGROUND: Final = re.compile(rb"relationships/image\"")


@dataclass(frozen=True)
class Parts:
    """What a package has: parts of each kind that is lost, charts and pictures, and parts nobody knows."""

    lost: Counter[str]
    charts: int
    pictures: int
    unknown: tuple[str, ...] = field(default=())


def parts_of(source: Path) -> Parts:
    """Count, without reading the sheets. Raises BadInput for what is no package."""
    lost: Counter[str] = Counter()
    pictures = buttons = 0
    try:
        with zipfile.ZipFile(source) as package:
            names = [name for name in package.namelist() if not name.endswith("/")]
            for name in names:
                if _DRAWING.fullmatch(name):
                    drawing = package.read(name)
                    lost["shapes"] += len(_SHAPE.findall(drawing))
                    pictures += len(_PICTURE.findall(drawing))
                elif _LEGACY.fullmatch(name):
                    buttons += len(_BUTTON.findall(package.read(name)))
                elif _SHEET_LINKS.fullmatch(name):
                    lost["backgrounds"] += len(_BACKGROUND.findall(package.read(name)))
    except (OSError, zipfile.BadZipFile) as cause:
        raise BadInput("pages.not_a_workbook", path=source.name) from cause
    unknown = []
    for name in names:
        kinds = [kind for kind, pattern in _LOST.items() if re.fullmatch(pattern, name)]
        lost.update(kinds)
        if not kinds and not _KEPT.fullmatch(name):
            unknown.append(name)
    # A control has a part of its own in newer files, and a shape in all.
    lost["controls"] = max(lost["controls"], buttons)
    return Parts(lost, sum(_CHART.fullmatch(name) is not None for name in names), pictures, tuple(sorted(unknown)))


def drawn(book: Workbook) -> tuple[int, int]:
    """Charts and pictures that a loaded workbook has."""
    return (
        sum(len(sheet._charts) for sheet in book._sheets),
        sum(len(sheet._images) for sheet in book.worksheets),
    )


def losses(
    parts: Parts, loaded: tuple[int, int], theirs: tuple[int, int], told: Iterable[str], lang: Lang, *, macros: bool
) -> tuple[str, ...]:
    """A text for each kind of thing that is not or only roughly in the copy.

    loaded: charts and pictures that openpyxl loaded; theirs: those that are not on pages of an earlier run. told:
    openpyxl's warnings. macros: they are kept.
    """
    counts = parts.lost.copy()
    counts["charts"], counts["pictures"] = parts.charts - loaded[0], parts.pictures - loaded[1]
    counts["charts_roughly"], counts["pictures_roughly"] = theirs
    said = [
        text(f"into.{kind}", lang, count=counts[kind])
        for kind in sorted(counts)
        if counts[kind] > 0 and not (macros and kind in _WITH_MACROS)
    ]
    for message in sorted(set(told)):
        known = [kind for start, kind in _TOLD.items() if start in message]
        if not known:
            said.append(text("into.other", lang, message=message))
        elif known[0] is not None:
            said.append(text(f"into.{known[0]}", lang))
    if parts.unknown:
        said.append(text("into.parts", lang, names=("、" if lang == "zh" else ", ").join(parts.unknown)))
    return tuple(said)
