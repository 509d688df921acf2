"""The log of decisions: a file of JSON lines, which are only ever added.

Lines are added under a lock on the file, each chained to the one before (`log_chain`). A line is in
the file as soon as `append` returns, so that a process that is killed loses nothing. Lines are
forced to the disk (``fsync``) every SYNC_SEC and when the log is closed: a machine that loses its
power loses those of these seconds at most, and their files are predicted again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from harmlib.address import place
from harmlib.language import told
from harmlib.predict.log_chain import (
    FIELDS,
    Link,
    chained,
    link_of,
    parsed,
    read_head,
    unchained_start,
    write_head,
)

try:
    import fcntl
except ImportError:  # Windows, which has no such locks: one writer at a time there
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from harmlib.predict.prediction import Prediction

SYNC_SEC = 5.0
_LOG = logging.getLogger(__name__)
_TAIL = 1 << 20  # bytes read at once when the last line is looked for

Entry = dict[str, Any]  # one line of the log; `log_entry` makes it


class LogError(ValueError):
    """A log that can't be read, or that has no such decision."""


def log_entry(prediction: Prediction) -> Entry:
    """What is kept of one prediction: enough to explain it, and to make it again.

    Parameters
    ----------
    prediction : Prediction

    Returns
    -------
    dict
        Plain values: id, time, sha256, size and mtime_ns of the file, `prediction.COLUMNS`, file
        (the absolute path, or the address), model_sha256, checkpoint (its path), windowing,
        segments (list of dict), contributions (backbone to float), nearest (list of dict).
    """
    facts = prediction.facts
    now = datetime.now().astimezone().isoformat(timespec="milliseconds")
    name = f"{facts.sha256} {prediction.model_sha256} {now}"
    return {
        "id": hashlib.sha256(name.encode()).hexdigest()[:12],
        "time": now,
        "sha256": facts.sha256,
        "size": facts.size,
        "mtime_ns": facts.mtime_ns,
        **prediction.row(),
        "file": _absolute(facts.path),
        "model_sha256": prediction.model_sha256,
        "checkpoint": str(prediction.checkpoint.resolve()),
        "windowing": asdict(prediction.windowing),
        "segments": prediction.segments.to_dict("records"),
        **asdict(prediction.explanation),
    }


def _absolute(path: str) -> str:
    where = place(path)
    return str(where.absolute() if isinstance(where, Path) else where)


class DecisionLog:
    """A file of JSON lines, one per decision. What is in it is never changed.

    Several processes may add to one log at a time.

    Parameters
    ----------
    path : Path
        The file; it need not exist yet.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = DecisionLog(Path(folder) / "new" / "a.decisions.jsonl")
    ...     log.append({"id": "7b81", "model_id": "model4/image@0f"})
    ...     log.find("7b81")["model_id"]
    'model4/image@0f'
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last: tuple[int, Link] | None = None  # size of the file after our last line
        self._synced = time.monotonic()

    def append(self, entry: Entry) -> None:
        """Add one whole line. A line that an earlier crash cut off is set aside first, and said."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b", buffering=0) as file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
            size = os.fstat(file.fileno()).st_size
            if self._last is None or self._last[0] != size:  # another process wrote, or none yet
                self._last = self._end(file, size)
            size, last = self._last
            line, link = chained(entry, last)
            self._last = None  # if the write fails, the file is looked at again
            if (written := file.write(line)) != len(line):
                os.ftruncate(file.fileno(), size)
                raise OSError(f"{self.path}: only {written} of {len(line)} bytes were written")
            self._last = size + len(line), link
            write_head(self.path, link)
            if time.monotonic() - self._synced > SYNC_SEC:
                self._sync(file)

    def close(self) -> None:
        """Force what was added to the disk. The log can be added to again."""
        if self._last is not None:
            with self.path.open("rb") as file:
                self._sync(file)

    def _sync(self, file: BinaryIO | Any) -> None:
        os.fsync(file.fileno())
        self._synced = time.monotonic()

    def _end(self, file: Any, size: int) -> tuple[int, Link]:
        """The size of the whole lines, and where their chain stands; a cut one is set aside."""
        last, cut = _last_lines(file, size)
        if cut and (link_of(cut) or _is_old_and_whole(cut)):  # only the end of the line is missing
            file.write(b"\n")
            last, cut, size = cut, b"", size + 1
        if cut:
            self._set_aside(file, cut, size - len(cut))
            size -= len(cut)
        if not last:
            return 0, Link()
        return size, link_of(last) or self._start_behind(last)

    def _start_behind(self, last: bytes) -> Link:
        """Where a chain goes on behind a last line that has none, or whose own is damaged."""
        if "chain" in (parsed(last) or {}) or read_head(self.path):
            _LOG.warning(
                "%s: the last line was changed by something else; `harmlib log %s --verify` tells "
                "more, and goes on telling it",
                self.path,
                self.path,
            )
        return unchained_start(self.path)

    def _set_aside(self, file: Any, cut: bytes, size: int) -> None:
        aside = self.path.with_name(self.path.name + ".damaged")
        with aside.open("ab") as other:
            other.write(cut + b"\n")
        os.ftruncate(file.fileno(), size)
        _LOG.warning(
            "%s: its last line was cut off (a writer was killed); set aside as %s, the rest is "
            "kept",
            self.path,
            aside.name,
        )

    def __iter__(self) -> Iterator[Entry]:
        """The entries in order. A line that a crash cut off is skipped: it never counted."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for line in file:
                if (entry := parsed(line)) is not None:
                    yield {name: value for name, value in entry.items() if name not in FIELDS}

    def find(self, name: str) -> Entry:
        """The entry with this id, else the last one on the file of this name.

        A name is a path, or the end of one: whole names of folders and file. Raises LogError where
        there is none, and where files of several folders are called so.
        """
        if not self.path.exists():
            raise LogError(
                told(f"{self.path}: there is no such log", f"{self.path}: 그런 기록이 없습니다")
            )
        return find_among(self, name, self.path)

    def latest(self, models: Collection[str]) -> Iterator[Entry]:
        """The last entry on each path by these models (their sha256), in the log's order."""
        last = {e["path"]: number for number, e in enumerate(self) if _is_decision(e, models)}
        for number, entry in enumerate(self):
            if _is_decision(entry, models) and last.get(entry["path"]) == number:
                yield entry

    def states(
        self,
        model: str,
        windowing: dict[str, Any],
        policy: str = "",
        thresholds: Mapping[str, float] | None = None,
    ) -> set[tuple[str, int, int]]:
        """The files whose last prediction by a model was in one way, as (path, size, mtime_ns).

        model : sha256 of the checkpoint. windowing : as in the entries. policy : its name, or none.
        Decisions count if they were made at these thresholds (by the names that entries have). The
        table shows the last ones: an earlier one in this way is of no use.
        """
        last: dict[str, tuple[str, int, int] | None] = {}
        for e in self:
            if _is_decision(e, (model,)):
                is_same = (
                    e.get("windowing") == windowing
                    and e.get("policy", "") == policy
                    and all(e.get(name) == at for name, at in (thresholds or {}).items())
                    and all(isinstance(e.get(name), int) for name in ("size", "mtime_ns"))
                )
                last[e["path"]] = (e["path"], e["size"], e["mtime_ns"]) if is_same else None
        return {state for state in last.values() if state}


