"""Names of settings that version 0.1.0 had."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.bundle.loading import SHIPPED
from aiops.adapters.bundle.old_names import RENAMED, with_new_names
from aiops.cli.policy import app
from aiops.model.errors import PermanentError
from aiops.settings import Settings


@pytest.mark.parametrize("new", RENAMED.values(), ids=".".join)
def test_every_new_name_is_a_setting(new: tuple[str, ...]) -> None:
    """A typing error in the table would send people to a name that does not exist."""
    fields = Settings.model_fields
    for part in new[:-1]:
        group = fields[part].annotation
        assert group is not None
        fields = group.model_fields
    assert new[-1] in fields


@pytest.mark.parametrize("old", RENAMED, ids=".".join)
def test_no_old_name_is_a_setting(old: tuple[str, ...]) -> None:
    """A name that means two things would be read wrongly without a word."""
    fields = Settings.model_fields
    for part in old[:-1]:
        group = fields[part].annotation
        assert group is not None
        fields = group.model_fields
    assert old[-1] not in fields


def test_an_old_name_gives_its_value_to_the_new_one() -> None:
    """Other settings of the group stay, and the warning names file, old name and new name."""
    found, warnings = with_new_names({"data": {"late_seconds": 9.0, "shards": 2}}, "aiops.yaml")
    assert found == {"data": {"allowed_lateness_seconds": 9.0, "shards": 2}}
    assert warnings == (
        "aiops.yaml: data.late_seconds was renamed to data.allowed_lateness_seconds; the old name works up to 0.2",
    )


def test_what_was_handed_in_is_not_changed() -> None:
    """The values of a file are looked at again for the line of an error."""
    given = {"data": {"late_seconds": 9.0}}
    with_new_names(given, "aiops.yaml")
    assert given == {"data": {"late_seconds": 9.0}}


def test_both_names_at_once_are_an_error() -> None:
    """Neither value may win by chance."""
    with pytest.raises(PermanentError, match=r"aiops\.yaml: bundle: is given twice, also as binder; remove binder"):
        with_new_names({"binder": "a", "bundle": "b"}, "aiops.yaml")


@pytest.mark.parametrize("group", [None, 3, "text", ["late_seconds"]])
def test_a_group_that_is_none_is_left_for_the_checks_of_settings(group: object) -> None:
    """What is no group of settings gets its own error with its line, later."""
    assert with_new_names({"data": group}, "aiops.yaml") == ({"data": group}, ())


def test_an_old_file_works_with_a_warning_for_each_old_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of version 0.1.0 gives the same settings as before."""
    file = tmp_path / "aiops.yaml"
    file.write_text("binder: ours\ndata: {late_seconds: 7.0, well_seconds: 8.0}\ncontrol: {confident: 0.7}\n")
    settings = load_settings(file)
    assert settings.bundle == tmp_path / "ours"
    assert (settings.data.allowed_lateness_seconds, settings.data.clear_seconds) == (7.0, 8.0)
    assert settings.control.least_probability == 0.7
    assert capsys.readouterr().err.count("the old name works up to 0.2") == 4


def test_an_old_variable_works_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Variables of both kinds: with and without a group."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIOPS_BINDER", "ours")
    monkeypatch.setenv("AIOPS_DATA__LATE_SECONDS", "5")
    settings = load_settings()
    assert (settings.bundle, settings.data.allowed_lateness_seconds) == (tmp_path / "ours", 5.0)
    warned = capsys.readouterr().err
    assert "environment: binder was renamed to bundle" in warned
    assert "environment: data.late_seconds was renamed to data.allowed_lateness_seconds" in warned


def test_the_old_option_of_the_policy_commands_works_with_a_warning() -> None:
    """The output for programs does not change."""
    old = CliRunner().invoke(app, ["test", "--binder", str(SHIPPED), "--json"])
    new = CliRunner().invoke(app, ["test", "--bundle", str(SHIPPED), "--json"])
    assert (old.exit_code, old.stdout) == (new.exit_code, new.stdout)
    assert "--binder was renamed to --bundle" in old.stderr
    assert not new.stderr
