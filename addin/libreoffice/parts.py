"""The extension's interface definition and configuration, made from the declarations of the cell functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from xml.sax.saxutils import escape

from addin.libreoffice.icons import SIZES
from credit_udfs.cells.spec import Arg, CellFunction
from credit_udfs.commands import VERBS
from credit_udfs.locale import Lang, text

SERVICE: Final = "creditudfs.Functions"
MENU: Final = "creditudfs.Menu"
PROTOCOL: Final = "creditudfs:"
IDENTIFIER: Final = "creditudfs.addin"
MENU_VERBS: Final = (*(verb for verb in VERBS if verb != "help"), "restart", "help")
CALC: Final = "com.sun.star.sheet.SpreadsheetDocument"
TOOLBAR: Final = f"private:resource/toolbar/addon_{MENU}.toolbar"
CONFIGURATION: Final = (
    "CalcAddIns.xcu",
    "Addons.xcu",
    "ProtocolHandler.xcu",
    "CalcWindowState.xcu",
)

_LOCALES: Final[Mapping[str, Lang]] = {"en-US": "en", "zh-CN": "zh"}
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def idl(functions: Mapping[str, CellFunction]) -> str:
    """The UNO interface of the functions.

    A range of records is taken as the range itself, because only then an error cell in it is that row's error;
    as an array, Calc would not call us at all. An array that a formula computes can't be given to such an argument.
    Everything else is `any`, the only type that may be left out.
    """
    methods = [
        "    sequence< sequence< any > > "
        + f"{name.lower()}({', '.join(f'[in] {_type(arg)} {idl_name(arg)}' for arg in function.args)});"
        for name, function in functions.items()
    ]
    return "\n".join(["module creditudfs {", "", "interface XFunctions {", *methods, "};", "", "};", ""])


def idl_name(arg: Arg) -> str:
    """The argument's name in the interface, where an underscore is not allowed: max_loss is maxLoss."""
    first, *rest = arg.name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _type(arg: Arg) -> str:
    return "com::sun::star::table::XCellRange" if arg.kind == "range" and arg.required else "any"


def calc_addins(functions: Mapping[str, CellFunction]) -> str:
    """CalcAddIns.xcu: names and the wizard's help. The name in .xlsx files is the name in Calc."""
    body = [f'<node oor:name="AddInInfo"><node oor:name="{SERVICE}" oor:op="replace"><node oor:name="AddInFunctions">']
    for name, function in functions.items():
        body.append(f'<node oor:name="{name.lower()}" oor:op="replace">')
        body.append(_same("DisplayName", name))
        body.append(_both("Description", function.help_zh, function.help_en))
        body.append(_plain("Category", "Add-In"))
        body.append(_same("CompatibilityName", name))
        body.append('<node oor:name="Parameters">')
        for arg in function.args:
            body.append(f'<node oor:name="{idl_name(arg)}" oor:op="replace">')
            body.append(_same("DisplayName", arg.name))
            body.append(_both("Description", argument_help(arg, "zh"), argument_help(arg, "en")))
            body.append("</node>")
        body.append("</node></node>")
    body.append("</node></node></node>")
    return _component("CalcAddIns", "org.openoffice.Office", body)


def argument_help(arg: Arg, lang: Lang) -> str:
    shown = arg.help_zh if lang == "zh" else arg.help_en
    if arg.kind == "range" and arg.required:
        return text("libreoffice.argument_cells", lang, help=shown)
    if arg.required:
        return shown
    if arg.default is None:
        return text("libreoffice.argument_blank", lang, help=shown)
    default = f"{arg.default:,.12g}" if isinstance(arg.default, (int, float)) else arg.default
    return text("libreoffice.argument_optional", lang, help=shown, default=default)


def addons() -> str:
    """Addons.xcu: the menu, the toolbar and their pictures, in spreadsheets only."""
    items = [(f"v{i}", verb) for i, verb in enumerate(MENU_VERBS)]

    def entry(name: str, verb: str, title: str) -> str:
        return "\n".join(
            [
                f'<node oor:name="{name}" oor:op="replace">',
                _plain("URL", f"{PROTOCOL}{verb}"),
                title,
                _plain("Target", "_self"),
                _plain("Context", CALC),
                "</node>",
            ]
        )

    body = [
        '<node oor:name="AddonUI">',
        '<node oor:name="OfficeMenuBar">',
        f'<node oor:name="{MENU}.bar" oor:op="replace">',
        _text("Title", "libreoffice.title"),
        _plain("Target", "_self"),
        _plain("Context", CALC),
        '<node oor:name="Submenu">',
        *(entry(name, verb, _text("Title", _title(verb))) for name, verb in items),
        "</node></node></node>",
        '<node oor:name="OfficeToolBar">',
        f'<node oor:name="{MENU}.toolbar" oor:op="replace">',
        *(entry(name, verb, _tip(verb)) for name, verb in items),
        "</node></node>",
        '<node oor:name="Images">',
        *(_images(verb) for verb in MENU_VERBS),
        "</node>",
        "</node>",
    ]
    return _component("Addons", "org.openoffice.Office", body)


