"""Who made which actor: what ends with a process is what it started, on a Ray that others use too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_SCRIPT = """
from aiops.adapters.cluster.cluster import RayCluster

first, second = RayCluster(None, "shared", "build"), RayCluster(None, "shared", "build")
for number in (0, 1):
    first.ensure("shard", number, "builtins:object", arguments={})
for number in (1, 2):
    second.ensure("shard", number, "builtins:object", arguments={})
    second.ensure("shard", number, "builtins:object", arguments={})
assert first.made == {("shard", 0), ("shard", 1)}, first.made
assert second.made == {("shard", 2)}, second.made
third = RayCluster(None, "shared", "another build")
third.ensure("shard", 1, "builtins:object", arguments={})
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


_FACTORIES = """
from pathlib import Path

from aiops.model.errors import PermanentError, TemporaryError


def late(marker):
    if not Path(marker).exists():
        Path(marker).touch()
        raise TemporaryError("no Kafka", 3.0)
    return object()


def broken():
    raise PermanentError("a policy speaks of a TemporaryError")


def faulty():
    raise KeyError("TemporaryError")
"""
_NOT_UP = """
import sys

from aiops.adapters.cluster.cluster import RayCluster
from aiops.model.errors import PermanentError, TemporaryError

cluster = RayCluster(None, "up", "build")


def error_of(factory, **arguments):
    try:
        cluster.ensure("part", 0, factory, arguments=arguments)
    except (TemporaryError, PermanentError) as error:
        return type(error), getattr(error, "delay_seconds", None)


found = [error_of("factories:late", marker=sys.argv[1])]
assert cluster.numbers("part") == [], cluster.numbers("part")
found += [error_of("factories:broken"), error_of("factories:faulty"), error_of("factories:late", marker=sys.argv[1])]
assert found == [(TemporaryError, 3.0), (PermanentError, None), (PermanentError, None), None], found
assert cluster.numbers("part") == [0]
cluster.close()
print("as it should be")
"""


def test_why_a_part_cannot_be_made_keeps_its_kind(tmp_path: Path) -> None:
    """A temporary error may be tried again, with its delay; a permanent one and a fault may not, whatever they say."""
    (tmp_path / "factories.py").write_text(_FACTORIES)
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    command = [sys.executable, "-c", _NOT_UP, str(tmp_path / "marker")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=200, check=False, env=os.environ | {"PYTHONPATH": paths}
    )
    assert done.stdout.endswith("as it should be\n"), done.stderr[-3000:]
