"""The table of extensions: what is found, what is refused, and what errors tell people to do."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest

from aiops.adapters.plugins import fingerprint, installed
from aiops.model.errors import PermanentError
from aiops.plugins import BUILT_IN, BUILT_INS, Extension, ExtensionKind, Plugins
from topology.rankers.walk import WalkRanker

GOOD = Extension(ExtensionKind.RANKER, "mine", "topology.rankers.walk:WalkRanker", "aiops-mine", "1.2")
MISSING = Extension(ExtensionKind.RANKER, "gone", "nobody.has.this:Ranker", "aiops-gone", "0.1")
RAISES = Extension(ExtensionKind.RANKER, "raises", "aiops.plugins:Plugins", "aiops-raises", "3")


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in ExtensionKind for name in BUILT_IN[kind]])
def test_every_built_in_can_be_loaded(kind: ExtensionKind, name: str) -> None:
    """No line of the table points nowhere."""
    assert BUILT_INS.load(kind, name) is not None


def test_a_plug_in_stands_beside_the_built_ins() -> None:
    """It is listed with its package, and made as they are."""
    plugins = Plugins.of([GOOD])
    assert plugins.names(ExtensionKind.RANKER) == ("earliest", "mine", "random", "severest", "walk", "weighed")
    assert isinstance(plugins.make(ExtensionKind.RANKER, "mine"), WalkRanker)
    assert [(one.name, one.origin) for one in plugins.plugged()] == [("mine", "aiops-mine 1.2")]


def test_an_unknown_name_lists_the_known_ones() -> None:
    """A misspelt setting is told with what could be meant."""
    with pytest.raises(PermanentError, match=r"no ranker is named 'wlak'; known are earliest, mine, random"):
        Plugins.of([GOOD]).make(ExtensionKind.RANKER, "wlak")


def test_a_plug_in_that_cannot_be_imported_names_package_and_exception() -> None:
    """The text says whose fault it is and what to do."""
    with pytest.raises(PermanentError, match=r"ranker 'gone' of aiops-gone 0\.1 .*ModuleNotFoundError.*uninstall"):
        Plugins.of([MISSING]).load(ExtensionKind.RANKER, "gone")


def test_a_plug_in_whose_constructor_raises_is_told_the_same_way() -> None:
    """Whatever it raises is chained and named."""
    with pytest.raises(PermanentError, match=r"'raises' of aiops-raises 3 .*TypeError") as caught:
        Plugins.of([RAISES]).make(ExtensionKind.RANKER, "raises")
    assert isinstance(caught.value.__cause__, TypeError)


def test_the_rest_goes_on_without_a_broken_one() -> None:
    """Making all of a kind gives those that work and the faults of those that do not."""
    made, faults = Plugins.of([GOOD, MISSING, RAISES]).make_all(ExtensionKind.RANKER)
    assert sorted(made) == ["earliest", "mine", "random", "severest", "walk", "weighed"]
    assert [fault.extension.name for fault in faults] == ["gone", "raises"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (ExtensionKind.RANKER, "walk"),
        (ExtensionKind.EXECUTOR, "none"),
        (ExtensionKind.VIEW, "shift"),
        (ExtensionKind.NOTIFIER, "file"),
    ],
)
def test_a_built_ins_name_cannot_be_taken(kind: ExtensionKind, name: str) -> None:
    """The built-in stays, and the plug-in is a fault that says to rename it."""
    thief = Extension(kind, name, "evil:Thing", "aiops-evil", "1")
    plugins = Plugins.of([thief])
    assert plugins.extensions == BUILT_INS.extensions
    ((fault),) = plugins.faults
    assert fault.extension == thief
    assert "rename the entry point" in fault.why


def test_a_name_that_two_packages_give_is_nobodys() -> None:
    """Which one would win must not depend on the order of folders; asking for it says why there is none."""
    other = Extension(ExtensionKind.RANKER, "mine", "topology.rankers.walk:WalkRanker", "aiops-other", "1")
    for order in itertools.permutations([GOOD, other]):
        plugins = Plugins.of(order)
        assert [fault.extension.package for fault in plugins.faults] == ["aiops-mine", "aiops-other"]
        with pytest.raises(PermanentError, match=r"no ranker is named 'mine'.*aiops-other 1 provide this name"):
            plugins.load(ExtensionKind.RANKER, "mine")


@pytest.mark.parametrize("name", ["", "Two Words", "a/b", "x" * 61, 'q"', "../up", "-dash"])
def test_a_name_that_could_break_settings_or_policies_is_refused(name: str) -> None:
    """Names go into Cedar's schema, URLs and file names: letters, digits, dots and dashes only."""
    plugins = Plugins.of([Extension(ExtensionKind.PRIMITIVE, name, "a:B", "p", "1")])
    assert name not in plugins.names(ExtensionKind.PRIMITIVE)
    assert "a name has lower-case letters" in plugins.faults[0].why


def test_one_entry_point_found_twice_is_one() -> None:
    """A package that is on the path twice does not stand in its own way."""
    assert Plugins.of([GOOD, GOOD]).find(ExtensionKind.RANKER, "mine") == GOOD


def test_the_fingerprint_changes_with_a_version_and_with_nothing_else() -> None:
    """Actors are made anew after an upgrade of a plug-in."""
    newer = Extension(GOOD.kind, GOOD.name, GOOD.place, GOOD.package, "1.3")
    assert fingerprint(Plugins.of([GOOD])) == fingerprint(Plugins.of([GOOD]))
    assert len({fingerprint(Plugins.of(points)) for points in ([], [GOOD], [newer])}) == 3


def test_what_is_installed_holds_the_built_ins() -> None:
    """Reading this machine's entry points adds to the table and takes nothing away."""
    found = installed()
    assert all(set(BUILT_IN[kind]) <= set(found.names(kind)) for kind in ExtensionKind)


def test_the_table_imports_no_extension() -> None:
    """Asking for names costs no import: numba, river and the like come with the one that is used."""
    code = "import sys, aiops.adapters.plugins as p; p.installed(); print({'numba', 'river', 'ray'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
