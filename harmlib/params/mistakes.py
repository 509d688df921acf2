"""What is wrong in a params file, said with its place and what to write instead."""

from __future__ import annotations

import difflib
import re
import reprlib
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from harmlib.address import without_secrets
from harmlib.params.plain_values import plain_value, shown
from harmlib.params.schema import Params
from harmlib.params.yaml_reading import Key, Place, as_lines, shown_key

# Keys of earlier versions: the message about one names its successor.
RENAMED_KEYS = {"operating": "threshold_rule", "model": "architecture"}

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 60


def explain(
    error: ValidationError, places: Mapping[Key, Place], root: type[BaseModel] = Params
) -> str:
    """Say what is wrong, one line per mistake.

    Parameters
    ----------
    error : ValidationError
        What `Params` found.
    places : mapping
        Where each value is written.
    root : type
        The model that found it.

    Returns
    -------
    str
        Each line names the file, the line, the key and the remedy.

    Examples
    --------
    >>> from pathlib import Path
    >>> places = {(): Place(Path("my.yaml"), 1, 1), ("sead",): Place(Path("my.yaml"), 3, 1, "7")}
    >>> try:
    ...     Params.model_validate({"run": "x", "data": {"root": "d"}, "variants": {}, "sead": 7})
    ... except ValidationError as error:
    ...     print(explain(error, places).splitlines()[1])
    my.yaml: line 3, column 1: sead: unknown key; did you mean 'seed'?
    """
    lines = []
    for item in error.errors(include_url=False):
        if item["type"] == "default_factory_not_called":
            continue  # a default that waits for a field with a mistake of its own
        # Branches of a union carry the branch's name; a person knows only the keys of the file.
        branches = ("function-", "literal[", "constrained-", "dict[", "list[")
        key = tuple(part for part in item["loc"] if not str(part).startswith(branches))
        key = key[:-1] if key[-1:] == ("[key]",) else key  # the mistake is in the key itself
        place = next(places[key[:n]] for n in range(len(key), -1, -1) if key[:n] in places)
        plain = place.plain if key in places else ""
        lines.append(f"{place}: {shown_key(key)}: {_message(dict(item), key, plain, root)}")
    return as_lines(lines)


def near(word: str, known: Iterable[str]) -> str:
    """Return the known word that was probably meant; empty if none is near.

    Parameters
    ----------
    word : str
        What was written.
    known : iterable of str
        What could have been meant.

    Returns
    -------
    str
        One of `known`, or nothing.

    Examples
    --------
    >>> near("modle4", ["model3", "model4"])
    'model4'
    """
    close: list[str] = difflib.get_close_matches(word[:100], list(known), 1)
    return close[0] if close else ""


def _message(item: dict[str, Any], key: Key, plain: str, root: type[BaseModel]) -> str:
    if item["type"] == "extra_forbidden":
        texts = tuple(str(part) for part in key)
        return _unknown_key(texts[-1], list(_section_at(texts[:-1], root).model_fields))
    if item["type"] == "missing":
        return "missing; please add it"
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "path_type":
        message = "Input should be a path"
    value = item["input"]
    if isinstance(value, dict | BaseModel):
        return message
    if isinstance(value, str):  # it may be an address that came with credentials
        value, plain = without_secrets(value), without_secrets(plain)
    written = f", written as {shown(plain)}" if plain and plain not in (str(value), "null") else ""
    remedy = _remedy(item["type"], value, plain)
    return f"{message} (got {_repr.repr(value)}{written}){'; ' if remedy else ''}{remedy}"


def _remedy(kind: str, value: Any, plain: str) -> str:
    """What to write instead of a value of the wrong type; empty if the message says it."""
    if kind in ("string_type", "path_type", "literal_error") and not isinstance(value, str | list):
        return f"for text write '{shown(plain)}' in quotes" if plain else ""
    if kind == "bool_type":
        return "write true or false, without quotes"
    if not kind.startswith(("int_", "float_", "list_", "model_")):
        return ""
    if isinstance(value, bool):
        return "a truth value is no number" if not kind.startswith(("list_", "model_")) else ""
    if kind.startswith("int_") and isinstance(value, float) and value.is_integer():
        return f"write {value:.0f}"
    if not isinstance(value, str):
        return ""
    if value.strip().lower() in ("none", "nil", "nothing"):
        return "for nothing write null"
    if kind.startswith(("int_", "float_")) and (number := _number_meant(value)):
        return f"write {number}, without quotes" if number == value else f"write {number}"
    return ""


def _number_meant(text: str) -> str:
    """`0.5` for `0,5`, `50%`, or digits of a Korean input method; empty if there is none."""
    text = unicodedata.normalize("NFKC", text).strip()
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", text):
        return text.replace(",", "")
    share = text.removesuffix("%").strip()
    for candidate in (share, share.replace(",", ".")):
        try:
            number = plain_value(candidate)
        except ValueError:
            continue
        if isinstance(number, int | float) and not isinstance(number, bool):
            return f"{number / 100:g}" if text.endswith("%") else candidate
    return ""


def _unknown_key(key: str, known: list[str]) -> str:
    if RENAMED_KEYS.get(key) in known:
        return f"this key is now called {RENAMED_KEYS[key]!r}; please rename it"
    close = near(key, known)
    hint = f"did you mean {close!r}?" if close else f"known keys: {', '.join(known)}"
    return f"unknown key; {hint}"


def _section_at(where: tuple[str, ...], root: type[BaseModel]) -> type[BaseModel]:
    """The class of the section that the keys in `where` lead to, read from the annotations."""
    section = root
    keys = iter(where)
    for key in keys:
        annotation = section.model_fields[key].annotation
        section = _sections_in(annotation)[0]
        if get_origin(annotation) is dict:
            next(keys, None)  # a variant's own name
    return section


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in _sections_in(part)]
