"""What argparse finds wrong with a command line, in the terminal's language."""

from __future__ import annotations

import difflib
import re

from harmlib.language import told

# As argparse says it (the same from Python 3.11 to 3.13), and in Korean. What isn't among them
# stays as it is.
_IN_KOREAN = (
    (r"the following arguments are required: command", "명령을 적으십시오"),
    (r"the following arguments are required: (.+)", r"빠진 인자: \1"),
    (r"unrecognized arguments: (.+)", r"알 수 없는 인자: \1"),
    (
        r"argument command: invalid choice: (.+) \(choose from (.+)\)",
        r"\1: 그런 명령이 없습니다(명령: \2)",
    ),
    (
        r"argument (.+): invalid choice: (.+) \(choose from (.+)\)",
        r"\1 \2: 쓸 수 없는 값입니다(가능한 값: \3)",
    ),
    (r"argument (.+): invalid int value: (.+)", r"\1 \2: 정수가 아닙니다"),
    (r"argument (.+): invalid float value: (.+)", r"\1 \2: 수가 아닙니다"),
    (r"argument (.+): expected one argument", r"\1: 값이 하나 필요합니다"),
    (r"argument (.+): expected at least one argument", r"\1: 값이 하나 이상 필요합니다"),
    (r"argument (.+): expected (\d+) arguments", r"\1: 값이 \2개 필요합니다"),
    (r"argument (.+): not allowed with argument (.+)", r"\1, \2: 둘 중 하나만 쓸 수 있습니다"),
    (r"argument (.+): ignored explicit argument (.+)", r"\1: 값을 받지 않는 옵션입니다(\2)"),
    (r"ambiguous option: (.+) could match (.+)", r"\1: 어느 옵션입니까? 후보: \2"),
    (r"argument (\S+): (.+)", r"\1: \2"),  # told by a check of our own, in Korean already
)
_CHOICE = re.compile(r"argument .+: invalid choice: '(.+)' \(choose from (.+)\)")


def in_words(message: str) -> str:
    """Say what is wrong with a command line, and which word may have been meant.

    Parameters
    ----------
    message : str
        As argparse says it.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> in_words("argument command: invalid choice: 'rum' (choose from 'log', 'run')")
    "argument command: invalid choice: 'rum' (choose from 'log', 'run'). Did you mean run?"
    """
    return told(message, _in_korean(message)) + _meant(message)


def _in_korean(message: str) -> str:
    for pattern, korean in _IN_KOREAN:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return found.expand(korean)
    return message


def _meant(message: str) -> str:
    """The choice that is nearest to what was typed; empty where none is near."""
    if not (found := _CHOICE.fullmatch(message)):
        return ""
    known = [name.strip("'") for name in found[2].split(", ")]
    near = difflib.get_close_matches(found[1], known, 1)
    return told(f". Did you mean {near[0]}?", f". {near[0]}입니까?") if near else ""
