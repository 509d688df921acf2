"""YAML as people mean it: what can be read in two ways is refused, with its line.

The values are those of YAML 1.2's core schema (`1e-3` is a number, a date is text), with `yes`,
`no`, `on` and `off` beside `true` and `false`. What YAML 1.1 reads otherwise than it looks is
refused: `010`, `0x1F`, `1_000`, `1:30`; and so is a key that is there twice. Keys are always text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from harmlib.params.plain_values import plain_value, shown

# Far above what a params file needs; a file that says more is no params file, or an attack.
MOST_BYTES = 64 * 1024
MOST_VALUES = 10_000  # with those that aliases repeat
DEEPEST = 20


class ParamsError(ValueError):
    """A params file that can't be used; the message names file, line, key and remedy."""


@dataclass(frozen=True)
class Place:
    """Where something is written.

    Attributes
    ----------
    file : Path
        The file.
    line, column : int
        Counted from 1.
    plain : str
        A value as it is written without quotes; empty for every other one.
    """

    file: Path
    line: int
    column: int
    plain: str = ""

    def __str__(self) -> str:
        return f"{self.file}: line {self.line}, column {self.column}"


Key = tuple[str | int, ...]  # the way to a value: ("variants", "model4", "thresholds", 0)


@dataclass(frozen=True)
class Document:
    """A file's content, and where each of its values is written.

    Attributes
    ----------
    content : dict
        Of texts, numbers, truth values, None, lists and further dicts.
    places : dict
        The place of every value, by the keys that lead to it.
    """

    content: dict[str, Any]
    places: dict[Key, Place]