def find_among(entries: Iterable[Entry], name: str, shown: object) -> Entry:
    """Find a decision, as `DecisionLog.find` does, among entries of any number of logs.

    Parameters
    ----------
    entries : iterable of dict
        In the order in which they were made.
    name : str
        An id, a path, or the end of a path.
    shown : object
        What the messages call the place.

    Returns
    -------
    dict

    Raises
    ------
    LogError
        As there.

    Examples
    --------
    >>> entries = [{"id": "7b", "path": "up/a.jpg", "model_id": "m"}]
    >>> find_among(entries, "a.jpg", "some log")["id"]
    '7b'
    """
    last, files = None, {}
    for last in entries:
        path = str(last.get("path", ""))
        if last.get("id") == name:
            return _of_this_version(last, shown)
        if is_called(last, name):
            files[path] = last
    if name in files or len(files) == 1:
        return _of_this_version(files.get(name) or next(iter(files.values())), shown)
    if files:
        named = ", ".join(sorted(files)[:5])
        raise LogError(
            told(
                f"{shown}: {len(files)} files are called {name!r}: {named}; give the path",
                f"{shown}: {name!r}인 파일이 {len(files)}개입니다: {named}. 경로를 적으십시오",
            )
        )
    raise LogError(f"{shown}: {_not_there(name, last)}")


def is_called(entry: Entry, name: str) -> bool:
    """Whether a decision has this id, or is on a file of this name.

    Parameters
    ----------
    entry : dict
        Of a log.
    name : str
        An id, a path, or the end of a path: whole names of folders and file.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_called({"id": "7b", "path": "up/a.jpg"}, "a.jpg"), is_called({"path": "aa.jpg"}, "a.jpg")
    (True, False)
    """
    return entry.get("id") == name or f"/{entry.get('path', '')}".endswith(f"/{name}")


def _of_this_version(entry: Entry, shown: object) -> Entry:
    if "model_id" in entry:
        return entry
    name = entry.get("id")
    raise LogError(
        told(
            f"{shown}: decision {name} was logged by an earlier version, which called things by "
            "other names; predict the file again",
            f"{shown}: 판정 {name}은 이전 버전이 다른 이름으로 적은 것입니다. 파일을 다시 "
            "판정하십시오",
        )
    )


