"""Sets up .venv from requirements.lock if it is missing or outdated.

Runs on the user's Python before anything is installed, with the standard library alone. The Makefile has checked that
Python is 3.11 or newer.
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
    """Print a message at once."""
    print("set-up: " + text, flush=True)


def check_python() -> None:
    """Exit if this Python has no venv or ensurepip module."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        sys.exit("set-up: this Python has no venv module: apt-get install python3-venv (or your system's name for it)")


def wanted_stamp() -> str:
    """Digest of the inputs of .venv: the lock, this script, the Python, the folder."""
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
            "For network errors: proxies and certificates come from the environment (HTTPS_PROXY, SSL_CERT_FILE) "
            "and pip's own settings. Then run the same command again: it continues where it stopped."
        )
    say(f"done in {time.monotonic() - begun:.0f} s")


def has_same_python() -> bool:
    """Whether .venv exists and has this Python's version."""
    if not PYTHON.exists():
        return False
    ask = [str(PYTHON), "-c", "import sys; print(sys.version)"]
    return subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip() == sys.version.strip()


def install_locked() -> None:
    """Install the packages of the lock and no others; each file is checked against its hash.

    One package exists as source only. Its build tool is installed first, from the lock too, and pip uses it without
    build isolation: no unchecked file is downloaded.
    """
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps"]
    pip += ["--require-hashes", "--only-binary=:all:"]
    entries = re.split(r"\n(?=\S)", LOCK.read_text(encoding="utf-8"))
    builder = VENV / "builder.txt"
    builder.write_text("".join(entry + "\n" for entry in entries if entry.startswith("setuptools==")), encoding="utf-8")
    run("build tool for source packages", [*pip, "-r", str(builder)])
    sources = [f"--no-binary={name}" for name in SOURCE_ONLY]
    run(
        "packages of requirements.lock, each file checked against its hash (a few minutes, about 2 GB)",
        [*pip, *sources, "--no-build-isolation", "-r", str(LOCK)],
    )


def install_ourselves() -> None:
    """Put the checkout on the path and the command `aiops` into bin, without building or downloading."""
    where = [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.check_output(where, text=True).strip())
    (packages / "aiops.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    command = VENV / "bin" / "aiops"
    command.write_text(f'#!/bin/sh\nexec "{PYTHON}" -m aiops.cli.main "$@"\n', encoding="utf-8")
    command.chmod(0o755)


def compile_loops() -> None:
    """Fill the cache of compiled functions. After a failure the first use compiles them; it is only reported."""
    say("compiling the inner loops (once, about half a minute)")
    begun = time.monotonic()
    code = subprocess.call([str(PYTHON), "-m", "scripts.compile_loops"], cwd=str(ROOT))
    failed = "failed; the loops are compiled at their first use"
    say(f"done in {time.monotonic() - begun:.0f} s" if code == 0 else failed)


def main() -> None:
    """Set up .venv; print nothing if it is up to date."""
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
