"""Native charts, all of one make: a title that states the finding, quiet axes, no junk, readable in grey.

Every chart refers to cells, so that it stays editable and follows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from openpyxl.chart import AreaChart, BarChart, LineChart, Reference, ScatterChart, Series
from openpyxl.chart.data_source import NumFmt, StrRef
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.layout import Layout, ManualLayout
from openpyxl.chart.marker import DataPoint, Marker
from openpyxl.chart.series import SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor, XDRPositiveSize2D
from openpyxl.drawing.text import (
    CharacterProperties,
    Font,
    Paragraph,
    ParagraphProperties,
    RegularTextRun,
    RichTextProperties,
)
from openpyxl.utils.units import cm_to_EMU
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.functions import Element

from credit_udfs.locale import Lang
from credit_udfs.workbook.style import FONTS, GREY, INK, MUTED, NAVY, RULE, WHITE, contrast

Kind = Literal["bar", "column", "stacked", "stacked_bar", "line", "scatter", "scatter_line", "area"]
LineStyle = Literal["solid", "dash", "sysDot"]


@dataclass(frozen=True)
class Line:
    """One series: a name (text, or the address of a cell that holds it), the values, and how it is drawn.

    Ranges are ``'Sheet'!$A$2:$A$9``. colour None: not drawn at all (the hidden foot of a waterfall).
    colours: one per point, over `colour`. labels: a number format writes the values beside the marks.
    width: of the line in points; 0 leaves the markers alone. size: of a marker.
    """

    name: str
    values: str
    colour: str | None
    x: str | None = None
    dash: LineStyle = "solid"
    marker: str | None = None
    colours: Sequence[str] = ()
    labels: str | None = None
    width: float = 2.25
    size: int = 6
    smooth: bool = False


@dataclass(frozen=True)
class Axis:
    """title: what and in which unit; fmt: number format; low, high: limits; step: between the ticks; hidden: not drawn;
    skip: every which category has a label; log: ticks at powers of ten, the other axis at the low end."""

    title: str | None = None
    fmt: str = "General"
    low: float | None = None
    high: float | None = None
    step: float | None = None
    hidden: bool = False
    skip: int | None = None
    log: bool = False


def chart(
    sheet: Worksheet,
    at: str,
    kind: Kind,
    title: str | None,
    series: Sequence[Line],
    *,
    lang: Lang,
    categories: str | None = None,
    x: Axis = Axis(),
    y: Axis = Axis(),
    size: tuple[float, float] = (16.0, 8.0),
    legend: Literal["t", "b", "r"] | None = "t",
    gap: int = 50,
    reverse: bool = False,
    plot: tuple[float, float, float, float] | None = None,
) -> Any:
    """Put a chart onto `sheet` with its corner at the cell `at`; size in cm.

    reverse: categories from top to bottom (bars). plot: place of the inner plot as fractions of the chart (left,
    top, width, height), for labels that need room.

    A title is fixed text: LibreOffice freezes a title that refers to a cell. A finding that must live is a formula
    in the cell above its chart, which then has no title (None).
    """
    made = _kind(kind, gap)
    if title is None:
        _untitled(made)
    else:
        made.title = _label(title, lang, 11, INK, bold=True)
    made.style = None
    made.roundedCorners = False
    made.display_blanks = "gap"
    scatter = kind in ("scatter", "scatter_line")
    for line in series:
        made.series.append(_series(line, kind, categories))
    _axis(made.x_axis, x, lang, grid=False)
    _axis(made.y_axis, y, lang, grid=not y.hidden)
    if y.log:
        made.x_axis.crosses = "min"
    if kind in ("bar", "stacked_bar"):
        made.x_axis.scaling.orientation = "maxMin" if reverse else "minMax"
        if reverse:
            made.y_axis.crosses = "max"
    elif not scatter:
        made.x_axis.tickLblPos = "low"
    if legend and len([s for s in series if s.colour]) > 1:
        made.legend.position = legend
        made.legend.overlay = False
        made.legend.txPr = _text(lang, 9, INK)
        hidden = [i for i, s in enumerate(series) if s.colour is None]
        if hidden:
            from openpyxl.chart.legend import LegendEntry

            made.legend.legendEntry = [LegendEntry(idx=i, delete=True) for i in hidden]
    else:
        made.legend = None
    made.graphical_properties = GraphicalProperties(solidFill="FFFFFF", ln=LineProperties(solidFill=RULE, w=9525))
    made.plot_area.graphicalProperties = GraphicalProperties(noFill=True, ln=LineProperties(noFill=True))
    if plot:
        left, top, width, height = plot
        made.layout = Layout(
            ManualLayout(layoutTarget="inner", xMode="edge", yMode="edge", x=left, y=top, w=width, h=height)
        )
    made.width, made.height = size
    made.anchor = _anchor(at, size)
    sheet.add_chart(made)
    return made


def _untitled(made: Any) -> None:
    """Say in the file that the chart has no title, or Excel gives it one; openpyxl leaves that unsaid."""
    write = made._write

    def with_mark() -> Any:
        tree = write()
        tree.find("chart").insert(0, Element("autoTitleDeleted", {"val": "1"}))
        return tree

    made._write = with_mark


def _anchor(at: str, size: tuple[float, float]) -> OneCellAnchor:
    from openpyxl.utils.cell import coordinate_to_tuple

    row, column = coordinate_to_tuple(at)
    return OneCellAnchor(
        _from=AnchorMarker(col=column - 1, row=row - 1),
        ext=XDRPositiveSize2D(cm_to_EMU(size[0]), cm_to_EMU(size[1])),
    )


def _kind(kind: Kind, gap: int) -> Any:
    if kind in ("bar", "column", "stacked", "stacked_bar"):
        made = BarChart()
        made.type = "bar" if kind in ("bar", "stacked_bar") else "col"
        made.grouping = "stacked" if kind in ("stacked", "stacked_bar") else "clustered"
        made.overlap = 100 if kind in ("stacked", "stacked_bar") else -5
        made.gapWidth = gap
        return made
    if kind == "line":
        return LineChart()
    if kind == "area":
        return AreaChart(grouping="stacked")
    made = ScatterChart()
    made.scatterStyle = "lineMarker"
    return made


def _series(line: Line, kind: Kind, categories: str | None) -> Any:
    values = Reference(range_string=line.values)
    if kind in ("scatter", "scatter_line"):
        made = Series(values, Reference(range_string=line.x), title=None)
    else:
        made = Series(values, title=None)
        if categories:
            from openpyxl.chart.data_source import AxDataSource

            made.cat = AxDataSource(strRef=StrRef(f=categories))
    if "!" in line.name:
        made.tx = SeriesLabel(strRef=StrRef(f=line.name))
    else:
        made.tx = SeriesLabel(v=line.name)
    props = made.graphicalProperties = GraphicalProperties()
    if kind in ("line", "scatter", "scatter_line"):
        props.line = LineProperties(w=int(line.width * 12700), cap="rnd")
        if line.colour and line.width and kind != "scatter":
            props.line.solidFill = line.colour
            props.line.dashStyle = None if line.dash == "solid" else line.dash
        else:
            props.line.noFill = True
        made.smooth = line.smooth
        made.marker = Marker(symbol=line.marker or ("circle" if kind == "scatter" else "none"), size=line.size)
        if line.colour and made.marker.symbol != "none":
            made.marker.graphicalProperties = GraphicalProperties(
                solidFill=line.colour, ln=LineProperties(solidFill="FFFFFF", w=6350)
            )
    elif line.colour is None:
        props.noFill = True
        props.line = LineProperties(noFill=True)
    else:
        made.graphicalProperties = _fill(line.colour)
        made.invertIfNegative = False
    for i, colour in enumerate(line.colours):
        made.dPt.append(DataPoint(idx=i, invertIfNegative=False, spPr=_fill(colour)))
    if line.labels:
        made.dLbls = DataLabelList(numFmt=line.labels, showVal=True)
        made.dLbls.showSerName = made.dLbls.showCatName = made.dLbls.showLegendKey = False
        made.dLbls.showPercent = False
        if kind in ("bar", "column"):
            made.dLbls.dLblPos = "outEnd"
        elif kind in ("line", "scatter", "scatter_line"):
            made.dLbls.dLblPos = "t"
        made.dLbls.txPr = _text("en", 9, INK)
    return made


def _fill(colour: str) -> GraphicalProperties:
    """A fill; a light one with an edge, or it would be lost on white paper."""
    edge = LineProperties(solidFill=NAVY, w=9525) if contrast(colour, WHITE) < 3.0 else LineProperties(noFill=True)
    return GraphicalProperties(solidFill=colour, ln=edge)


def _axis(axis: Any, spec: Axis, lang: Lang, *, grid: bool) -> None:
    axis.delete = spec.hidden
    axis.majorTickMark = "none"
    axis.minorTickMark = "none"
    axis.number_format = spec.fmt
    axis.numFmt = NumFmt(spec.fmt, sourceLinked=False)
    axis.scaling.min, axis.scaling.max = spec.low, spec.high
    if spec.skip is not None:
        axis.tickLblSkip = axis.tickMarkSkip = spec.skip
    if spec.log:
        axis.scaling.logBase = 10
    if spec.step is not None:
        axis.majorUnit = spec.step
    axis.txPr = _text(lang, 9, MUTED)
    axis.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=GREY, w=9525))
    if grid:
        axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="E8ECF0", w=9525))
        axis.graphicalProperties = GraphicalProperties(ln=LineProperties(noFill=True))
    else:
        axis.majorGridlines = None
    axis.title = _label(spec.title, lang, 9, MUTED) if spec.title else None


def _properties(lang: Lang, size: float, ink: str, bold: bool) -> CharacterProperties:
    font = Font(typeface=FONTS[lang])
    return CharacterProperties(sz=int(size * 100), b=bold, solidFill=ink, latin=font, ea=font)


def _text(lang: Lang, size: float, ink: str) -> RichText:
    properties = _properties(lang, size, ink, False)
    return RichText(
        bodyPr=RichTextProperties(), p=[Paragraph(pPr=ParagraphProperties(defRPr=properties), endParaRPr=properties)]
    )


def _label(text: str, lang: Lang, size: float, ink: str, *, bold: bool = False) -> Title:
    properties = _properties(lang, size, ink, bold)
    paragraphs = [
        Paragraph(pPr=ParagraphProperties(defRPr=properties), r=[RegularTextRun(rPr=properties, t=part)])
        for part in text.split("\n")
    ]
    rich = RichText(bodyPr=RichTextProperties(), p=paragraphs)
    return Title(tx=Text(rich=rich), overlay=False)
