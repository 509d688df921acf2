r"""The paths of a list against the files on disk: which file is meant, and which are the same.

A list may come from another machine. A name that no file has is taken for the only one that it can
be: in another Unicode form (macOS writes NFD), with ``\\`` for ``/`` (Windows), or in quotes. What
could be another file (another case, another folder) is not taken; a hint says what is there.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from harmlib.address import Address, is_address, local_text
from harmlib.media.remote_media import FilesAtAddress

_QUOTES = "\"'`“”‘’«»"
_ELSEWHERE = re.compile(r"[A-Za-z]:[\\/]|\\\\|[a-z][a-z0-9+]*://")


def listed_files(root: Path | Address) -> FilesOnDisk | FilesAtAddress:
    """Open the files that a list may name.

    Parameters
    ----------
    root : Path or Address
        What relative paths are relative to.

    Returns
    -------
    FilesOnDisk or FilesAtAddress

    Examples
    --------
    >>> listed_files(Address("s3://bucket/media")).named("./safe/a.jpg")
    'safe/a.jpg'
    """
    return FilesAtAddress(root) if isinstance(root, Address) else FilesOnDisk(root)


class FilesOnDisk:
    r"""Find listed files below a folder; each folder on the way is read at most once.

    Parameters
    ----------
    root : Path
        What relative paths are relative to.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "safe").mkdir()
    ...     (Path(folder) / "safe/가.png").touch()
    ...     files = FilesOnDisk(Path(folder))
    ...     files.named(".\\safe\\가.png"), files.named("safe//nowhere.png")
    ('safe/가.png', 'safe/nowhere.png')
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.abspath(root))  # noqa: PTH100 - `resolve` would follow links
        self._names = cache(_names)
        self._folder = cache(self._spelt_folder)

    def named(self, path: str) -> str:
        """The path as it is spelt on disk, relative to the root where the file is below it.

        Parameters
        ----------
        path : str
            As it is listed.

        Returns
        -------
        str
            Without ``./`` and ``//``; otherwise as listed where no file is meant for sure.
        """
        path = local_text(path)
        for wanted in dict.fromkeys((path, path.strip(_QUOTES), _slashed(path))):
            if wanted and (found := self._spelt(wanted)):
                return self._below_root(found)
        return self._below_root(path)

    def key(self, path: str) -> str:
        r"""What two paths to the same file have in common; links are not followed.

        Parameters
        ----------
        path : str
            As `named` returns it.

        Returns
        -------
        str
            An absolute path; of a file that is not there, in NFC, and with ``/`` for ``\``.
        """
        if is_address(path):
            return path
        if not self.exists(path):
            path = unicodedata.normalize("NFC", _slashed(path))
        return os.path.normpath(path if path[:1] == "/" else f"{self.root}/{path}")

    def exists(self, path: str) -> bool:
        """Whether a path leads to a file, a folder or a link.

        Parameters
        ----------
        path : str
            As `named` returns it.

        Returns
        -------
        bool
        """
        if is_address(path):  # whoever reads it finds out
            return True
        try:
            return os.path.lexists(f"{self.root}/{path}" if path[:1] != "/" else path)
        except ValueError:  # a NUL in the name
            return False

    def any_exists(self, paths: Iterable[str]) -> bool:
        """Whether one of the paths leads to something.

        Parameters
        ----------
        paths : iterable of str
            As `named` returns them.

        Returns
        -------
        bool
        """
        return any(map(self.exists, paths))

    def hint(self, path: str) -> str:
        """Say where a listed file, which is missing, may be.

        Parameters
        ----------
        path : str
            As `named` returns it.

        Returns
        -------
        str
            Empty where nothing is known.
        """
        if _ELSEWHERE.match(path):
            return "it is a path of another machine; write paths relative to data.root"
        first, *rest = Path(path).parts or (path,)
        if rest and first == self.root.name and self._spelt("/".join(rest)):
            return f"{'/'.join(rest)!r} is there: leave out {first!r}, paths begin below data.root"
        folder = self.root / path
        folder, name = folder.parent, folder.name
        if folder.is_dir():
            alike = [n for n in sorted(self._entries(folder)) if n.lower() == name.lower()]
            if alike:
                return f"{alike[0]!r} is there: upper and lower case differ"
            stem = [n for n in sorted(self._entries(folder)) if Path(n).stem == name]
            if stem:
                return f"{stem[0]!r} is there: the ending is missing in the list"
            return ""
        return f"there is no folder {str(folder)!r}"

    def _spelt(self, path: str) -> str | None:
        """The path with every part as it is on disk; None where a part is not there."""
        if self.exists(path):
            return path
        folder, _, name = path.rpartition("/")
        within = self._folder(folder) if folder else path[: path.startswith("/")]
        return None if within is None else self._spelt_in(within, name)

    def _spelt_folder(self, path: str) -> str | None:
        current: str | None = "/" if path.startswith("/") else ""
        for part in path.split("/"):
            if part and current is not None:
                current = self._spelt_in(current, part)
        return current

    def _spelt_in(self, folder: str, name: str) -> str | None:
        path = f"{folder}{'/' * (folder not in ('', '/'))}{name}"
        if self.exists(path):
            return path
        names = self._names(os.path.join(self.root, folder))  # noqa: PTH118 - for many files
        alike = names.get(unicodedata.normalize("NFC", name).strip(), ())
        return path.removesuffix(name) + alike[0] if len(alike) == 1 else None

    def _entries(self, folder: Path) -> list[str]:
        return [name for names in self._names(str(folder)).values() for name in names]

    def _below_root(self, path: str) -> str:
        if _ELSEWHERE.match(path):
            return path
        absolute = path.startswith("/")
        plain = "/" * absolute + "/".join(p for p in path.split("/") if p not in ("", "."))
        if absolute and plain.startswith(f"{self.root}/"):
            return os.path.relpath(plain, self.root)
        return plain or "."


def _slashed(path: str) -> str:
    return path.strip(_QUOTES).replace("\\", "/")


def _names(folder: str) -> dict[str, tuple[str, ...]]:
    """The names in a folder by their NFC form without spaces around; none if it can't be read."""
    found: dict[str, tuple[str, ...]] = {}
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names only, of folders with many files
    except OSError:
        return found
    for name in names:
        form = unicodedata.normalize("NFC", name).strip()
        found[form] = (*found.get(form, ()), name)
    return found
