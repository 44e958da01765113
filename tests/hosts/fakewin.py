"""Stand-ins for pywin32, as thin as possible, so that xlwings' real Windows code runs on any system.

Only what needs Windows is replaced (the COM runtime); xlwings' converters, ``call_udf`` and the ``XLPython``
server object are the real ones.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import importlib
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

MISSING = -2147352572
"""What an argument that was left out arrives as (DISP_E_PARAMNOTFOUND)."""
CELL_ERRORS = {
    "#NULL!": -2146826288,
    "#DIV/0!": -2146826281,
    "#VALUE!": -2146826273,
    "#REF!": -2146826265,
    "#NAME?": -2146826259,
    "#NUM!": -2146826252,
    "#N/A": -2146826246,
    "#SPILL!": -2146826243,
}
"""What error cells arrive as."""

messages: list[str] = []
"""The texts of message boxes, in their order."""
answers: list[str] = []
"""What to press in the message boxes that ask, in their order."""
_BUTTONS = {"ok": 1, "cancel": 2, "yes": 6, "no": 7}
_MB_YESNO = 4


def _message_box(hwnd: int, prompt: str, title: str, style: int) -> int:
    messages.append(prompt)
    return _BUTTONS[answers.pop(0) if style & _MB_YESNO else "ok"]


_STUBS = (
    "pywintypes",
    "pythoncom",
    *(f"win32{name}" for name in ("api", "con", "gui", "process", "event", "timezone", "com")),
    *(f"win32com.{name}" for name in ("client", "server", "server.util", "server.dispatcher", "server.policy")),
)
_LOADED_UNDER_STUBS = ("xlwings._xlwindows", "xlwings._win32patch", "xlwings.udfs", "xlwings.com_server")


class ComTime(dt.datetime):
    """pywintypes.TimeType."""


class ComError(Exception):
    """pywintypes.com_error."""

    hresult = 0


class CDispatch:
    """Base of everything that pretends to be a COM object."""


def _module(name: str, **names: Any) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__.update(names)
    module.__file__ = __file__

    def missing(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return mock.MagicMock(name=f"{name}.{attribute}")

    module.__getattr__ = missing  # type: ignore[method-assign]
    return module


def _unwrap(value: Any) -> Any:
    """As pywin32: only what a Python server wrapped can be unwrapped."""
    if type(value).__name__ != "XLPythonObject":
        raise ValueError("not an object of ours")
    return value


def _stubs() -> dict[str, types.ModuleType]:
    same = lambda value, *args, **kwargs: value  # noqa: E731  a lambda says it
    dispatch = type("PyIDispatch", (), {})
    modules = {name: _module(name) for name in _STUBS}
    vars(modules["pywintypes"]).update(TimeType=ComTime, com_error=ComError, error=ComError, IID=str.upper)
    vars(modules["pythoncom"]).update(
        CoInitialize=lambda: None,
        IID_IDispatch="IDispatch",
        TypeIIDs={"IDispatch": dispatch},
        ole_error=ComError,
        com_error=ComError,
    )
    vars(modules["win32api"]).update(MessageBox=_message_box)
    vars(modules["win32con"]).update(
        MB_OK=0, MB_OKCANCEL=1, MB_YESNO=_MB_YESNO, MB_YESNOCANCEL=3, MB_ICONINFORMATION=64, MB_ICONWARNING=48
    )
    vars(modules["win32process"]).update(GetWindowThreadProcessId=lambda hwnd: (0, 4711))
    vars(modules["win32timezone"]).update(TimeZoneInfo=types.SimpleNamespace(utc=lambda: dt.UTC))
    vars(modules["win32com.client"]).update(
        CDispatch=CDispatch,
        CoClassBaseClass=type("CoClassBaseClass", (), {}),
        DispatchBaseClass=type("DispatchBaseClass", (), {}),
        Dispatch=same,
        DispatchEx=same,
    )
    vars(modules["win32com.server.util"]).update(wrap=same, unwrap=_unwrap)
    for name in _STUBS:
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(modules[parent], child, modules[name])
    return modules


@contextmanager
def windows() -> Iterator[Any]:
    """xlwings as on Windows, with our host module loaded under it; gives the host module.

    Everything is put back at the end, so that other tests see xlwings as it is here.
    """
    import xlwings as xw

    before = {name: sys.modules.get(name) for name in (*_STUBS, *_LOADED_UNDER_STUBS)}
    names = ("func", "arg", "ret", "sub", "_xlwindows", "serve")
    attributes = {name: getattr(xw, name, None) for name in names}
    sys.modules.update(_stubs())
    try:
        with (
            mock.patch.object(ctypes, "windll", mock.MagicMock(), create=True),
            mock.patch.object(ctypes, "oledll", mock.MagicMock(), create=True),
            mock.patch.object(ctypes, "PyDLL", mock.MagicMock()),
            mock.patch("atexit.register", lambda function, *args: function),  # it would look for EXCEL.EXE
        ):
            windows_code = importlib.import_module("xlwings._xlwindows")
            udfs = importlib.import_module("xlwings.udfs")
            server = importlib.import_module("xlwings.com_server")
        xw._xlwindows, xw.serve = windows_code, server.serve
        xw.func, xw.arg, xw.ret, xw.sub = udfs.xlfunc, udfs.xlarg, udfs.xlret, udfs.xlsub
        engine = xw.Engine(impl=windows_code.engine)
        xw.engines.add(engine)
        active, xw.engines.active = xw.engines.active, engine
        sys.modules.pop("credit_udfs.hosts.excel_com", None)
        yield importlib.import_module("credit_udfs.hosts.excel_com")
        server.loop.close()  # made when the module was loaded, and never run here
        udfs.udf_modules.clear()
        xw.engines.active = active
        xw.engines.engines.remove(engine)
        del xw.engines.engines_by_name[engine.name]
    finally:
        sys.modules.pop("credit_udfs.hosts.excel_com", None)
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
        for name, value in attributes.items():
            if value is None:
                vars(xw).pop(name, None)
            else:
                setattr(xw, name, value)


class Caller(CDispatch):
    """The cell that calls a function: all that xlwings asks of it."""


def press(host: Any, verb: str, workbook: Any) -> list[str]:
    """Press a button of the ribbon, as the add-in's VBA does; the messages that were shown."""
    server = sys.modules["xlwings.com_server"].XLPython()
    messages.clear()
    arguments = server.Tuple(verb, workbook)
    server.Str(server.Call(server.Module(host.__name__), "ribbon", arguments))
    return list(messages)


def call_udf(host: Any, name: str, *args: Any) -> Any:
    """Call a cell function as the add-in's VBA does: ``XLPy.CallUDF(module, name, args, ThisWorkbook, caller)``."""
    server = sys.modules["xlwings.com_server"].XLPython()
    return server.CallUDF(host.__name__, name, args, None, Caller())
