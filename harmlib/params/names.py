"""Names in params that become names of files and folders."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator

LONGEST = (
    60  # characters; a name stands in file names beside a few words, and systems allow 255 bytes
)
# Letters by their class that nobody sees.
_UNSEEN = "\u115f\u1160\u3164\uffa0"


def check_name(name: str) -> str:
    """Return a name that is safe as a part of a path, and refuse any other.

    Parameters
    ----------
    name : str
        Such as the name of a run or of a variant.

    Returns
    -------
    str
        `name`.

    Raises
    ------
    ValueError
        For anything but letters (Hangul too), digits, ``-``, ``_`` and ``.``; for a first character
        that is none of letters, digits and ``_``; for two points in a row or a point at the end;
        for more than `LONGEST` characters; for letters in parts (NFD).

    Examples
    --------
    >>> check_name("모델-4.b")
    '모델-4.b'
    >>> check_name("../../evil")
    Traceback (most recent call last):
        ...
    ValueError: a name becomes a folder: it begins with a letter, a digit or _; rename it
    """
    if not name:
        raise ValueError("a name becomes a folder: it can't be empty; write one")
    if len(name) > LONGEST:
        raise ValueError(
            f"a name becomes a folder: {len(name)} characters are more than {LONGEST}; shorten it"
        )
    if unicodedata.normalize("NFC", name) != name:
        raise ValueError("a name becomes a folder: its letters are in parts (NFD); type it anew")
    if not (name[0] == "_" or name[0].isalnum()):
        raise ValueError(
            "a name becomes a folder: it begins with a letter, a digit or _; rename it"
        )
    odd = next((c for c in name if not (c.isalnum() or c in "-_.") or c in _UNSEEN), None)
    if odd is not None:
        raise ValueError(
            f"a name becomes a folder: {odd!a} can't stand in it, only letters, digits and -_.; "
            "rename it"
        )
    if ".." in name or name.endswith("."):
        raise ValueError(
            "a name becomes a folder: no two points in a row, and none at the end; rename it"
        )
    return name


def check_apart(names: Iterable[str]) -> None:
    """Refuse names that some file systems take for one.

    Parameters
    ----------
    names : iterable of str
        Each of them once.

    Raises
    ------
    ValueError
        For two that differ in capitals only.

    Examples
    --------
    >>> check_apart(["model4", "Model4"])
    Traceback (most recent call last):
        ...
    ValueError: 'model4' and 'Model4' would be one folder on some systems; rename one
    """
    known: dict[str, str] = {}
    for name in names:
        first = known.setdefault(name.casefold(), name)
        if first != name:
            raise ValueError(
                f"{first!r} and {name!r} would be one folder on some systems; rename one"
            )


Name = Annotated[str, AfterValidator(check_name)]