def _not_there(name: str, last: Entry | None) -> str:
    if last is None:
        return told(
            f"no decision {name!r}; it is empty", f"판정 {name!r}가 없습니다. 기록이 비어 있습니다"
        )
    return told(
        f"no decision {name!r}, by id or file; the last one is {last.get('id')} on "
        f"{last.get('path')}",
        f"id나 파일이 {name!r}인 판정이 없습니다. 마지막 판정은 {last.get('path')}의 "
        f"{last.get('id')}입니다",
    )


def _is_decision(entry: Entry, models: Collection[str]) -> bool:
    """Whether a line is a decision by one of these models: a log may hold anybody's lines."""
    model, path = entry.get("model_sha256"), entry.get("path")
    return isinstance(path, str) and isinstance(model, str) and model in models


def _is_old_and_whole(line: bytes) -> bool:
    """Whether it is a line of an earlier version, of which only the end is missing."""
    return "id" in (entry := parsed(line) or {}) and "previous" not in entry


def _last_lines(file: Any, size: int) -> tuple[bytes, bytes]:
    """The last whole line, and what stands behind it; either may be empty."""
    start, tail = size, b""
    while start > 0 and tail.count(b"\n") < 2:
        step = min(_TAIL, start)
        start -= step
        tail = os.pread(file.fileno(), step, start) + tail
    whole, newline, cut = tail.rpartition(b"\n")
    return whole.rpartition(b"\n")[2] + newline, cut


def format_decision(entry: Entry) -> str:
    """A decision in words, for the terminal.

    Parameters
    ----------
    entry : dict
        As `log_entry` makes it.

    Returns
    -------
    str
        Several lines: what was decided, what would have turned it, and why.
    """
    p, t = entry["probability"], entry["threshold"]
    turn = (
        told(
            f"it would be safe at any threshold from {p:.6f} up",
            f"threshold가 {p:.6f} 이상이면 안전",
        )
        if entry["decision"] == "harmful"
        else told(
            f"it would be harmful at any threshold below {p:.6f}",
            f"threshold가 {p:.6f} 미만이면 유해",
        )
    )
    note, decision = entry.get("note"), _named(entry["decision"])
    lines = [
        f"{entry['id']}  {entry['time']}",
        told("file       ", "파일       ") + f"{entry['path']}  (sha256 {entry['sha256'][:12]}…)",
        *([told("note       ", "비고       ") + str(note)] if note else []),
        f"model_id   {entry['model_id']}",
        *(
            [told("policy     ", "정책       ") + str(entry["policy"])]
            if entry.get("policy")
            else []
        ),
        told(
            f"decision   {decision}: probability {p:.4f}, threshold {t:.4f} (margin {p - t:+.4f}); "
            f"{turn}",
            f"판정       {decision}: 확률 {p:.4f}, threshold {t:.4f}(차이 {p - t:+.4f}). {turn}",
        ),
        *_category_lines(entry),
        told(
            "backbones  what each added to the logit, against the average training item:",
            "백본       logit에 더한 값(평균적인 학습 항목과의 차이):",
        ),
        *(f"           {n:<9} {v:+.4f}" for n, v in entry["contributions"].items()),
        told(
            "nearest    training items, by what the classifier sees:",
            "이웃       분류기가 보기에 가장 가까운 학습 항목:",
        ),
        *(
            told(
                f"           {_named(('safe', 'harmful')[n['label']]):<8} similarity "
                f"{n['similarity']:.3f}, probability {n['probability']:.3f}  {n['item_id']}",
                f"           {_named(('safe', 'harmful')[n['label']])}  유사도 "
                f"{n['similarity']:.3f}, 확률 {n['probability']:.3f}  {n['item_id']}",
            )
            for n in entry["nearest"]
        ),
    ]
    lines += [
        told(
            f"segment    {segment['start_sec']:.1f} s to {segment['end_sec']:.1f} s, highest "
            f"probability {segment['peak_probability']:.3f}",
            f"구간       {segment['start_sec']:.1f}초~{segment['end_sec']:.1f}초, 최고 확률 "
            f"{segment['peak_probability']:.3f}",
        )
        for segment in entry["segments"]
    ]
    return "\n".join(lines)


def _named(decision: str) -> str:
    return {"harmful": told("harmful", "유해"), "safe": told("safe", "안전")}.get(
        decision, decision
    )


def _category_lines(entry: Entry) -> list[str]:
    """A line for each category; the decision, backbones and nearest are of the leading one."""
    above = str(entry.get("above", "")).split("|")
    names = [key.removeprefix("probability_") for key in entry if key.startswith("probability_")]
    return [
        told(
            f"category   {name:<9} probability {entry[f'probability_{name}']:.4f}, threshold "
            f"{entry[f'threshold_{name}']:.4f}{', above it' if name in above else ''}"
            f"{' (leading)' if name == entry.get('category') else ''}",
            f"범주       {name:<9} 확률 {entry[f'probability_{name}']:.4f}, threshold "
            f"{entry[f'threshold_{name}']:.4f}{', threshold 초과' if name in above else ''}"
            f"{'(대표)' if name == entry.get('category') else ''}",
        )
        for name in names
    ]
