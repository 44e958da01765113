"""The helper process: credit_udfs in an environment of its own, started when it is first needed, then kept."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from . import link

PATIENCE = 600.0  # seconds; an optimisation may take a while, a process that hangs must not hang the sheet for ever
# LibreOffice's own Python settings must not reach another Python.
_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONEXECUTABLE", "PYTHONUSERBASE", "__PYVENV_LAUNCHER__")


class Unavailable(Exception):
    """There is no helper; `key` says why: no_interpreter, no_start, other_version, ended."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class Helper:
    """One process, asked by one thread at a time."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.process: subprocess.Popen[bytes] | None = None
        self.lock = threading.Lock()
        self.failed_for: str | None = None

    @property
    def ready(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask(self, message: dict[str, Any], respond: Callable[[dict[str, Any]], Any] | None = None) -> dict[str, Any]:
        """Send, and wait for the answer; raises Unavailable.

        On the way the helper may report progress or ask to read the workbook: `respond` gets those messages, and
        its value is sent back for the latter.
        """
        with self.lock:
            if not self.ready:
                self._start()
            process = cast("subprocess.Popen[bytes]", self.process)
            watch = threading.Timer(PATIENCE, process.kill)
            watch.daemon = True
            watch.start()
            try:
                link.send(cast(BinaryIO, process.stdin), message)
                while True:
                    answer = link.receive(cast(BinaryIO, process.stdout))
                    if respond is None or not ("read" in answer or "progress" in answer):
                        return answer
                    value = respond(answer)
                    if "read" in answer:
                        link.send(cast(BinaryIO, process.stdin), {"value": value})
            except (OSError, EOFError, ValueError):
                self._end()
                raise Unavailable("ended") from None
            finally:
                watch.cancel()

    def stop(self) -> None:
        with self.lock:
            self.failed_for = None
            self._end()

    def _start(self) -> None:
        if self.ready:
            return
        python = link.interpreter()
        if not python:
            raise Unavailable("no_interpreter", file=str(link.settings_file()), variable=link.INTERPRETER)
        if python == self.failed_for:
            # Every cell would wait for it again; "restart" in the menu tries anew.
            raise Unavailable("no_start", python=python)
        clean = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        no_window = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        try:
            # -P: nothing is imported from the folder that LibreOffice was started in.
            self.process = subprocess.Popen(  # noqa: S603 (the user's own setting names the program)
                [python, "-P", "-m", link.MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=clean,
                creationflags=no_window,
            )
            hello = link.receive(cast(BinaryIO, self.process.stdout))
        except (OSError, EOFError, ValueError):
            self.failed_for = python
            self._end()
            raise Unavailable("no_start", python=python) from None
        if hello.get("version") != self.version:
            self.failed_for = python
            self._end()
            found = str(hello.get("version"))
            raise Unavailable("other_version", python=python, found=found, version=self.version)

    def _end(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            try:
                if stream is not None:
                    stream.close()
            except OSError:
                pass
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
