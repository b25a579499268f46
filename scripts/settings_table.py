"""Prints docs/settings.md from the code: every setting with its environment variable, default and meaning.

`.venv/bin/python scripts/settings_table.py > docs/settings.md`; a test checks that the file is up to date.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from aiops.settings import Settings  # noqa: E402 (the checkout is put on the path first)
from aiops.settings_group import Group  # noqa: E402

HEAD: Final = """\
# Settings

`scripts/settings_table.py` prints this page from `aiops/settings.py`, `topic_names.py` and `kafka_security.py`.

**File.** Settings come from one file: the file of `--config`, else the file that `$AIOPS_CONFIG` names, else
`./aiops.yaml` if it exists. A setting that the file does not contain has its default.

**Environment.** An environment variable overrides the file. `AIOPS_GROUP__FIELD` sets a field of a group; its value is
written as in YAML, for example `AIOPS_DATA__SHARDS=3`. `AIOPS_KAFKA` is short for `AIOPS_KAFKA__BOOTSTRAP`. At the top
level `AIOPS_DOMAIN`, `AIOPS_STATE`, `AIOPS_BUNDLE` and `AIOPS_RAY` set the fields of the same name.

**Units.** The unit of a field whose name ends in `_seconds` is the second.

**Errors.** An unknown field or an invalid value is an error. It names the file with the line, or the environment.
`aiops doctor` checks the settings and everything that they refer to.
"""
_PLAIN_FROM_ENVIRONMENT: Final = ("domain", "state", "bundle", "ray")


def page() -> str:
    """The whole page."""
    docstrings = _docstrings()
    groups = {
        name: field.annotation
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Group)
    }
    parts = [HEAD, "## Top level", *_table(Settings, "", docstrings, left_out=set(groups))]
    for name, group in groups.items():
        parts += ["", f"## {name}", "", str(group.__doc__), *_table(group, name, docstrings, left_out=set())]
    return "\n".join(parts) + "\n"


def _table(
    group: type[Group], prefix: str, docstrings: dict[tuple[str, str], str], *, left_out: set[str]
) -> Iterator[str]:
    yield ""
    yield "| setting | environment | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in group.model_fields.items():
        if name in left_out:
            continue
        place = f"{prefix}.{name}" if prefix else name
        meaning = _docstring(group, name, docstrings)
        yield f"| `{place}` | {_variable(prefix, name)} | {_default(field)} | {meaning} |"


def _docstring(group: type[Group], name: str, docstrings: dict[tuple[str, str], str]) -> str:
    """The docstring of a field, of the class in which it stands."""
    return next(docstrings[made.__name__, name] for made in group.__mro__ if (made.__name__, name) in docstrings)


def _variable(prefix: str, name: str) -> str:
    if prefix:
        also = "`AIOPS_KAFKA`, " if (prefix, name) == ("kafka", "bootstrap") else ""
        return f"{also}`AIOPS_{prefix.upper()}__{name.upper()}`"
    return f"`AIOPS_{name.upper()}`" if name in _PLAIN_FROM_ENVIRONMENT else ""


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    match value:
        case None:
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case tuple() | dict():
            return f"`{_yaml(value)}`"
        case _:
            return f"`{value}`"


def _yaml(value: Any) -> str:
    """As one writes it in YAML's flow style."""
    match value:
        case dict():
            return "{" + ", ".join(f"{_yaml(k)}: {_yaml(v)}" for k, v in value.items()) + "}"
        case tuple():
            return "[" + ", ".join(_yaml(part) for part in value) + "]"
        case str():
            return f'"{value}"' if not value[:1].isalpha() else value
        case _:
            return str(value)


def _docstrings() -> dict[tuple[str, str], str]:
    """(class, field) to the docstring under it; a field without one is an error."""
    files = [ROOT / "aiops" / name for name in ("settings.py", "topic_names.py", "kafka_security.py")]
    nodes = [node for file in files for node in ast.parse(file.read_text(encoding="utf-8")).body]
    found: dict[tuple[str, str], str] = {}
    for made in (node for node in nodes if isinstance(node, ast.ClassDef)):
        for before, after in zip(made.body, made.body[1:], strict=False):
            match before, after:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[made.name, name] = " ".join(text.replace("``", "`").replace("|", "\\|").split())
                case _:
                    pass
    return found


if __name__ == "__main__":
    sys.stdout.write(page())
