"""The UNO component: cell functions for Calc, and what stands behind the menu.

A function that `credit_office.inprocess` knows is computed here; every other is asked of the helper process. The
methods of `Functions` are made from the declarations in data.json, as is the interface XFunctions (functions.idl).
"""

from collections import deque

import unohelper
from com.sun.star.frame import DispatchResultEvent, XDispatchProvider, XNotifyingDispatch
from com.sun.star.frame.DispatchResultState import FAILURE, SUCCESS
from com.sun.star.lang import Locale, XInitialization, XLocalizable, XServiceInfo, XServiceName
from credit_office import inprocess, link, verbs
from credit_office.book import cells_of
from credit_office.helper import Helper, Unavailable
from creditudfs import XFunctions

FUNCTIONS = "creditudfs.Functions"
MENU = "creditudfs.Menu"
HELPER = Helper(inprocess.DATA["version"])
LAST = deque(maxlen=20)  # what went wrong lately: (function, error, message in Chinese, in English)
CONTEXT = [None]  # LibreOffice's, for messages


def error_result(name):
    return ((inprocess.ERRORS[name],),)


def remember(*error):
    """For the help: each error once, the latest last; a recalculation gives the same ones again."""
    if error in LAST:
        LAST.remove(error)
    LAST.append(error)


def refused(name, error):
    """The error of a call as a whole, computed here."""
    remember(name, error, verbs.text("call_error", "zh"), verbs.text("call_error", "en"))
    return error_result(error)


def plain(value):
    """An argument as the package takes it: an error inside an array is its text."""
    if type(value) is tuple:
        return [[link.error_of(v) if type(v) is float and v != v else v for v in row] for row in value]
    if hasattr(value, "getDataArray"):
        return cells_of(value)
    return value


def asked(name, arguments):
    """The value of a function that the helper computes."""
    try:
        answer = HELPER.ask({"op": "call", "name": name, "args": [plain(a) for a in arguments]})
    except Unavailable as missing:
        zh, en = (verbs.text(f"helper_{missing.key}", lang, **missing.values) for lang in ("zh", "en"))
        remember(name, "#N/A", zh, en)
        verbs.tell_once(CONTEXT[0], missing.key, zh, en)
        return error_result("#N/A")
    out = []
    for row in answer["rows"]:
        cells = []
        for value in row:
            if isinstance(value, dict):
                remember(name, value["error"], value["zh"], value["en"])
                value = inprocess.ERRORS[value["error"]]
            cells.append(value if type(value) is str else float(value))
        out.append(tuple(cells))
    return tuple(out)


def scoring(name, declared):
    """A scoring method: RISKSCORE(indicators; method) and its like."""
    options = declared["args"][1:]
    nothing = (None,) * len(options)

    def method(self, cells, *given):
        rows = cells.DataArray  # as getDataArray(), without the detour of a method found by its name
        lang = "zh"
        try:
            if given != nothing:
                given = tuple(None if is_zero(value) else value for value in given)
                chosen = {o["name"]: o["default"] for o in options}
                for o, value in zip(options, given, strict=False):
                    if value is not None:
                        chosen[o["name"]] = inprocess.option(value, o["choices"], o["default"])
                if chosen["method"] != "default":
                    return asked(name, (cells, *given))
                lang = chosen.get("language", lang)
            try:
                return inprocess.score(name, rows, lang)
            except inprocess.ErrorCells:
                return inprocess.score(name, cells_of(cells), lang)
        except inprocess.CallError as e:
            return refused(name, str(e))

    return method


def is_zero(value):
    return type(value) is float and value == 0.0


def settled(name, declared, function):
    """The method that calls `function` once it is settled which zeros are blank cells: Calc gives those as 0."""

    def method(self, *arguments):
        given = list(arguments)
        for i, (arg, value) in enumerate(zip(declared["args"], arguments, strict=True)):
            if is_zero(value) and arg["zero"] == "blank":
                given[i] = None
            elif is_zero(value) and arg["zero"] == "doubt":
                # A number would be given for what nobody has entered.
                zh, en = (verbs.text("zero_or_blank", lang, argument=arg["name"]) for lang in ("zh", "en"))
                remember(name, "#N/A", zh, en)
                return error_result("#N/A")
        return function(*given)

    return method


