"""Releases and configurations as folders beside a link that names the present one, as deployment tools leave them.

``/srv/cart/current`` is a symbolic link to ``/srv/cart/releases/42``. All versions are folders or files beside ``42``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from aiops.model.errors import PermanentError, TemporaryError


@dataclass(frozen=True, slots=True)
class VersionLink:
    """A symbolic link to the present version."""

    link: Path

    def present(self) -> Path:
        """What the link names, as an absolute path without following it further.

        Raises:
            PermanentError: it is no symbolic link.
        """
        try:
            return Path(os.path.normpath(self.link.parent.absolute() / self.link.readlink()))
        except OSError as error:
            raise PermanentError(f"{self.link} is no symbolic link to a version: {error}") from error

    def version(self, name: str) -> Path:
        """The version of a name, beside the present one.

        Raises:
            PermanentError: there is none; the message lists those that there are.
        """
        folder = self.present().parent
        known = self._names(folder)
        if name not in known:
            raise PermanentError(f"{folder} has no version {name!r}; it has {', '.join(known) or 'none'}")
        return folder / name

    def previous(self) -> Path:
        """The version that was put there last before the present one, by the time of its folder or file.

        Raises:
            PermanentError: no version is older than the present one.
        """
        present = self.present()
        try:
            age = present.lstat().st_mtime_ns
            others = [present.parent / name for name in self._names(present.parent) if name != present.name]
            older = [(other.lstat().st_mtime_ns, other) for other in others if other.lstat().st_mtime_ns <= age]
        except OSError as error:
            raise PermanentError(f"the versions beside {present} cannot be read: {error}") from error
        if not older:
            raise PermanentError(f"{present.parent} has no version that is older than {present.name}")
        return max(older)[1]

    def switch(self, to: Path) -> None:
        """Let the link name another version; whoever follows it finds the old or the new one, and never none.

        Raises:
            TemporaryError: the disk refuses; the link is as before.
        """
        beside = self.link.with_name(f".{self.link.name}.switching")
        try:
            beside.unlink(missing_ok=True)
            beside.symlink_to(os.path.relpath(to, self.link.parent))
            beside.replace(self.link)
        except OSError as error:
            raise TemporaryError(f"{self.link} cannot be switched to {to}: {error}") from error

    def _names(self, folder: Path) -> list[str]:
        try:
            found = sorted(path.name for path in folder.iterdir() if not path.is_symlink())
        except OSError as error:
            raise PermanentError(f"the versions in {folder} cannot be read: {error}") from error
        return [name for name in found if not name.startswith(".")]
