"""Columns on a terminal, where a Korean character takes two cells."""

from __future__ import annotations

import unicodedata


def is_wide(character: str) -> bool:
    """Whether a character takes two cells.

    Parameters
    ----------
    character : str

    Returns
    -------
    bool

    Examples
    --------
    >>> is_wide("가"), is_wide("a")
    (True, False)
    """
    return unicodedata.east_asian_width(character) in "WF"


def left(text: str, cells: int) -> str:
    """Fill a text with spaces on its right.

    Parameters
    ----------
    text : str
    cells : int
        How wide it is to be.

    Returns
    -------
    str

    Examples
    --------
    >>> left("검증", 6) + "|"
    '검증  |'
    """
    return text + " " * (cells - sum(1 + is_wide(one) for one in text))


def right(text: str, cells: int) -> str:
    """Fill a text with spaces on its left.

    Parameters
    ----------
    text : str
    cells : int
        How wide it is to be.

    Returns
    -------
    str

    Examples
    --------
    >>> right("검증", 6)
    '  검증'
    """
    return left(text, cells)[len(text) :] + text
