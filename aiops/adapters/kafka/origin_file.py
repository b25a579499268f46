"""Keeps which topics the positions of the control topics belong to. The positions themselves are in the journal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiops.adapters.atomic_files import replace_file
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.records import TopicOrigin, TopicPartition


@dataclass(frozen=True, slots=True)
class OriginFile:
    """A small JSON file, replaced as a whole. Without it the next start takes the topics that it finds for known."""

    file: Path

    def read(self) -> dict[TopicPartition, TopicOrigin]:
        """The origins that were kept last; none if nothing was.

        Raises:
            PermanentError: the file is damaged.
        """
        try:
            rows = json.loads(self.file.read_text(encoding="utf-8"))
            return {TopicPartition(t, int(p)): TopicOrigin(str(i), int(s), int(e)) for t, p, i, s, e in rows}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise PermanentError(
                f"{self.file} cannot be read: {error}; restore it, or remove it if no control topic was made anew"
            ) from error

    def write(self, origins: Mapping[TopicPartition, TopicOrigin]) -> None:
        """Keep these origins durably.

        Raises:
            TemporaryError: the disk refuses the write.
        """
        rows = [[p.topic, p.partition, o.topic_id, o.shift, o.end] for p, o in sorted(origins.items())]
        try:
            replace_file(self.file, [json.dumps(rows).encode()], durable=True)
        except OSError as error:
            raise TemporaryError(f"cannot write {self.file}: {error}; is the disk full?", 5.0) from error


def control_origins(state: Path, domain: str) -> OriginFile:
    """The file of one domain."""
    return OriginFile(state / "topics" / f"{domain}.json")
