"""The system's clock, and the only place that reads it for the runtime."""

from __future__ import annotations

import time


class SystemClock:
    """``Clock`` of this machine."""

    def now(self) -> int:
        """Nanoseconds since 1970 UTC."""
        return time.time_ns()
