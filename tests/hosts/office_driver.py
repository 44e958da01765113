"""Drives one headless LibreOffice over UNO; runs in LibreOffice's own Python, which has `uno`.

One JSON object a line comes in, ``[operation, {arguments}]``, one goes out, ``{"ok": value}`` or ``{"error": text}``.
Cell values travel as JSON numbers (the same bits on the other side), texts, and ``{"error": code}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import traceback
import uuid

import uno
import unohelper
from com.sun.star.awt import XCallback
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.frame.DispatchResultState import SUCCESS
from com.sun.star.task import XInteractionHandler
from com.sun.star.ucb import XCommandEnvironment, XProgressHandler


def properties(**values):
    return tuple(PropertyValue(Name=name, Value=value) for name, value in values.items())


def url(path):
    return pathlib.Path(path).resolve().as_uri()


class Consent(unohelper.Base, XCommandEnvironment, XProgressHandler, XInteractionHandler):
    """Answers yes to what the extension manager asks."""

    def getInteractionHandler(self):
        return self

    def getProgressHandler(self):
        return self

    def push(self, status):
        pass

    def update(self, status):
        pass

    def pop(self):
        pass

    def handle(self, request):
        approve = uno.getTypeByName("com.sun.star.task.XInteractionApprove")
        for answer in request.getContinuations():
            yes = answer.queryInterface(approve)
            if yes is not None:
                yes.select()
                return


class Later(unohelper.Base, XCallback):
    """Work for LibreOffice's main thread, where everything happens that a user does."""

    def __init__(self, work):
        self.work = work
        self.result = None
        self.error = None
        self.done = threading.Event()

    def notify(self, data):
        try:
            self.result = self.work()
        except Exception as e:
            self.error = e
        self.done.set()


