"""How the lines of the decision log hang together, and what a check of them finds.

Each line holds its number, the hash of the line before it (``previous``), and as its last field its
own hash (``chain``), which covers all that stands before. A line that is cut, edited, removed or
moved breaks the chain from there on. The last hash and the number of lines also stand in a small
file beside the log, so that lines missing at its end are noticed. Who may write to both files can
forge both: the chain finds accidents and careless hands. Keep the last hash elsewhere against
others.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmlib.language import told

FIELDS = ("line", "previous", "chain")  # of the chain; the rest of a line is the entry
START = "0" * 64  # what the first line of a log names as the hash before it
_END = re.compile(rb', "chain": "([0-9a-f]{64})"\}\Z')
_HEAD = re.compile(r"(\d{12}) ([0-9a-f]{64})\n")


@dataclass(frozen=True)
class Link:
    """Where a chain stands.

    Attributes
    ----------
    lines : int
        How many lines there are.
    chain : str
        Hash of the last of them.
    """

    lines: int = 0
    chain: str = START


@dataclass(frozen=True)
class Verified:
    """What the check of a log found.

    Attributes
    ----------
    lines : int
        Lines that hold, from the first on.
    unchained : int
        How many of them an earlier version wrote, without a chain.
    broken_at : int or None
        The first line that doesn't hold, from 1.
    problem : str
        What is wrong there; empty where all lines hold.
    chain : str
        Hash of the last line that holds.
    has_head : bool
        Whether the file beside the log says how many lines there should be.
    """

    lines: int
    unchained: int
    broken_at: int | None
    problem: str
    chain: str
    has_head: bool

    def sentence(self) -> str:
        """Say it in one line.

        Examples
        --------
        >>> Verified(3, 1, None, "", "ab" * 32, True).sentence()
        '3 lines, all hold; the last hash is abababababab…; the first 1 have no chain ...'
        """
        if self.broken_at is not None:
            return told(
                f"{self.lines:,} lines hold; line {self.broken_at:,} {self.problem}",
                f"{self.lines:,}줄까지 온전합니다. {self.broken_at:,}번째 줄: {self.problem}",
            )
        text = told(
            f"{self.lines:,} lines, all hold; the last hash is {self.chain[:12]}…",
            f"{self.lines:,}줄 모두 온전합니다. 마지막 해시 {self.chain[:12]}…",
        )
        if self.unchained:
            text += told(
                f"; the first {self.unchained:,} have no chain (an earlier version wrote them)",
                f". 처음 {self.unchained:,}줄에는 사슬이 없습니다(이전 버전이 씀)",
            )
        if not self.has_head and self.lines > self.unchained:
            text += told(
                "; the .head file is missing, so lines lost at the end can't be noticed",
                ". .head 파일이 없어 끝에서 사라진 줄은 알 수 없습니다",
            )
        return text


def chained(entry: dict[str, Any], last: Link) -> tuple[bytes, Link]:
    """Write an entry as the next line.

    Parameters
    ----------
    entry : dict
        Plain values.
    last : Link
        Where the chain stands.

    Returns
    -------
    line : bytes
        ASCII, with its end.
    link : Link
        Where the chain stands then.

    Examples
    --------
    >>> line, link = chained({"id": "a"}, Link())
    >>> line[:40], link.lines
    (b'{"id": "a", "line": 1, "previous": "0000', 1)
    """
    numbered = entry | {"line": last.lines + 1, "previous": last.chain}
    # Names that aren't UTF-8 come as lone surrogates, which ASCII escapes can hold.
    body = json.dumps(numbered).encode("ascii")
    digest = hashlib.sha256(body).hexdigest()
    return body[:-1] + f', "chain": "{digest}"}}\n'.encode("ascii"), Link(last.lines + 1, digest)


def parsed(line: bytes) -> dict[str, Any] | None:
    """Read one line of a log.

    Parameters
    ----------
    line : bytes
        With or without its end.

    Returns
    -------
    dict or None
        None for what is no JSON object: a line that was cut, or something else altogether.

    Examples
    --------
    >>> parsed(b'{"id": "a"}'), parsed(b'{"id": "a'), parsed(b"[" * 100_000)
    ({'id': 'a'}, None, None)
    """
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def link_of(line: bytes) -> Link | None:
    """Return the link that a line claims, if its own hash holds; its place is not checked.

    Parameters
    ----------
    line : bytes
        With or without its end.

    Returns
    -------
    Link or None
        None for a line without a chain, or one that was changed.

    Examples
    --------
    >>> line, link = chained({"id": "a"}, Link())
    >>> link_of(line) == link, link_of(line.replace(b'"a"', b'"b"')), link_of(b"{}")
    (True, None, None)
    """
    line = line.rstrip(b"\n")
    end = _END.search(line)
    if end is None:
        return None
    body = line[: end.start()] + b"}"
    entry = parsed(body)
    is_whole = hashlib.sha256(body).hexdigest().encode() == end[1]
    if not is_whole or entry is None or type(entry.get("line")) is not int:
        return None
    return Link(entry["line"], end[1].decode())


def unchained_start(path: Path) -> Link:
    """Return where a chain begins behind lines that have none: their hash, and how many they are.

    Parameters
    ----------
    path : Path
        A log that an earlier version wrote; all its lines are whole.

    Returns
    -------
    Link
    """
    digest, lines = hashlib.sha256(), 0
    with path.open("rb") as file:
        for line in file:
            digest.update(line)
            lines += 1
    return Link(lines, digest.hexdigest()) if lines else Link()


def head_path(log: Path) -> Path:
    """Return the file beside a log that says where its chain stands.

    Parameters
    ----------
    log : Path

    Returns
    -------
    Path

    Examples
    --------
    >>> head_path(Path("out.decisions.jsonl")).name
    'out.decisions.jsonl.head'
    """
    return log.with_name(log.name + ".head")


def write_head(log: Path, link: Link) -> None:
    """Note where the chain stands, in one write of always the same length.

    Parameters
    ----------
    log : Path
    link : Link
    """
    file = os.open(head_path(log), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        os.pwrite(file, f"{link.lines:012d} {link.chain}\n".encode(), 0)
    finally:
        os.close(file)


def read_head(log: Path) -> Link | None:
    """Read what `write_head` noted.

    Parameters
    ----------
    log : Path

    Returns
    -------
    Link or None
        None where there is no such file, or one of something else.
    """
    try:
        found = _HEAD.fullmatch(head_path(log).read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError):
        return None
    return Link(int(found[1]), found[2]) if found else None


def verify(path: Path) -> Verified:
    """Check every line of a log, and stop at the first that doesn't hold.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Verified

    Raises
    ------
    OSError
        If the log can't be read.
    """
    last, unchained, before = Link(), 0, hashlib.sha256()
    odd = 0  # the first line without a chain that is no JSON
    head = read_head(path)
    seen_head = head is None or head.lines == 0
    for number, line in _numbered(path):
        problem = ""
        link = link_of(line)
        if not line.endswith(b"\n"):
            problem = told(
                "is cut: its writer was killed; the next predict sets it aside",
                "쓰는 도중에 끊겼습니다. 다음 predict가 따로 옮겨 둡니다",
            )
        elif link is None and _has_no_chain(line) and unchained == number - 1:
            before.update(line)
            odd = odd or (number if parsed(line) is None else 0)
            unchained, last = number, Link(number, before.hexdigest())
            continue
        else:
            problem = _wrong(line, link, last, path)
        is_first = number == unchained + 1 > 1
        if problem and link is not None and is_first and (odd or link.lines == number):
            # The chain began behind other lines: what was damaged is one without a chain.
            number = odd or number - 1
            problem = told(
                "is edited or cut, or one before it is",
                "이 줄이나 앞의 줄이 고쳐지거나 잘렸습니다",
            )
        if problem:
            return Verified(number - 1, unchained, number, problem, last.chain, head is not None)
        assert link is not None
        last = link
        seen_head = seen_head or last == head
    if head is not None and not seen_head:
        problem = _lost(head, last)
        return Verified(last.lines, unchained, last.lines + 1, problem, last.chain, True)
    return Verified(last.lines, unchained, None, "", last.chain, head is not None)


def _lost(head: Link, last: Link) -> str:
    if head.lines > last.lines:
        return told(
            f"is removed: the log had {head.lines:,} lines",
            f"지워졌습니다. 기록은 {head.lines:,}줄이었습니다",
        )
    return told(
        "is edited: the log was written anew, its hash is not the one beside it",
        "고쳐졌습니다. 기록을 새로 써서 해시가 옆 파일의 것과 다릅니다",
    )


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        yield from enumerate(file, 1)


def _has_no_chain(line: bytes) -> bool:
    entry = parsed(line)
    return entry is None or not {"chain", "previous"} & set(entry)


def _wrong(line: bytes, link: Link | None, last: Link, path: Path) -> str:
    """Say what is wrong with a line behind `last`; empty if nothing is."""
    if link is None:
        entry = parsed(line)
        if entry is None:
            return told(
                "is cut or overwritten: it is no JSON", "잘렸거나 덮어써졌습니다(JSON이 아님)"
            )
        if "chain" in entry:
            return told(
                "is edited: its hash is not its content's",
                "고쳐졌습니다. 해시가 내용과 다릅니다",
            )
        return told(
            "was put in by something else: it has no chain",
            "다른 곳에서 끼워 넣었습니다(사슬이 없음)",
        )
    previous = (parsed(line) or {}).get("previous")
    if previous == last.chain and link.lines == last.lines + 1:
        return ""
    if link.lines <= last.lines:
        return told(
            f"is out of order or a copy: it was written as line {link.lines:,}",
            f"순서가 바뀌었거나 복사된 줄입니다. {link.lines:,}번째로 쓴 줄입니다",
        )
    if link.lines == last.lines + 1:
        return told(
            "does not follow the line before it: that one was edited or put in",
            "앞의 줄과 이어지지 않습니다. 앞의 줄이 고쳐졌거나 끼워 넣어졌습니다",
        )
    if any(later is not None and later.lines == last.lines + 1 for later in _links(path)):
        return told(
            f"is out of order: it was written as line {link.lines:,}",
            f"순서가 바뀌었습니다. {link.lines:,}번째로 쓴 줄입니다",
        )
    removed = link.lines - last.lines - 1
    return told(
        f"is not the next one: {removed:,} removed before it",
        f"다음 줄이 아닙니다. 이 앞에서 {removed:,}줄이 지워졌습니다",
    )


def _links(path: Path) -> Iterator[Link | None]:
    return (link_of(line) for _, line in _numbered(path))
