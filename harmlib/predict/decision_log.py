"""The log of decisions: one JSON line each, only ever added to; any of them can be explained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from harmlib.media.find import Found
from harmlib.predict.predictor import Judged, Predictor, Windows


class LogError(ValueError):
    """A log that can't be read, or has no such decision."""


def entry(judged: Judged, predictor: Predictor) -> dict[str, Any]:
    """What is kept of one decision: enough to explain it, and to make it again."""
    now = datetime.now().astimezone().isoformat(timespec="milliseconds")
    name = f"{judged.facts['sha256']} {predictor.digest} {now}"
    return {
        "id": hashlib.sha256(name.encode()).hexdigest()[:12],
        "time": now,
        **{key: judged.facts[key] for key in ("sha256", "size", "mtime_ns")},
        **judged.row,
        "file": str(Path(judged.row["path"]).absolute()),
        "model_sha256": predictor.digest,
        "checkpoint": str(predictor.path.resolve()),
        "windows": asdict(predictor.windows),
        "segments": judged.segments.to_dict("records"),
        "contributions": judged.contributions,
        "nearest": judged.nearest,
    }


class DecisionLog:
    """A file of JSON lines. What is there is never changed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, decision: dict[str, Any]) -> None:
        """Add one line, whole: a line that an earlier crash cut off is closed first."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            if file.tell() and not self._ends_a_line(file):
                file.write(b"\n")
            # Names that aren't UTF-8 come as lone surrogates, which ASCII escapes can hold.
            file.write(json.dumps(decision).encode("ascii") + b"\n")

    @staticmethod
    def _ends_a_line(file) -> bool:
        file.seek(-1, 2)
        return file.read(1) == b"\n"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The decisions in order. A line cut off by a crash is passed over: it never counted."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for line in file:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue

    def find(self, name: str) -> dict[str, Any]:
        """The decision with this id. Raises LogError, naming near ones."""
        if not self.path.exists():
            raise LogError(f"{self.path}: there is no such log")
        last = None
        for last in self:
            if last.get("id") == name:
                return last
        hint = f"the last one is {last['id']}" if last else "it is empty"
        raise LogError(f"{self.path}: no decision {name!r}; {hint}")

    def judged_by(self, predictor: Predictor) -> set[tuple[str, int, int]]:
        """(path, size, mtime_ns) of the files that this model has judged in this way."""
        way = (predictor.digest, asdict(predictor.windows))
        return {
            (d["path"], d["size"], d["mtime_ns"])
            for d in self
            if (d["model_sha256"], d["windows"]) == way
        }


def replay(decision: dict[str, Any], **options) -> dict[str, Any]:
    """Judge the file again with the logged model. options : of `Predictor`.

    Returns probability, decision, and `same`: whether the decision is the logged one and the
    probability within 1e-3 (another batch or processor moves the last bits of bf16).
    Raises LogError when the file or the model isn't what it was.
    """
    predictor = Predictor(decision["checkpoint"], windows=Windows(**decision["windows"]), **options)
    if predictor.digest != decision["model_sha256"]:
        raise LogError(f"{decision['checkpoint']}: the model there is another one by now")
    found = Found(Path(decision["file"]), decision["modality"])
    judged = next(predictor.judge([found]))
    if not isinstance(judged, Judged):
        raise LogError(f"{decision['file']}: can't be judged again: {judged['reason']}")
    if judged.facts["sha256"] != decision["sha256"]:
        raise LogError(f"{decision['file']}: the file there has another content by now")
    probability = judged.row["probability"]
    return {
        "probability": probability,
        "decision": judged.row["decision"],
        "same": judged.row["decision"] == decision["decision"]
        and abs(probability - decision["probability"]) <= 1e-3,
    }


def format_decision(decision: dict[str, Any]) -> str:
    """A decision in words, for the terminal."""
    p, t = decision["probability"], decision["threshold"]
    turn = (
        f"it would be safe at any threshold from {p:.6f} up"
        if decision["decision"] == "harmful"
        else f"it would be harmful at any threshold below {p:.6f}"
    )
    lines = [
        f"{decision['id']}  {decision['time']}",
        f"file       {decision['path']}  (sha256 {decision['sha256'][:12]}…)",
        f"model      {decision['model']}",
        f"decision   {decision['decision']}: probability {p:.4f}, threshold {t:.4f} "
        f"(margin {p - t:+.4f}); {turn}",
        "backbones  what each added to the logit, against the average training item:",
        *(f"           {n:<9} {v:+.4f}" for n, v in decision["contributions"].items()),
        "nearest    training items, by what the model sees:",
        *(
            f"           {('safe', 'harmful')[n['label']]:<8} similarity {n['similarity']:.3f}, "
            f"probability {n['probability']:.3f}  {n['item_id']}"
            for n in decision["nearest"]
        ),
    ]
    for segment in decision["segments"]:
        lines.append(
            f"segment    {segment['start_sec']:.1f} s to {segment['end_sec']:.1f} s, highest "
            f"probability {segment['peak_probability']:.3f}"
        )
    return "\n".join(lines)