class Driver:
    def __init__(self):
        self.documents = {}

    def start(self, soffice, profile, timeout=90):
        begun = time.monotonic()
        pipe = "credit" + uuid.uuid4().hex[:12]
        command = [
            soffice, f"-env:UserInstallation={url(profile)}", "--headless", "--norestore", "--nologo",
            "--nolockcheck", f"--accept=pipe,name={pipe};urp;StarOffice.ComponentContext",
        ]  # fmt: skip
        environment = dict(os.environ, SAL_USE_VCLPLUGIN="svp", PYTHONDONTWRITEBYTECODE="1")
        log = open(pathlib.Path(profile).parent / "soffice.log", "ab")  # noqa: SIM115 (lives as long as the office)
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
        )
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        while True:
            try:
                self.context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
                break
            except NoConnectException:
                # 81: the first start of a fresh profile restarts itself.
                if self.process.poll() not in (None, 81):
                    raise RuntimeError(f"soffice ended with {self.process.returncode}") from None
                if time.monotonic() - begun > timeout:
                    self.kill()
                    raise
                time.sleep(0.05)
        self.desktop = self.service("com.sun.star.frame.Desktop")
        # A thread other than the one Python was started in needs a state of Python's own for every call.
        self.in_main_thread(lambda: self.service("com.sun.star.loader.Python"))
        return time.monotonic() - begun

    def service(self, name):
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)

    def in_main_thread(self, work):
        """The value of `work()`; what it asks of LibreOffice is done in LibreOffice's main thread.

        A call back from there is answered there, whereas others are answered by whichever thread is free.
        """
        later = Later(work)
        self.service("com.sun.star.awt.AsyncCallback").addCallback(later, None)
        later.done.wait()
        if later.error is not None:
            raise later.error
        return later.result

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def quit(self):
        # Whatever terminate() raises: the bridge may be gone before it answers.
        with contextlib.suppress(Exception):
            self.desktop.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def stop(self):
        """The last operation: the driver ends with it."""
        self.quit()

    def install(self, extension):
        manager = self.context.getByName("/singletons/com.sun.star.deployment.ExtensionManager")
        package = manager.addExtension(url(extension), (), "user", None, Consent())
        return package.getIdentifier().Value

    def new(self):
        return self.keep(
            self.desktop.loadComponentFromURL("private:factory/scalc", "_blank", 0, properties(Hidden=True))
        )

    def open(self, path, visible=False):
        # No exception, but nothing, for a file that is broken or locked.
        document = self.desktop.loadComponentFromURL(url(path), "_blank", 0, properties(Hidden=not visible))
        if document is None:
            raise RuntimeError(f"LibreOffice can't open {path}")
        return self.keep(document)

    def keep(self, document):
        key = uuid.uuid4().hex[:8]
        self.documents[key] = document
        return key

    def close(self, doc):
        self.documents.pop(doc).close(True)

    def store(self, doc, path, filter="Calc MS Excel 2007 XML"):
        self.documents[doc].storeToURL(url(path), properties(FilterName=filter))

    def sheets(self, doc):
        return list(self.documents[doc].Sheets.ElementNames)

    def add_sheet(self, doc, name):
        sheets = self.documents[doc].Sheets
        sheets.insertNewByName(name, sheets.getCount())

    def protect(self, doc, sheet):
        self.documents[doc].Sheets.getByName(sheet).protect("")

    def range(self, doc, at):
        """A range written ``A1:C5`` (first sheet) or ``Sheet.A1:C5``."""
        sheets = self.documents[doc].Sheets
        name, _, cells = at.rpartition(".")
        return (sheets.getByName(name) if name else sheets.getByIndex(0)).getCellRangeByName(cells)

    def put(self, doc, at, rows):
        """Values: texts stay texts."""
        self.range(doc, at).setDataArray(tuple(tuple("" if v is None else v for v in row) for row in rows))

    def formulas(self, doc, at, rows):
        """Formulas as they are typed in English, semicolons between arguments; also ``=NA()`` and plain values."""
        self.range(doc, at).setFormulaArray(tuple(tuple(row) for row in rows))

    def array(self, doc, at, formula):
        self.range(doc, at).setArrayFormula(formula)

    def clear(self, doc, at):
        self.range(doc, at).clearContents(1023)

    def calculate(self, doc):
        """Recalculate everything; seconds taken."""
        begun = time.perf_counter()
        self.in_main_thread(self.documents[doc].calculateAll)
        return time.perf_counter() - begun

    def cpu(self):
        """Processor seconds of LibreOffice and the processes it started so far; other programs' load hardly
        moves them. Linux only."""
        total = 0
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) == self.process.pid:
                    # The process's own processor clock, in nanoseconds: the folder's figures are of 10 ms.
                    total += time.clock_gettime_ns((~int(folder.name) << 3) | 2)
        return total / 1e9

    def automatic(self, doc, on):
        self.documents[doc].enableAutomaticCalculation(on)

    def read(self, doc, at):
        cells = self.range(doc, at)
        rows = [list(row) for row in cells.getDataArray()]
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                if value is None:
                    row[x] = {"error": cells.getCellByPosition(x, y).getError()}
        return rows

    def read_formulas(self, doc, at):
        return [list(row) for row in self.range(doc, at).getFormulaArray()]

    def used(self, doc, sheet):
        cursor = self.documents[doc].Sheets.getByName(sheet).createCursor()
        cursor.gotoEndOfUsedArea(False)
        address = cursor.getRangeAddress()
        return [address.EndRow + 1, address.EndColumn + 1]

    def functions(self, prefix=""):
        """What the function wizard knows: name -> category, description, arguments."""
        found = {}
        described = self.service("com.sun.star.sheet.FunctionDescriptions")
        for i in range(described.getCount()):
            entry = {p.Name: p.Value for p in described.getByIndex(i)}
            arguments = [[a.Name, a.Description, a.IsOptional] for a in entry["Arguments"] or ()]
            found[entry["Name"]] = [entry["Category"], entry["Description"], arguments]
        return found

    def configuration(self, path, locale=""):
        """A node of the configuration as nested dicts, as a user with this interface language sees it."""
        provider = self.service("com.sun.star.configuration.ConfigurationProvider")
        arguments = {"nodepath": path, **({"locale": locale} if locale else {})}
        root = provider.createInstanceWithArguments(
            "com.sun.star.configuration.ConfigurationAccess", properties(**arguments)
        )

        def nested(node):
            if not hasattr(node, "getElementNames"):
                return node if isinstance(node, (str, float, int, bool, type(None))) else str(node)
            return {name: nested(node.getByName(name)) for name in node.getElementNames()}

        return nested(root)

    def dispatch(self, doc, command, **arguments):
        """Dispatch as a macro does, which waits for the outcome: [succeeded, what is told]."""
        helper = self.service("com.sun.star.frame.DispatchHelper")
        frame = self.documents[doc].CurrentController.Frame
        event = helper.executeDispatch(frame, command, "", 0, properties(**arguments))
        return [event.State == SUCCESS, event.Result]

    def toolbar(self, doc, resource):
        """A toolbar as it is drawn: its name, each button's tooltip, and how many colours are seen."""
        frame = self.documents[doc].CurrentController.Frame
        window = frame.LayoutManager.getElement(resource).getRealInterface()
        buttons = window.getAccessibleContext()
        tips = [
            buttons.getAccessibleChild(i).getAccessibleContext().getToolTipText()
            for i in range(buttons.getAccessibleChildCount())
        ]
        size = window.getPosSize()
        canvas = window.createDevice(size.Width, size.Height)
        window.setGraphics(canvas.createGraphics())
        window.draw(0, 0)
        bitmap = canvas.createBitmap(0, 0, size.Width, size.Height).getDIB().value
        start, bits = (int.from_bytes(bitmap[at : at + 4], "little") for at in (10, 28))
        step = (bits & 0xFFFF) // 8
        colours = {bitmap[i : i + 3] for i in range(start, len(bitmap) - 3, step)}
        return {"name": buttons.getAccessibleName(), "tips": tips, "colours": len(colours)}

    def undo(self, doc):
        self.documents[doc].UndoManager.undo()

    def redo(self, doc):
        self.documents[doc].UndoManager.redo()

    def undo_titles(self, doc):
        return list(self.documents[doc].UndoManager.getAllUndoActionTitles())


def main():
    driver = Driver()
    for line in sys.stdin:
        operation, arguments = json.loads(line)
        try:
            answer = {"ok": getattr(driver, operation)(**arguments)}
        except Exception as e:
            answer = {"error": f"{type(e).__name__}: {e}", "trace": traceback.format_exc()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        if operation == "stop":
            break


if __name__ == "__main__":
    main()
