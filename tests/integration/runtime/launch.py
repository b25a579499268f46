"""Runs the runtime until it is told to end: what ``aiops up`` does, without its pages."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
from pathlib import Path

os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))

from aiops.bootstrap.configuration import load_settings
from aiops.bootstrap.runtime import Runtime


def main() -> None:
    """Up, wait, down."""
    ending = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ending.set())
    runtime = Runtime(load_settings(Path(sys.argv[1])), say=print)
    runtime.start()
    ending.wait()
    runtime.stop()


if __name__ == "__main__":
    main()
