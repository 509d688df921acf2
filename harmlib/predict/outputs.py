"""Files judged into a table, with a ledger, segments and a log beside it; resumed from the log."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from harmlib.analysis.bands import Bands, assign
from harmlib.media.find import Found
from harmlib.media.thumbnails import segment_strip
from harmlib.predict.decision_log import DecisionLog, entry
from harmlib.predict.predictor import COLUMNS, LEDGER_COLUMNS, Judged, Predictor
from harmlib.predict.stream import judge_all

FORMATS = (".csv", ".parquet", ".jsonl")
NUMBERS = {"logit", "probability", "threshold", "margin", "seconds"}
_ROW_GROUP = 1000


@dataclass(frozen=True)
class Done:
    """What one call did: files judged, files known from before, and those that can't be judged.

    ledger : `LEDGER_COLUMNS`, of this call. log : all decisions, of earlier calls too
    """

    judged: int
    reused: int
    ledger: pd.DataFrame
    ledger_path: Path
    log: DecisionLog


def judge_into(
    out: Path,
    predictors: list[Predictor],
    found: Iterable[Found],
    bands: dict[str, Bands] | None = None,
    *,
    strips: bool = True,
) -> Done:
    """Judge `found` into `out` (.csv, .parquet, .jsonl), whose folder may be new.

    A file that these models have judged in the same way, and that hasn't changed since, is not
    judged again. The table holds the last decision on every path of the log by these models.
    bands : modality -> bands, for a column `band`. strips : pictures of harmful segments, too.
    """
    bands = bands or {}
    log = DecisionLog(out.with_suffix(".decisions.jsonl"))
    known = set().union(*(log.judged_by(predictor) for predictor in predictors))
    by_modality = {predictor.modality: predictor for predictor in predictors}
    reused, judged, lost = 0, 0, []

    def fresh() -> Iterator[Found]:
        nonlocal reused
        for one in found:
            if known and _state(one.path) in known:
                reused += 1
            else:
                yield one

    out.parent.mkdir(parents=True, exist_ok=True)
    for one in tqdm(judge_all(predictors, fresh()), unit=" files", disable=None):
        if isinstance(one, Judged):
            decision = entry(one, by_modality[one.row["modality"]])
            if strips:
                _write_strips(decision, out.with_suffix(".segments"))
            log.append(decision)
            judged += 1
        else:
            lost.append(one)
    models = {predictor.digest for predictor in predictors}
    rows = (with_band(decision, bands) for decision in _latest(log, models))
    _write_table(rows, COLUMNS + ["band"] * bool(bands), out)
    _write_segments(_latest(log, models), out.with_suffix(".segments.csv"))
    ledger_path = out.with_suffix(".ledger.csv")
    ledger = pd.DataFrame(lost, columns=LEDGER_COLUMNS)
    ledger.to_csv(ledger_path, index=False, encoding="utf-8-sig")
    return Done(judged, reused, ledger, ledger_path, log)


def decisions_on(paths: Iterable[str], log: DecisionLog, predictors: list[Predictor]) -> list[dict]:
    """The last decisions of these models on these paths, as they stand in the log."""
    wanted = set(paths)
    models = {predictor.digest for predictor in predictors}
    return [decision for decision in _latest(log, models) if decision["path"] in wanted]


def with_band(row: dict, bands: dict[str, Bands]) -> dict:
    """`row` with its band, where bands were asked for."""
    if not bands:
        return row
    return row | {"band": str(assign([row["probability"]], bands[row["modality"]])[0])}


def _write_segments(decisions: Iterator[dict], path: Path) -> None:
    segments = [
        {"path": decision["path"], "id": decision["id"], **segment}
        for decision in decisions
        for segment in decision["segments"]
    ]
    if segments:
        pd.DataFrame(segments).to_csv(path, index=False)


def _state(path: Path) -> tuple[str, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return str(path), stat.st_size, stat.st_mtime_ns


def _write_strips(decision: dict, folder: Path) -> None:
    """A strip of frames for each harmful segment, named by the decision, for the reviewer."""
    for number, segment in enumerate(decision["segments"], 1):
        folder.mkdir(parents=True, exist_ok=True)
        strip = segment_strip(Path(decision["file"]), segment["start_sec"], segment["end_sec"])
        name = f"{decision['id']}-{number}.jpg"
        (folder / name).write_bytes(strip)
        segment["strip"] = f"{folder.name}/{name}"


def _latest(log: DecisionLog, models: set[str]) -> Iterator[dict]:
    """Each path's last decision by these models, in the log's order."""
    last = {d["path"]: number for number, d in enumerate(log) if d["model_sha256"] in models}
    for number, decision in enumerate(log):
        if last.get(decision["path"]) == number:
            yield decision


def _write_table(decisions: Iterator[dict], columns: list[str], out: Path) -> None:
    """The rows, a thousand at a time; whole or not at all."""
    part = out.with_name(out.name + ".part")
    schema = pa.schema(
        [(name, pa.float64() if name in NUMBERS else pa.string()) for name in columns]
    )
    rows = ({name: _text(d[name]) for name in columns} for d in decisions)
    if out.suffix == ".parquet":
        with pq.ParquetWriter(part, schema) as writer:
            while chunk := list(islice(rows, _ROW_GROUP)):
                writer.write_table(pa.Table.from_pylist(chunk, schema))
    else:
        with part.open("w", encoding="utf-8-sig" if out.suffix == ".csv" else "utf-8") as file:
            if out.suffix == ".csv":
                writer = csv.DictWriter(file, columns, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
            else:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    part.replace(out)


def _text(value: object) -> object:
    """A name that isn't UTF-8 is written with its odd bytes escaped."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value
