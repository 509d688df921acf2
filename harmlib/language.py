"""The languages that people are spoken to in: both wordings of a sentence stand side by side.

Two places speak, each in a language of its own: the terminal (`told`) and the pages (`written`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

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


class Wordings(Mapping[str, str]):
    """Names by key, as `written` chooses them at the moment when one is asked for.

    Parameters
    ----------
    wordings : mapping of str to (str, str)
        English and Korean by key.

    Examples
    --------
    >>> Wordings({"miss": ("miss", "미탐")})["miss"]
    '미탐'
    """

    def __init__(self, wordings: Mapping[str, tuple[str, str]]) -> None:
        self._wordings = dict(wordings)

    def __getitem__(self, key: str) -> str:
        return written(*self._wordings[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._wordings)

    def __len__(self) -> int:
        return len(self._wordings)


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
    global _of_terminal, _of_page
    for language in (terminal, page):
        if language not in (None, *LANGUAGES):
            raise ValueError(f"no language {language!r}; known: {', '.join(LANGUAGES)}")
    before = _of_terminal, _of_page
    _of_terminal, _of_page = terminal or _of_terminal, page or _of_page
    try:
        yield
    finally:
        _of_terminal, _of_page = before
