"""How an estate is started, as a file."""

from __future__ import annotations

import pytest

from aiops.model.errors import PermanentError
from simulations.range.run_settings import Users, from_json, to_json
from tests.unit.simulations.range.runs import run


def test_settings_survive_their_file() -> None:
    """What is read is what was written."""
    settings = run(interval_ms=1_000, users=Users("postgres", "rabbitmq"), cmdb_wrong=0.2, restarts=True)
    assert from_json(to_json(settings)) == settings


def test_damaged_settings_name_the_place() -> None:
    """The error names the field."""
    with pytest.raises(PermanentError, match="interval_ms"):
        from_json(to_json(run()).replace('"interval_ms":2000', '"interval_ms":"often"'))


def test_an_empty_file_is_refused() -> None:
    """It holds no settings."""
    with pytest.raises(PermanentError, match="holds no settings"):
        from_json("")
