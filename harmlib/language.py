"""The languages that people are spoken to in: both wordings of a sentence stand side by side.

Two places speak, each in a language of its own: the terminal (`told`) and the pages (`written`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

LANGUAGES = ("ko", "en")

_of_terminal = "en"
_of_page = "ko"


def told(en: str, ko: str) -> str:
    """Choose the wording for the terminal.

    Parameters
    ----------
    en, ko : str
        One sentence in English and in Korean.

    Returns
    -------
    str

    Examples
    --------
    >>> told("2 files", "파일 2개")
    '2 files'
    """
    return ko if _of_terminal == "ko" else en


def written(en: str, ko: str) -> str:
    """Choose the wording for a page.

    Parameters
    ----------
    en, ko : str
        One sentence in English and in Korean.

    Returns
    -------
    str

    Examples
    --------
    >>> written("miss", "미탐")
    '미탐'
    """
    return en if _of_page == "en" else ko


class Wordings(Mapping[Any, str]):
    """Names by key, as `written` chooses them at the moment when one is asked for.

    Parameters
    ----------
    wordings : mapping to (str, str)
        English and Korean by key: a name, or a label.

    Examples
    --------
    >>> Wordings({"miss": ("miss", "미탐")})["miss"]
    '미탐'
    """

    def __init__(self, wordings: Mapping[Any, tuple[str, str]]) -> None:
        self._wordings = dict(wordings)

    def __getitem__(self, key: Any) -> str:
        return written(*self._wordings[key])

    def __iter__(self) -> Iterator[Any]:
        return iter(self._wordings)

    def __len__(self) -> int:
        return len(self._wordings)


def speak(*, terminal: str | None = None, page: str | None = None) -> None:
    """Speak these languages from now on.

    Parameters
    ----------
    terminal, page : str, optional
        ``ko`` or ``en``; None leaves the language as it is.

    Raises
    ------
    ValueError
        The language is neither.

    Examples
    --------
    >>> speak(page="ko")
    """
    global _of_terminal, _of_page
    for language in (terminal, page):
        if language not in (None, *LANGUAGES):
            raise ValueError(f"no language {language!r}; known: {', '.join(LANGUAGES)}")
    _of_terminal, _of_page = terminal or _of_terminal, page or _of_page


@contextmanager
def languages(*, terminal: str | None = None, page: str | None = None) -> Iterator[None]:
    """Speak these languages within the block.

    Parameters
    ----------
    terminal, page : str, optional
        ``ko`` or ``en``; None leaves the language as it is.

    Yields
    ------
    None

    Raises
    ------
    ValueError
        The language is neither.

    Examples
    --------
    >>> with languages(page="en"):
    ...     written("miss", "미탐")
    'miss'
    """
    before = _of_terminal, _of_page
    speak(terminal=terminal, page=page)
    try:
        yield
    finally:
        speak(terminal=before[0], page=before[1])
