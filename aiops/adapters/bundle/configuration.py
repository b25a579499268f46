"""Settings from ``aiops.yaml`` and the environment. An error names file, line and field."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from aiops.adapters.bundle.old_names import with_new_names
from aiops.adapters.folders import state_home
from aiops.adapters.terminal import warn
from aiops.model.errors import PermanentError
from aiops.model.yaml_text import line_of, read_yaml
from aiops.settings import Settings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FILE = "aiops.yaml"
ENVIRONMENT = "AIOPS_CONFIG"
KAFKA = "AIOPS_KAFKA"
_PLAIN = frozenset({"AIOPS_STATE", "AIOPS_DOMAIN", "AIOPS_BUNDLE", "AIOPS_BINDER", "AIOPS_RAY"})
"""Variables of top-level settings."""


def load_settings(file: Path | None = None) -> Settings:
    """Settings of ``file``, else of ``$AIOPS_CONFIG``, else of ``./aiops.yaml``, else the defaults.

    The environment overrides the file (``AIOPS_KAFKA`` for the broker, ``AIOPS_GROUP__FIELD`` for the rest).

    Raises:
        PermanentError: the file is missing or invalid; the message names the line.
    """
    named = file or (Path(os.environ[ENVIRONMENT]) if os.environ.get(ENVIRONMENT) else None)
    place = named or Path(FILE)
    if not place.exists():
        if named is not None:
            raise PermanentError(f"{place}: there is no such file; see {ENVIRONMENT} and --config")
        return _resolved(_settings({}, None, ""), Path.cwd())
    try:
        text = place.read_text(encoding="utf-8")
        values = read_yaml(text) or {}
    except OSError as error:
        raise PermanentError(f"{place}: {error.strerror}; see {ENVIRONMENT} and --config") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise PermanentError(not_yaml(place, error)) from error
    if not isinstance(values, dict):
        raise PermanentError(f"{place}: expected groups of settings, found {type(values).__name__}")
    return _resolved(_settings(values, place, text), place.resolve().parent)


def not_yaml(place: Path | str, error: UnicodeDecodeError | yaml.YAMLError) -> str:
    """One-line message for a file that is not YAML, with the line of the error."""
    mark = getattr(error, "problem_mark", None)
    line = "" if mark is None else f":{mark.line + 1}"
    why = "it is not text" if isinstance(error, UnicodeDecodeError) else getattr(error, "problem", None)
    return f"{place}{line}: not YAML: {why or ' '.join(str(error).split())}"


def _settings(values: dict[str, Any], place: Path | None, text: str) -> Settings:
    """The file's values, overridden by the environment's."""
    of_file, old_in_file = with_new_names(values, str(place))
    of_environment, old_in_environment = with_new_names(_environment(), "environment")
    for warning in (*old_in_file, *old_in_environment):
        warn(warning)
    merged = _laid_over(of_file, of_environment)
    if os.environ.get(KAFKA):
        merged = _laid_over(merged, {"kafka": {"bootstrap": os.environ[KAFKA]}})
    try:
        return Settings(**merged)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise PermanentError("\n".join(_problem(one, place, text) for one in problems)) from error


def _problem(error: ErrorDetails, place: Path | None, text: str) -> str:
    """One line: the file with its line, or the variable; the setting; what is wrong. Never the value."""
    at = tuple(str(part) for part in error["loc"])
    variable = "_".join(("AIOPS", "__".join(at[:2]).upper()))
    if variable in os.environ and (len(at) > 1 or variable in _PLAIN):
        where = variable
    else:
        line = line_of(text, error["loc"])
        where = f"{place or 'environment'}{f':{line}' if line else ''}"
    return f"{where}: {'.'.join(at)}: {_what(error)}"


def _what(error: ErrorDetails) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "there is no such setting; docs/settings.md lists all"
        case "tuple_type":
            return "must be a list, such as [a, b]"
        case "value_error":
            return str(error["ctx"]["error"])
        case _:
            return error["msg"]


def _environment() -> dict[str, Any]:
    """``AIOPS_GROUP__FIELD=value`` as nested values; the value is YAML."""
    found: dict[str, Any] = {}
    for name, value in os.environ.items():
        group, separator, field = name.removeprefix("AIOPS_").lower().partition("__")
        if name.startswith("AIOPS_") and separator and group in Settings.model_fields:
            try:
                found.setdefault(group, {})[field] = read_yaml(value)
            except yaml.YAMLError as error:
                raise PermanentError(not_yaml(name, error)) from error
        elif name in _PLAIN:
            found[group] = value
    return found


def _laid_over(values: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _laid_over(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def _resolved(settings: Settings, base: Path) -> Settings:
    """Settings with absolute folders, because actors run in other working directories."""
    default = Settings.model_fields["state"].default
    state = state_home() if settings.state == default else settings.state
    changes: dict[str, Any] = {"state": (base / state.expanduser()).resolve()}
    if settings.bundle is not None:
        changes["bundle"] = (base / settings.bundle.expanduser()).resolve()
    # A secret that is mounted into a container is a link that moves at each rotation: absolute, and not resolved.
    files = {name: (base / file.expanduser()).absolute() for name, file in settings.kafka.files.items()}
    changes["kafka"] = settings.kafka.model_copy(update=files)
    store = settings.data.snapshot_store
    if store is not None and "://" not in store:
        folder = str((base / Path(store).expanduser()).resolve())
        changes["data"] = settings.data.model_copy(update={"snapshot_store": folder})
    return settings.model_copy(update=changes)
