"""A parser that speaks the terminal's language where argparse speaks English."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from harmlib.address import without_secrets
from harmlib.cli.cells import is_wide
from harmlib.cli.options.mistakes import in_words
from harmlib.language import told

_SECOND_CELL = "\0"  # stands behind a character that takes two cells, until the help is laid out


class SpeakingParser(argparse.ArgumentParser):
    r"""An `argparse.ArgumentParser` whose titles, help option and errors are in that language.

    Parameters
    ----------
    **given
        As for `argparse.ArgumentParser`.

    Examples
    --------
    >>> from harmlib.language import languages
    >>> with languages(terminal="ko"):
    ...     SpeakingParser(prog="harmlib").format_usage()
    '사용법: harmlib [-h]\n'
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"formatter_class": HelpOfCells, **given, "add_help": False})
        self._positionals.title = told("positional arguments", "인자")
        self._optionals.title = told("options", "옵션")
        said = told("show this help message and exit", "이 도움말을 표시합니다")
        self.add_argument("-h", "--help", action="help", help=said)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, and end with status 2.

        The message may repeat an argument as it was given, which nobody has looked at yet.
        """
        self.print_usage(sys.stderr)
        said = without_secrets(in_words(message))
        self.exit(2, f"{self.prog}: {told('error', '오류')}: {said}\n")


if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[SpeakingParser]
else:
    Commands = argparse.Action


class HelpOfCells(argparse.HelpFormatter):
    """Lays out help by the cells of a terminal: a Korean character takes two, argparse counts one.

    Every such character is followed by a placeholder while argparse counts, and fills lines.
    """

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        """Begin with the use; an empty prefix is asked for where only the names are."""
        if prefix is None:
            prefix = _widened(told("usage: ", "사용법: "))
        super().add_usage(usage, actions, groups, prefix)

    def add_text(self, text: str | None) -> None:
        """Add a description."""
        super().add_text(text and _widened(text))

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help and _widened(action.help)

    def _metavar_formatter(
        self, action: argparse.Action, default_metavar: str
    ) -> Callable[[int], tuple[str, ...]]:
        shown = super()._metavar_formatter(action, default_metavar)
        return lambda size: tuple(map(_widened, shown(size)))

    def format_help(self) -> str:
        """Return the help; the placeholders are gone."""
        return super().format_help().replace(_SECOND_CELL, "")


def _widened(text: str) -> str:
    return "".join(one + _SECOND_CELL * is_wide(one) for one in text)
