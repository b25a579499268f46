"""Control: any entity of the case, drawn by a hash of its name and the case's. The floor of every measure."""

from __future__ import annotations

from hashlib import blake2b

from tests.benchmarks.rootcause.baselines.protocol import BaselineQuestion
from tests.benchmarks.rootcause.evidence import entities


class RandomEntity:
    """Entities in random order, the same in every run."""

    name = "random"

    def scores(self, question: BaselineQuestion) -> dict[str, float]:
        """A number in [0, 1) for each entity."""
        salt = blake2b(question.case.id.encode(), digest_size=16).digest()
        return {
            name: int.from_bytes(blake2b(name.encode(), key=salt, digest_size=7).digest()) / 2**56
            for name in entities(question.case)
        }
