"""The console in a real browser: it renders, with hostile names, and without an error of its policy."""

from __future__ import annotations

import subprocess
from pathlib import Path

from aiops.console.app import make_app
from aiops.console.server import ConsoleServer
from tests.servers import need
from tests.unit.console.estate import parts_over, waiting

HOSTILE = "<img src=x onerror=document.title='taken'>"


def rendered(place: str, folder: Path) -> tuple[str, str]:
    """The document after the browser rendered it, and what the browser complained of."""
    browser = need("chromium", "apt-get install chromium")
    command: list[str | Path] = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        f"--user-data-dir={folder}",
        "--virtual-time-budget=1500",
        "--dump-dom",
        place,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


def test_pages_render_in_a_browser_and_nothing_hostile_runs(tmp_path: Path) -> None:
    """List and story; the style sheet is accepted by the page's own policy, and no markup of others is made."""
    parts = parts_over(waiting(entity=HOSTILE))
    server = ConsoleServer("127.0.0.1", 0)
    server.serve(make_app(parts))
    try:
        for place in ("", "incidents/INC-1"):
            text, complaints = rendered(server.url + place, tmp_path)
            assert "INC-1" in text
            assert "taken</title>" not in text
            assert "<img" not in text
            assert complaints == ""
    finally:
        server.stop()
