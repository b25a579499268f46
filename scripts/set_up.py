"""Sets up .venv from requirements.lock when it is not, or not any more, what the lock says.

Runs on the Python that the user has, before anything is installed: the standard library alone. The Makefile has made
sure that it is 3.11 or newer.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "set-up"
LOCK = ROOT / "requirements.lock"
SOURCE_ONLY = ("drain3",)


def say(text: str) -> None:
    """Tell the user, at once."""
    print("set-up: " + text, flush=True)


def check_python() -> None:
    """Refuse a Python that comes without what makes a virtual environment."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        sys.exit("set-up: this Python has no venv module: apt-get install python3-venv (or your system's name for it)")


def wanted_stamp() -> str:
    """What .venv is to be made from: the lock, this script, the Python, the place."""
    digest = hashlib.sha256(LOCK.read_bytes() + Path(__file__).read_bytes())
    digest.update(repr((sys.version, str(ROOT))).encode())
    return digest.hexdigest()


def run(title: str, command: list[str]) -> None:
    """Run one step, showing its output and its time."""
    say(title)
    begun = time.monotonic()
    code = subprocess.call(command, cwd=str(ROOT))
    if code != 0:
        sys.exit(
            f"set-up: failed with exit code {code}: {' '.join(command)}\n"
            "If it is the network: proxies and certificates come from the environment (HTTPS_PROXY, SSL_CERT_FILE) "
            "and pip's own settings. Then run the same command again: it goes on where it stopped."
        )
    say(f"done in {time.monotonic() - begun:.0f} s")


def has_same_python() -> bool:
    """Whether .venv is there and of this Python's version."""
    if not PYTHON.exists():
        return False
    ask = [str(PYTHON), "-c", "import sys; print(sys.version)"]
    return subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip() == sys.version.strip()


def install_locked() -> None:
    """Install what the lock names and nothing else, each file checked against its hash.

    One package comes as source only. What builds it must not be fetched unchecked, so it is installed first, from the
    lock too, and pip is told to use it as it is.
    """
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps"]
    pip += ["--require-hashes", "--only-binary=:all:"]
    entries = re.split(r"\n(?=\S)", LOCK.read_text(encoding="utf-8"))
    builder = VENV / "builder.txt"
    builder.write_text("".join(entry + "\n" for entry in entries if entry.startswith("setuptools==")), encoding="utf-8")
    run("what builds packages that come as source", [*pip, "-r", str(builder)])
    sources = [f"--no-binary={name}" for name in SOURCE_ONLY]
    run(
        "what requirements.lock names, each file checked against its hash (a few minutes, about 2 GB)",
        [*pip, *sources, "--no-build-isolation", "-r", str(LOCK)],
    )


def install_ourselves() -> None:
    """Put the checkout on the path and the command into bin: nothing is built or fetched for that."""
    where = [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.check_output(where, text=True).strip())
    (packages / "aiops.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    command = VENV / "bin" / "aiops"
    command.write_text(f'#!/bin/sh\nexec "{PYTHON}" -m aiops.cli.main "$@"\n', encoding="utf-8")
    command.chmod(0o755)


def compile_loops() -> None:
    """Fill numba's cache; a first use that had to wait for it would do the same, so a failure is only told."""
    say("compiling the inner loops (once, about half a minute)")
    begun = time.monotonic()
    code = subprocess.call([str(PYTHON), "-m", "scripts.compile_loops"], cwd=str(ROOT))
    told = f"done in {time.monotonic() - begun:.0f} s" if code == 0 else "not now; they are compiled at their first use"
    say(told)


def main() -> None:
    """Set up, or say nothing when there is nothing to do."""
    check_python()
    stamp = wanted_stamp()
    if STAMP.exists() and STAMP.read_text(encoding="utf-8").strip() == stamp:
        return
    say("first use, or requirements.lock has changed")
    STAMP.unlink(missing_ok=True)
    if not has_same_python():
        run(f".venv, with {sys.executable}", [sys.executable, "-m", "venv", "--clear", str(VENV)])
    install_locked()
    install_ourselves()
    compile_loops()
    STAMP.write_text(stamp + "\n", encoding="utf-8")
    say("ready: .venv/bin/aiops --help")


if __name__ == "__main__":
    main()
