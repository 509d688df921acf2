"""Categories of items: how a CSV and folders tell them, and how the manifest holds them.

An item's categories are one text, ``fire|gun``, sorted; a safe item has none (an empty text).
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd

from harmlib.media.ledger import plain_label

BETWEEN = "|"
_SEPARATORS = re.compile(r"[|;]")


def plain_category(text: str) -> str:
    """Write the categories of a cell as the manifest holds them.

    Parameters
    ----------
    text : str
        Names with ``|`` or ``;`` between them; may be empty.

    Returns
    -------
    str

    Examples
    --------
    >>> plain_category("gun; fire")
    'fire|gun'
    """
    names = {name.strip() for name in _SEPARATORS.split(unicodedata.normalize("NFC", text))}
    return BETWEEN.join(sorted(names - {""}))


def folder_category(path: str, label: str) -> str:
    """Tell a file's category by the folder that it lies in.

    Parameters
    ----------
    path : str
        Relative to `data.root`, such as ``images/harmful/gun/a.jpg``.
    label : str
        `harmful` or `safe`.

    Returns
    -------
    str
        The folder below ``harmful``; empty where there is none, and for a safe file.

    Examples
    --------
    >>> folder_category("images/harmful/gun/a.jpg", "harmful")
    'gun'
    >>> folder_category("images/harmful/a.jpg", "harmful")
    ''
    """
    parts = PurePosixPath(path).parts
    at = next((n for n, part in enumerate(parts[:2]) if plain_label(part) == label), None)
    if label != "harmful" or at is None or len(parts) < at + 3:
        return ""
    return plain_category(parts[at + 1])


def check_category(category: str, label: str, learned: Sequence[str]) -> str:
    """Say what is wrong with an item's categories.

    Parameters
    ----------
    category : str
        As `plain_category` writes it.
    label : str
        `harmful` or `safe`.
    learned : sequence of str
        The categories that get an output each. A harmful item may be of others: it is harmful, and
        in no section.

    Returns
    -------
    str
        Empty where nothing is wrong.

    Examples
    --------
    >>> check_category("gun|smoke", "harmful", ["fire", "gun"])
    ''
    >>> check_category("gnu", "harmful", ["fire", "gun"])
    "category 'gnu' is not among data.categories; did you mean 'gun'? Correct it, or add it there"
    """
    names = category.split(BETWEEN) if category else []
    if label == "safe" and names:
        return f"a safe item has no category; got {category!r}"
    if label == "harmful" and not names:
        return "a harmful item has no category: data.labels: category needs at least one"
    for name in names:
        near = [] if name in learned else difflib.get_close_matches(name, learned, 1)
        near = near or [one for one in learned if one != name and one.lower() == name.lower()]
        if near:
            return (
                f"category {name!r} is not among data.categories; did you mean {near[0]!r}? "
                "Correct it, or add it there"
            )
    return ""


def has_category(categories: pd.Series, category: str) -> pd.Series:
    """Say which items have a category.

    Parameters
    ----------
    categories : Series of str
        As the manifest holds them.
    category : str

    Returns
    -------
    Series of int
        1 for the items of the category, else 0: of another category, or safe.

    Examples
    --------
    >>> has_category(pd.Series(["fire|gun", "fire", ""]), "gun").tolist()
    [1, 0, 0]
    """
    held = {text: int(category in text.split(BETWEEN)) for text in categories.unique()}
    return categories.map(held).astype("int64")
