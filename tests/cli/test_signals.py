"""A signal to end is obeyed while a library computes, when Python's own handlers have to wait."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

BUSY = """
import hashlib, sys
import click
from credit_udfs.cli import common
common.PATIENCE = 0.1

@click.group(cls=common.Group)
def main(): ...

@main.command()
def busy():
    print("busy", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"a", b"b", 60_000_000)  # about a minute, in one call

sys.argv = ["credit-udfs", "busy"]
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such signals")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_long_call_into_a_library_is_ended(name, code):
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "busy\n"
        process.send_signal(getattr(signal, name))
        try:
            assert process.wait(timeout=20) == code
        finally:
            process.kill()
