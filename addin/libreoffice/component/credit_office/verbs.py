"""What stands behind the menu: ask the helper for a plan of writes, apply it, and be able to take it back."""

from __future__ import annotations

from typing import Any

import uno

from . import inprocess

_TOLD = set()


def text(name: str, lang: str, **values: str) -> str:
    return inprocess.DATA["texts"][name][lang].format(**values)


def language(context: Any) -> str:
    """The interface's language: Chinese or English."""
    from com.sun.star.beans import PropertyValue

    provider = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.configuration.ConfigurationProvider", context
    )
    node = PropertyValue(Name="nodepath", Value="/org.openoffice.Setup/L10N")
    setup = provider.createInstanceWithArguments("com.sun.star.configuration.ConfigurationAccess", (node,))
    return "zh" if (setup.getByName("ooLocale") or "").startswith("zh") else "en"


def show(context: Any, frame: Any, message: str, kind: str = "INFOBOX") -> None:
    """A message box; none when LibreOffice runs without a window."""
    window = frame.getContainerWindow() if frame is not None else None
    toolkit = context.ServiceManager.createInstanceWithContext("com.sun.star.awt.Toolkit", context)
    box = toolkit.createMessageBox(
        window, uno.Enum("com.sun.star.awt.MessageBoxType", kind), 1, text("title", language(context)), message
    )
    box.execute()
    box.dispose()


def tell_once(key: str, zh: str, en: str) -> None:
    """A message about the installation, once a session, after the calculation that met it has ended."""
    if key in _TOLD:
        return
    _TOLD.add(key)


def run(verb: str, context: Any, frame: Any, helper: Any, last: Any) -> None:
    pass
