"""What a text without quotes means in a params file, and what could be read in two ways."""

from __future__ import annotations

import re
from typing import Any

LARGEST = 2**63 - 1

_BY_WORD: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "true": True, "yes": True, "on": True,
    "false": False, "no": False, "off": False,
}  # fmt: skip
_WORDS = {
    form: value
    for word, value in _BY_WORD.items()
    for form in (word, word.capitalize(), word.upper())
}
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_SIXTIETHS = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_BASES = {"0x": 16, "0o": 8, "0b": 2}


def plain_value(text: str) -> Any:
    """Return what a text without quotes means.

    Parameters
    ----------
    text : str
        As it is written.

    Returns
    -------
    str, int, float, bool or None
        The value.

    Raises
    ------
    ValueError
        If YAML 1.1 reads another number than people do; the message says how to write it.

    Examples
    --------
    >>> [plain_value(text) for text in ("1e-3", "10", "on", "~", "v1.2")]
    [0.001, 10, True, None, 'v1.2']
    """
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        digits = len(text.lstrip("+-"))
        if digits > len(str(LARGEST)) or abs(int(text)) > LARGEST:
            raise ValueError(f"a whole number of {digits:,} digits; the largest is {LARGEST}")
        return int(text)
    if match := _NO_NUMBER.fullmatch(text):
        return float(f"{match[1] or ''}inf" if match[2] else "nan")
    if means := _other_reading(text):
        raise ValueError(means)
    if _REAL.fullmatch(text):
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise ValueError(f"{shown(text)} is too large for a number")
        return number
    return text


def _other_reading(text: str) -> str:
    """What is wrong with a text that YAML 1.1 reads as another number; empty for all others."""
    sign, digits = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    quoted = f"or '{shown(text)}' in quotes for text"
    if re.fullmatch("0[0-9_]+", digits):
        octal = re.fullmatch("0[0-7_]+", digits) and _whole(digits.replace("_", ""), 8)
        reading = f"YAML reads {shown(text)} in base 8, as {sign}{octal}" if octal else "leading 0"
        decimal = digits.replace("_", "").lstrip("0") or "0"
        return f"{reading}; write {sign}{shown(decimal)} for the number, {quoted}"
    base = _BASES.get(digits[:2].lower())
    if base and (number := _whole(digits[2:].replace("_", ""), base)):
        return f"{shown(text)} is in base {base}; write {sign}{number} for the number, {quoted}"
    # Unlike `0:30.5`, `0:30` is text.
    if _SIXTIETHS.fullmatch(text) and ("." in text or not digits.startswith("0")):
        number = _in_units(digits.replace("_", ""))
        return f"YAML reads {shown(text)} in base 60; write {sign}{number} for the number, {quoted}"
    without = text.replace("_", "")
    if "_" in text and text[:1] != "_" and _REAL.fullmatch(without):
        return f"write {shown(without)} for the number, {quoted}"
    return ""


def _whole(digits: str, base: int) -> str:
    if not digits.isalnum():  # `int` would take signs and spaces
        return ""
    try:
        number = int(digits, base) if len(digits) <= 64 else LARGEST + 1
    except ValueError:
        return ""
    return str(number) if number <= LARGEST else "a smaller one"


def _in_units(digits: str) -> str:
    number = 0.0
    for part in digits.split(":"):
        number = number * 60 + float(part)
    return f"{number:.15g}"


def shown(text: str, longest: int = 60) -> str:
    r"""Return a text as a message can hold it: on one line, without control characters, short.

    Parameters
    ----------
    text : str
        Any text.
    longest : int
        Characters that stay.

    Returns
    -------
    str
        Unchanged where it is short and printable.

    Examples
    --------
    >>> shown("a\nb")
    'a\\nb'
    """
    short = text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short)