def _title(verb: str) -> str:
    return f"commands.verb_{verb}" if verb in VERBS else f"libreoffice.verb_{verb}"


def _tip(verb: str) -> str:
    # A toolbar shows the picture, and its title only under the pointer: it has no other tooltip.
    zh, en = (
        text("libreoffice.tip", lang, verb=text(_title(verb), lang), tip=text(f"libreoffice.tip_{verb}", lang))
        for lang in ("zh", "en")
    )
    return _both("Title", zh, en)


def picture(verb: str, size: str) -> str:
    """The path of a verb's picture in the extension."""
    return f"icons/{verb}_{SIZES[size]}.png"


def _images(verb: str) -> str:
    # LibreOffice puts the folder of the extension in the place of %origin%.
    places = (_plain(f"Image{size.capitalize()}URL", f"%origin%/{picture(verb, size)}") for size in SIZES)
    return "\n".join(
        [
            f'<node oor:name="{MENU}.{verb}" oor:op="replace">',
            _plain("URL", f"{PROTOCOL}{verb}"),
            '<node oor:name="UserDefinedImages">',
            *places,
            "</node></node>",
        ]
    )


def calc_window_state() -> str:
    """CalcWindowState.xcu: the toolbar's name under View > Toolbars."""
    body = [
        f'<node oor:name="UIElements"><node oor:name="States"><node oor:name="{TOOLBAR}" oor:op="replace">',
        _text("UIName", "libreoffice.title"),
        "</node></node></node>",
    ]
    return _component("CalcWindowState", "org.openoffice.Office.UI", body)


def protocol_handler() -> str:
    body = [
        f'<node oor:name="HandlerSet"><node oor:name="{MENU}" oor:op="replace">',
        f'<prop oor:name="Protocols" oor:type="oor:string-list"><value>{PROTOCOL}*</value></prop>',
        "</node></node>",
    ]
    return _component("ProtocolHandler", "org.openoffice.Office", body)


def description(version: str) -> str:
    names = "\n".join(
        f'<name lang="{locale[:2]}">{escape(text("libreoffice.title", lang))} (credit_udfs)</name>'
        for locale, lang in _LOCALES.items()
    )
    texts = "\n".join(
        f'<src lang="{locale[:2]}" xlink:href="description/{lang}.txt"/>' for locale, lang in _LOCALES.items()
    )
    return f"""{_HEAD}<description xmlns="http://openoffice.org/extensions/description/2006"
 xmlns:d="http://openoffice.org/extensions/description/2006"
 xmlns:l="http://libreoffice.org/extensions/description/2011"
 xmlns:xlink="http://www.w3.org/1999/xlink">
<identifier value="{IDENTIFIER}"/>
<version value="{version}"/>
<dependencies><l:LibreOffice-minimal-version value="25.2" d:name="LibreOffice 25.2"/></dependencies>
<display-name>
{names}
</display-name>
<extension-description>
{texts}
</extension-description>
</description>
"""


def manifest() -> str:
    entries = [
        # An interface definition in plain text does where a compiled one would need LibreOffice's SDK.
        ("application/vnd.sun.star.uno-typelibrary;type=RDB", "functions.idl"),
        ("application/vnd.sun.star.uno-component;type=Python", "credit_component.py"),
        *(("application/vnd.sun.star.configuration-data", name) for name in CONFIGURATION),
    ]
    lines = [
        f' <manifest:file-entry manifest:media-type="{kind}" manifest:full-path="{name}"/>' for kind, name in entries
    ]
    return "\n".join(
        [
            _HEAD + '<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">',
            *lines,
            "</manifest:manifest>",
            "",
        ]
    )


def _component(name: str, package: str, body: Iterable[str]) -> str:
    return "\n".join(
        [
            _HEAD + '<oor:component-data xmlns:oor="http://openoffice.org/2001/registry"'
            ' xmlns:xs="http://www.w3.org/2001/XMLSchema"'
            f' oor:name="{name}" oor:package="{package}">',
            *body,
            "</oor:component-data>",
            "",
        ]
    )


def _plain(name: str, value: str) -> str:
    return f'<prop oor:name="{name}"><value>{escape(value)}</value></prop>'


def _same(name: str, value: str) -> str:
    return _both(name, value, value)


def _text(name: str, key: str) -> str:
    return _both(name, text(key, "zh"), text(key, "en"))


def _both(name: str, zh: str, en: str) -> str:
    shown = {"zh": zh, "en": en}
    values = "".join(f'<value xml:lang="{locale}">{escape(shown[lang])}</value>' for locale, lang in _LOCALES.items())
    return f'<prop oor:name="{name}">{values}</prop>'
