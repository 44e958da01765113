"""What stands behind the menu: ask the helper for a plan of writes, apply it, and be able to take it back."""

from __future__ import annotations

from typing import Any

import uno
import unohelper
from com.sun.star.awt import XCallback
from com.sun.star.beans import PropertyValue
from com.sun.star.document import XUndoAction

from . import inprocess
from .book import Book
from .helper import Helper, Unavailable

YES = 2  # com.sun.star.awt.MessageBoxResults
_OK, _YES_NO = 1, 3  # com.sun.star.awt.MessageBoxButtons
_TOLD = set()


def text(name: str, lang: str, **values: str) -> str:
    return str(inprocess.DATA["texts"][name][lang].format(**values))


def language(context: Any) -> str:
    """The interface's language: Chinese or English."""
    provider = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.configuration.ConfigurationProvider", context
    )
    node = PropertyValue(Name="nodepath", Value="/org.openoffice.Setup/L10N")
    setup = provider.createInstanceWithArguments("com.sun.star.configuration.ConfigurationAccess", (node,))
    return "zh" if str(setup.getByName("ooLocale") or "").startswith("zh") else "en"


def box(context: Any, frame: Any, message: str, kind: str = "INFOBOX", buttons: int = _OK) -> int:
    """A message box, and which button was pressed; nothing is shown, and 0 pressed, without a window."""
    window = frame.getContainerWindow() if frame is not None else None
    toolkit = context.ServiceManager.createInstanceWithContext("com.sun.star.awt.Toolkit", context)
    shown = toolkit.createMessageBox(
        window, uno.Enum("com.sun.star.awt.MessageBoxType", kind), buttons, text("title", language(context)), message
    )
    pressed = shown.execute()
    shown.dispose()
    return int(pressed)


class _Later(unohelper.Base, XCallback):  # type: ignore[misc]  # UNO has no stubs
    def __init__(self, context: Any, messages: dict[str, str]) -> None:
        self.context = context
        self.messages = messages

    def notify(self, _: Any) -> None:
        box(self.context, None, self.messages[language(self.context)], "WARNINGBOX")


def tell_once(context: Any, key: str, zh: str, en: str) -> None:
    """Say what is wrong with the installation, once a session, after the calculation that met it has ended."""
    if key in _TOLD:
        return
    _TOLD.add(key)
    later = context.ServiceManager.createInstanceWithContext("com.sun.star.awt.AsyncCallback", context)
    later.addCallback(_Later(context, {"zh": zh, "en": en}), None)


class Undo(unohelper.Base, XUndoAction):  # type: ignore[misc]  # UNO has no stubs
    """One of our writes among what Ctrl+Z takes back: its cells; a sheet that was made for it stays, empty."""

    def __init__(self, title: str, book: Book, plan: dict[str, Any], helper: Helper, key: str) -> None:
        self.Title = title
        self.book, self.writes, self.helper, self.key = book, plan["writes"], helper, key

    def getTitle(self) -> str:
        return self.Title

    def undo(self) -> None:
        self.book.put_back(self.writes[::-1], "previous")
        self._tell("undone")

    def redo(self) -> None:
        self.book.put_back(self.writes, "values")
        self._tell("applied")

    def _tell(self, op: str) -> None:
        if self.helper.ready:
            self.helper.ask({"op": op, "book": self.key})


class Cancelled(Exception):
    """The user, or nobody, said yes to overwriting; the text says where."""


def run(
    verb: str, context: Any, frame: Any, helper: Helper, last: Any, ask_user: bool, overwrite: bool
) -> tuple[bool, str]:
    """Do a verb on the frame's document; whether it succeeded, and what to tell the user."""
    lang = language(context)
    document = frame.getController().getModel() if frame is not None and frame.getController() else None
    if document is None or not document.supportsService("com.sun.star.sheet.SpreadsheetDocument"):
        return False, text("not_a_sheet", lang)
    if verb == "restart":
        helper.stop()
        _TOLD.clear()
        return True, text("restarted", lang)
    try:
        done, message = _run(verb, context, frame, document, helper, lang, ask_user, overwrite)
    except Unavailable as missing:
        done, message = False, text(f"helper_{missing.key}", lang, **missing.values)
    except Cancelled as places:
        done, message = False, text("not_overwritten", lang, places=str(places))
    except Exception as e:  # a button never fails without a word
        done, message = False, text("not_applied", lang, why=str(e).strip() or type(e).__name__)
    if verb == "help" and last:
        lines = [f"- {name}: {error} {zh if lang == 'zh' else en}" for name, error, zh, en in reversed(last)]
        message = "\n".join([message, "", text("latest_errors", lang), *lines])
    return done, message


def _run(
    verb: str, context: Any, frame: Any, document: Any, helper: Helper, lang: str, ask_user: bool, overwrite: bool
) -> tuple[bool, str]:
    book = Book(document)
    key = document.RuntimeUID
    status = frame.createStatusIndicator()
    status.start(inprocess.DATA["verbs"][verb][lang] if verb in inprocess.DATA["verbs"] else verb, 100)

    def respond(message: dict[str, Any]) -> Any:
        if "read" in message:
            return book.answer(message["read"], message["arguments"])
        stage, done, total = message["progress"]
        status.setText(stage)
        status.setValue(100 * done // total if total else 0)
        return None

    try:
        answer = helper.ask({"op": "verb", "verb": verb, "book": key, "lang": lang}, respond=respond)
    finally:
        status.end()
    if "refused" in answer:
        return False, answer["refused"]
    plan = answer["plan"]
    if plan["asks"] and not overwrite:
        places = "\n".join(plan["asks"])
        question = text("overwrite", lang, places=places)
        if not ask_user or box(context, frame, question, "QUERYBOX", _YES_NO) != YES:
            raise Cancelled(places)
    if plan["writes"] or plan["creates"] or plan["removes"]:
        book.apply(plan)
        helper.ask({"op": "applied", "book": key})
        if plan["writes"]:
            title = text("undo_title", lang, verb=inprocess.DATA["verbs"][verb][lang])
            document.UndoManager.addUndoAction(Undo(title, book, plan, helper, key))
    book.show(plan["show"] or (plan["writes"][0]["sheet"] if plan["writes"] else ""))
    return True, plan["summary"]