def churnrate(rate, grade, churn):
    if churn is not None:  # the bank's own table, which is to be fitted
        return asked("CHURNRATE", (rate, grade, churn))
    try:
        return inprocess.churnrate("" if rate is None else rate, "" if grade is None else grade)
    except inprocess.CallError as e:
        return refused("CHURNRATE", str(e))


def elsewhere(name, declared):
    least = declared["required"]

    def function(*arguments):
        given = list(arguments)
        while len(given) > least and given[-1] is None:
            given.pop()
        return asked(name, given)

    return function


class Functions(unohelper.Base, XFunctions, XServiceInfo, XServiceName, XLocalizable):
    def __init__(self, context):
        self.locale = Locale("en", "US", "")
        CONTEXT[0] = context

    def getServiceName(self):
        return FUNCTIONS

    def getImplementationName(self):
        return FUNCTIONS

    def supportsService(self, name):
        return name in self.getSupportedServiceNames()

    def getSupportedServiceNames(self):
        return (FUNCTIONS, "com.sun.star.sheet.AddIn")

    def setLocale(self, locale):
        self.locale = locale

    def getLocale(self):
        return self.locale


for _name, _declared in inprocess.DATA["functions"].items():
    if _name in inprocess.SCORING:
        _method = scoring(_name, _declared)
    else:
        _function = churnrate if _name == "CHURNRATE" else elsewhere(_name, _declared)
        _method = settled(_name, _declared, _function)
    setattr(Functions, _name.lower(), _method)


class Menu(unohelper.Base, XDispatchProvider, XNotifyingDispatch, XInitialization, XServiceInfo):
    """Handles the commands ``creditudfs:<verb>`` of the menu and the toolbar."""

    def __init__(self, context):
        self.context = context
        self.frame = None

    def initialize(self, arguments):
        if arguments:
            self.frame = arguments[0]

    def queryDispatch(self, url, target, flags):
        return self if url.Protocol == "creditudfs:" else None

    def queryDispatches(self, requests):
        return tuple(self.queryDispatch(r.FeatureURL, r.FrameName, r.SearchFlags) for r in requests)

    def dispatch(self, url, arguments):
        """From the menu: the outcome is told in a box."""
        done, message = verbs.run(url.Path, self.context, self.frame, HELPER, LAST, True, False)
        verbs.box(self.context, self.frame, message, "INFOBOX" if done else "WARNINGBOX")

    def dispatchWithNotification(self, url, arguments, listener):
        """From a macro: nothing is asked, the outcome is the result; Overwrite=True says yes beforehand."""
        overwrite = any(a.Name == "Overwrite" and a.Value for a in arguments)
        done, message = verbs.run(url.Path, self.context, self.frame, HELPER, LAST, False, overwrite)
        if listener is not None:
            event = DispatchResultEvent()
            event.Source = self
            event.State = SUCCESS if done else FAILURE
            event.Result = message
            listener.dispatchFinished(event)

    def addStatusListener(self, listener, url):
        pass

    def removeStatusListener(self, listener, url):
        pass

    def getImplementationName(self):
        return MENU

    def supportsService(self, name):
        return name in self.getSupportedServiceNames()

    def getSupportedServiceNames(self):
        return (MENU, "com.sun.star.frame.ProtocolHandler")


g_ImplementationHelper = unohelper.ImplementationHelper()
g_ImplementationHelper.addImplementation(Functions, FUNCTIONS, (FUNCTIONS, "com.sun.star.sheet.AddIn"))
g_ImplementationHelper.addImplementation(Menu, MENU, (MENU, "com.sun.star.frame.ProtocolHandler"))
