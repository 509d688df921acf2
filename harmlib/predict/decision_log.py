"""The log of decisions: a file of JSON lines, which are only ever added."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from harmlib.predict.prediction import Prediction

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
        (the absolute path), model_sha256, checkpoint (its path), windowing, segments (list of
        dict), contributions (backbone to float), nearest (list of dict).
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
        "file": str(Path(facts.path).absolute()),
        "model_sha256": prediction.model_sha256,
        "checkpoint": str(prediction.checkpoint.resolve()),
        "windowing": asdict(prediction.windowing),
        "segments": prediction.segments.to_dict("records"),
        **asdict(prediction.explanation),
    }


class DecisionLog:
    """A file of JSON lines, one per decision. What is in it is never changed.

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

    def append(self, entry: Entry) -> None:
        """Add one whole line. A line that an earlier crash cut off is closed first."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            if file.tell() and not _ends_a_line(file):
                file.write(b"\n")
            # Names that aren't UTF-8 come as lone surrogates, which ASCII escapes can hold.
            file.write(json.dumps(entry).encode("ascii") + b"\n")

    def __iter__(self) -> Iterator[Entry]:
        """The entries in order. A line that a crash cut off is skipped: it never counted."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for line in file:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue

    def find(self, name: str) -> Entry:
        """The entry with this id. Raises LogError where there is none, and names the last one."""
        if not self.path.exists():
            raise LogError(f"{self.path}: there is no such log")
        last = None
        for last in self:
            if last.get("id") != name:
                continue
            if "model_id" not in last:
                raise LogError(
                    f"{self.path}: decision {name} was logged by an earlier version, which called "
                    "things by other names; predict the file again"
                )
            return last
        hint = f"the last one is {last['id']}" if last else "it is empty"
        raise LogError(f"{self.path}: no decision {name!r}; {hint}")

    def latest(self, models: Collection[str]) -> Iterator[Entry]:
        """The last entry on each path by these models (their sha256), in the log's order."""
        last = {e["path"]: number for number, e in enumerate(self) if e["model_sha256"] in models}
        for number, entry in enumerate(self):
            if last.get(entry["path"]) == number:
                yield entry

    def states(self, model: str, windowing: dict[str, Any]) -> set[tuple[str, int, int]]:
        """The files that a model has predicted in one way, as (path, size, mtime_ns).

        model : sha256 of the checkpoint. windowing : as in the entries
        """
        return {
            (e["path"], e["size"], e["mtime_ns"])
            for e in self
            if e["model_sha256"] == model and e.get("windowing") == windowing
        }


def _ends_a_line(file: BinaryIO) -> bool:
    file.seek(-1, 2)
    return file.read(1) == b"\n"


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
        f"it would be safe at any threshold from {p:.6f} up"
        if entry["decision"] == "harmful"
        else f"it would be harmful at any threshold below {p:.6f}"
    )
    note = entry.get("note")
    lines = [
        f"{entry['id']}  {entry['time']}",
        f"file       {entry['path']}  (sha256 {entry['sha256'][:12]}…)",
        *([f"note       {note}"] if note else []),
        f"model_id   {entry['model_id']}",
        f"decision   {entry['decision']}: probability {p:.4f}, threshold {t:.4f} "
        f"(margin {p - t:+.4f}); {turn}",
        "backbones  what each added to the logit, against the average training item:",
        *(f"           {n:<9} {v:+.4f}" for n, v in entry["contributions"].items()),
        "nearest    training items, by what the classifier sees:",
        *(
            f"           {('safe', 'harmful')[n['label']]:<8} similarity {n['similarity']:.3f}, "
            f"probability {n['probability']:.3f}  {n['item_id']}"
            for n in entry["nearest"]
        ),
    ]
    lines += [
        f"segment    {segment['start_sec']:.1f} s to {segment['end_sec']:.1f} s, highest "
        f"probability {segment['peak_probability']:.3f}"
        for segment in entry["segments"]
    ]
    return "\n".join(lines)