def read_yaml(path: Path) -> Document:
    r"""Read a file of `key: value` lines.

    Parameters
    ----------
    path : Path
        A file in UTF-8.

    Returns
    -------
    Document
        Its content.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ParamsError
        For anything else that is wrong with it. All doubtful values are named at once.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "my.yaml")
    ...     _ = path.write_text("rate: 1e-3\nday: 2024-01-01\n", encoding="utf-8")
    ...     document = read_yaml(path)
    >>> document.content
    {'rate': 0.001, 'day': '2024-01-01'}
    >>> document.places["day",].line
    2
    """
    text = _text(path)
    try:
        node = _Composer(text).get_single_node()
    except ReaderError as error:
        before = text[: error.position]
        place = Place(path, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise ParamsError(
            f"{place}: can't be read as YAML: the character U+{error.character:04X} "
            "can't stand here; please remove it"
        ) from None
    except yaml.MarkedYAMLError as error:
        raise ParamsError(_unreadable(error, path, text)) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # `"\\UFFFFFFFF"`, `%YAML 1.<9s>`
        raise ParamsError(f"{path}: can't be read as YAML: {error}") from None
    if not isinstance(node, MappingNode):
        kind = "nothing" if node is None else "a list" if isinstance(node, SequenceNode) else "text"
        raise ParamsError(f"{path}: expected `key: value` lines, got {kind}{_look_alike(text)}")
    values = _Values(path)
    content = values.of(node, (), values.place(node))
    if values.problems:
        raise ParamsError(as_lines(list(values.problems.values())))
    return Document(content, values.places)


# From bytes to nodes


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise ParamsError(f"{path}: can't be read: it is no file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ParamsError(f"{path}: can't be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise ParamsError(f"{path}: has more than {MOST_BYTES // 1024} KiB; is it a params file?")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:4]:
        raise ParamsError(
            f"{path}: can't be read as YAML in UTF-8: it is UTF-16 or UTF-32 (Windows calls it "
            "Unicode); please save it as UTF-8"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        guess = " it looks like CP949 (EUC-KR);" if _is_korean(content) else ""
        raise ParamsError(
            f"{path}: line {line}: can't be read as YAML in UTF-8 (byte "
            f"0x{content[error.start]:02x});{guess} please save it as UTF-8"
        ) from None


def _is_korean(content: bytes) -> bool:
    try:
        return re.search("[가-힣]", content.decode("cp949")) is not None
    except UnicodeDecodeError:
        return False


class _Composer(yaml.SafeLoader):
    """Nodes, without tags, and not too deep for the recursion that makes them."""

    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if not isinstance(event, AliasEvent) and event.tag is not None:
            raise yaml.MarkedYAMLError(
                problem=f"tags such as {shown(_as_written(event.tag))} are not used here; for text "
                "use quotes",
                problem_mark=event.start_mark,
            )
        if self.depth > DEEPEST:
            raise yaml.MarkedYAMLError(
                problem=f"more than {DEEPEST} levels deep", problem_mark=event.start_mark
            )
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _as_written(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _unreadable(error: yaml.MarkedYAMLError, path: Path, text: str) -> str:
    mark = error.problem_mark or error.context_mark
    assert mark is not None
    place = Place(path, mark.line + 1, mark.column + 1)
    problem = " ".join((error.problem or error.context or "").split())
    if "'\\t'" in problem:
        problem = "a tab; YAML is indented with spaces"
    elif "escape" in problem:
        problem = "a backslash between double quotes; use single quotes there"
    elif "expected a single document" in (error.context or ""):
        problem = "a second document begins; a params file is one, without further `---` lines"
    elif error.context_mark is not None and error.context_mark.line != mark.line:
        problem += f" ({error.context}, which begins in line {error.context_mark.line + 1})"
    around = "\n".join(text.splitlines()[max(0, mark.line - 1) : mark.line + 1])
    return f"{place}: can't be read as YAML: {problem}{_look_alike(around)}"


def _look_alike(text: str) -> str:
    """What an input method writes, and YAML doesn't know."""
    for wrong, right in {"：": ":", "　": "a space", "\xa0": "a space", "，": ","}.items():
        if wrong in text:
            return f"; it holds {unicodedata.name(wrong)}, write {right} instead"
    return ""


# From nodes to values


@dataclass
class _Values:
    file: Path
    places: dict[Key, Place] = field(default_factory=dict)
    problems: dict[Place, str] = field(default_factory=dict)  # what an alias repeats counts once

    def place(self, node: Node) -> Place:
        mark = node.start_mark
        plain = node.value if isinstance(node, ScalarNode) and node.style is None else ""
        return Place(self.file, mark.line + 1, mark.column + 1, plain)

    def of(self, node: Node, key: Key, place: Place) -> Any:
        """The value of a node. `place` is that of its key."""
        if len(self.places) >= MOST_VALUES or len(key) > DEEPEST:
            what = f"{MOST_VALUES:,} values" if len(key) <= DEEPEST else f"{DEEPEST} levels"
            raise ParamsError(f"{place}: more than {what}: do aliases (*name) repeat each other?")
        self.places[key] = place
        if isinstance(node, MappingNode):
            return {
                name: self.of(value, (*key, name), self._beside(name_node, value))
                for name, (name_node, value) in self._entries(node, key).items()
            }
        if isinstance(node, SequenceNode):
            return [self.of(v, (*key, i), self.place(v)) for i, v in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        if node.style is not None:
            return node.value
        try:
            return plain_value(node.value)
        except ValueError as error:
            self._problem(place, key, str(error))
            return None

    def _beside(self, name: Node, value: Node) -> Place:
        mark, plain = name.start_mark, self.place(value).plain
        return Place(self.file, mark.line + 1, mark.column + 1, plain)

    def _entries(self, node: MappingNode, key: Key, depth: int = 0) -> dict[str, tuple[Node, Node]]:
        """Names and their values; those of the node itself come before merged ones (`<<`)."""
        own: dict[str, tuple[Node, Node]] = {}
        merged: dict[str, tuple[Node, Node]] = {}
        seen: dict[str, Node] = {}
        for name_node, value in node.value:
            if not isinstance(name_node, ScalarNode):
                self._problem(self.place(name_node), key, "a key must be a text")
                continue
            name = str(name_node.value)
            normal = unicodedata.normalize("NFC", name)
            if normal in seen:
                first = self.place(seen[normal])
                self._problem(
                    self.place(name_node),
                    (*key, name),
                    f"this key is there twice, first in line {first.line}, column {first.column}; "
                    "keep one of them",
                )
                continue
            seen[normal] = name_node
            if name == "<<" and name_node.style is None:
                merged = self._merged(value, (*key, name), depth + 1)
            else:
                own[name] = (name_node, value)
        return merged | own

    def _merged(self, node: Node, key: Key, depth: int) -> dict[str, tuple[Node, Node]]:
        merged: dict[str, tuple[Node, Node]] = {}
        for part in node.value if isinstance(node, SequenceNode) else [node]:
            if not isinstance(part, MappingNode) or depth > DEEPEST:
                self._problem(self.place(part), key, "expected the name of `key: value` lines")
                continue
            entries = self._entries(part, key[:-1], depth)
            for name in sorted(entries.keys() & merged.keys()):
                self._problem(
                    self.place(part),
                    (*key, name),
                    "this key is in two of the merged sections; merge one of them only",
                )
            merged = entries | merged
        return merged

    def _problem(self, place: Place, key: Key, message: str) -> None:
        self.problems.setdefault(place, f"{place}: {shown_key(key)}: {message}")


def as_lines(mistakes: Sequence[str], most: int = 20) -> str:
    """Return the first mistakes, one a line, and how many more there are.

    Parameters
    ----------
    mistakes : sequence of str
        Of one file.
    most : int
        Those that are shown.

    Returns
    -------
    str
        The text of an error.

    Examples
    --------
    >>> print(as_lines(["a", "b", "c"], 2))
    a
    … and 2 more
    """
    if len(mistakes) > most:
        mistakes = [*mistakes[: most - 1], f"… and {len(mistakes) - most + 1:,} more"]
    return "\n".join(mistakes)


def shown_key(key: Key) -> str:
    """Return the keys that lead to a value as one short printable text.

    Parameters
    ----------
    key : tuple of str or int
        Empty for the whole file.

    Returns
    -------
    str
        Joined by dots.

    Examples
    --------
    >>> shown_key(("variants", "model4", "thresholds", 0))
    'variants.model4.thresholds.0'
    """
    return ".".join(shown(str(part)) for part in key) or "(top level)"
