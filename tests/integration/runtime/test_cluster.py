"""Who made which actor: what ends with a process is what it started, on a Ray that others use too."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
from aiops.adapters.cluster.cluster import Cluster

first, second = Cluster(None, "shared", "build"), Cluster(None, "shared", "build")
for number in (0, 1):
    first.ensure("shard", number, "builtins:object", {})
for number in (1, 2):
    second.ensure("shard", number, "builtins:object", {})
    second.ensure("shard", number, "builtins:object", {})
assert first.made == {("shard", 0), ("shard", 1)}, first.made
assert second.made == {("shard", 2)}, second.made
third = Cluster(None, "shared", "another build")
third.ensure("shard", 1, "builtins:object", {})
assert third.made == {("shard", 1)}, third.made
for role, number in second.made:
    second.remove(role, number)
assert third.numbers("shard") == [0, 1], third.numbers("shard")
third.close()
print("as it should be")
"""


def test_only_what_a_process_made_is_its_own() -> None:
    """Found actors stay somebody else's; one that is replaced by another build belongs to whoever replaced it."""
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout.endswith("as it should be\n"), done.stderr[-3000:]
