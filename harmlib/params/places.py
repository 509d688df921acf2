"""Where relative paths begin."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from harmlib.address import Address, place

# The checkout, or the working directory for an installed package.
_CHECKOUT = Path(__file__).resolve().parents[2]
PROJECT_ROOT = _CHECKOUT if (_CHECKOUT / "notebooks").is_dir() else Path.cwd()
_MOST_BYTES = 255  # of one name in a path, on every usual file system


def from_project(text: str) -> Path:
    """Make a path of a params file absolute: a relative one starts at the project's folder.

    Parameters
    ----------
    text : str
        A path; `${NAME}` and `${NAME:-default}` are filled in from the environment, `~` too.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    ValueError
        For a variable or a home that isn't there, and for what can't be a path.

    Examples
    --------
    >>> from_project("data").relative_to(PROJECT_ROOT).as_posix()
    'data'
    """
    return absolute(_filled_in(text), PROJECT_ROOT)


def media_root(text: str) -> Path | Address:
    """Read where media lie: a path as `from_project` makes it absolute, or an address.

    Parameters
    ----------
    text : str
        With `${NAME}` and `${NAME:-default}` as in `from_project`.

    Returns
    -------
    Path or Address

    Raises
    ------
    ValueError
        As `from_project` does, and for an address with credentials.

    Examples
    --------
    >>> str(media_root("s3://bucket/media/"))
    's3://bucket/media'
    """
    filled = _filled_in(text)
    where = place(filled) if "://" in filled else Path(filled)
    return where if isinstance(where, Address) else absolute(where, PROJECT_ROOT)


def absolute(path: str | Path, start: Path) -> Path:
    """Make a path absolute that starts at `start` where it is relative.

    Parameters
    ----------
    path : str or Path
        `~` stands for the home.
    start : Path
        An absolute folder.

    Returns
    -------
    Path
        Where it was relative, without `..` and links.

    Raises
    ------
    ValueError
        For a home that isn't there, and for what can't be a path.

    Examples
    --------
    >>> absolute("../b", Path("/nowhere/a")).as_posix()
    '/nowhere/b'
    """
    try:
        os.fsencode(path)
        path = Path(path).expanduser()
    except UnicodeEncodeError:
        raise ValueError("it holds a character that no file name has") from None
    except RuntimeError:
        raise ValueError("there is no such home (~); give the whole path") from None
    if "\0" in str(path):
        raise ValueError("it holds a NUL character; no file name has one")
    if any(len(os.fsencode(part)) > _MOST_BYTES for part in path.parts):
        raise ValueError(f"it holds a name of more than {_MOST_BYTES} bytes; no file has one")
    return path if path.is_absolute() else (start / path).resolve()


def portable(path: str | Path) -> str:
    """Write a path as it holds for everybody who has the same project or home.

    What a run records and shows is passed on; the home names its owner.

    Parameters
    ----------
    path : str or Path
        An absolute path.

    Returns
    -------
    str
        Below the project's folder relative to it, else below the home from ``~`` on, else as it is.
        `from_project` reads all three.

    Examples
    --------
    >>> portable(PROJECT_ROOT / "params/demo.yaml")
    'params/demo.yaml'
    >>> portable("/nowhere/a.yaml")
    '/nowhere/a.yaml'
    """
    path = Path(path)
    if path.is_relative_to(PROJECT_ROOT):
        return path.relative_to(PROJECT_ROOT).as_posix()
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 (Path.home fails where there is none)
    if home.is_absolute() and home != Path(home.anchor) and path.is_relative_to(home):
        return f"~/{path.relative_to(home).as_posix()}"
    return str(path)


def portable_paths(value: Any) -> Any:
    """Write all absolute paths in plain values as `portable` does.

    Parameters
    ----------
    value : Any
        A text, or lists and dicts of texts and other values.

    Returns
    -------
    Any
        The same, with other texts for paths.

    Examples
    --------
    >>> portable_paths({"reports": str(PROJECT_ROOT / "reports"), "seed": 1})
    {'reports': 'reports', 'seed': 1}
    """
    if isinstance(value, dict):
        return {key: portable_paths(part) for key, part in value.items()}
    if isinstance(value, list):
        return [portable_paths(part) for part in value]
    return portable(value) if isinstance(value, str) and value.startswith("/") else value


def _filled_in(text: str) -> str:
    def value(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        found = os.environ.get(name) or default
        if found is None:
            raise ValueError(f"the environment variable {name} is not set (give it a value)")
        return found

    return re.sub(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}", value, text)
