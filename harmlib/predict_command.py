"""`harmlib predict` and `harmlib explain`: files in, a table, a ledger and a log out."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from harmlib.analysis.bands import Bands, assign
from harmlib.decisions import DecisionLog, LogError, entry, format_decision, replay
from harmlib.features.weights import WeightsError
from harmlib.media.find import Found, find_media
from harmlib.media.thumbnails import segment_strip
from harmlib.models.checkpoints import CheckpointError
from harmlib.predict import judge_all, open_predictors
from harmlib.predictor import COLUMNS, LEDGER_COLUMNS, Judged, Predictor, Windows

FORMATS = (".csv", ".parquet", ".jsonl")
NUMBERS = {"logit", "probability", "threshold", "margin", "seconds"}
_ROW_GROUP = 1000


def run_predict(options: argparse.Namespace) -> int:
    warnings.filterwarnings("ignore", category=FutureWarning)  # of other packages, about themselves
    try:
        if options.out and options.out.suffix not in FORMATS:
            raise ValueError(f"--out {options.out}: must end in one of {', '.join(FORMATS)}")
        predictors = open_predictors(
            options.checkpoint,
            weights=_weights(options.weights),
            device=options.device,
            windows=_windows(options),
        )
        bands = {p.modality: p.bands(*options.bands) for p in predictors if options.bands}
    except (CheckpointError, WeightsError, ValueError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    found = find_media(options.paths, stdin=sys.stdin.buffer)
    for modality, chosen in bands.items():
        print(_describe(modality, chosen), file=sys.stderr)
    if options.out is None:
        return _print_rows(judge_all(predictors, found), bands)
    return _write_rows(predictors, found, options.out, bands)


def _describe(modality: str, bands: Bands) -> str:
    """The lines of the bands, and how much of validation lies in each."""
    lines = [
        f"{modality}: pass up to {bands.pass_at}, block above {bands.block_above} ({bands.state}; "
        f"recall {bands.min_recall}, precision {bands.min_precision} on validation)"
    ]
    for row in bands.table.itertuples():
        lines.append(
            f"  {row.band:<7} {row.share:6.1%} of validation (95 %: {row.low:.1%} to "
            f"{row.high:.1%})"
        )
    return "\n".join(lines)


def _band(row: dict, bands: dict[str, Bands]) -> dict:
    """`row` with its band, where bands were asked for."""
    if not bands:
        return row
    return row | {"band": str(assign([row["probability"]], bands[row["modality"]])[0])}


def _print_rows(stream: Iterator[Judged | dict], bands: dict[str, Bands]) -> int:
    columns = COLUMNS + ["band"] * bool(bands)
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    lost = 0
    for one in stream:
        if isinstance(one, Judged):
            writer.writerow(_band(one.row, bands))
            sys.stdout.flush()
        else:
            lost += 1
            print(f"harmlib: {one['path']}: {one['reason']}", file=sys.stderr)
    return int(lost > 0)


def _write_rows(
    predictors: list[Predictor], found: Iterable[Found], out: Path, bands: dict[str, Bands]
) -> int:
    """The table, the ledger, the segments and the log beside it; resumes from the log."""
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

    for one in tqdm(judge_all(predictors, fresh()), unit=" files", disable=None):
        if isinstance(one, Judged):
            decision = entry(one, by_modality[one.row["modality"]])
            _write_strips(decision, out.with_suffix(".segments"))
            log.append(decision)
            judged += 1
        else:
            lost.append(one)
    models = {predictor.digest for predictor in predictors}
    rows = (_band(decision, bands) for decision in _latest(log, models))
    _write_table(rows, COLUMNS + ["band"] * bool(bands), out)
    segments = [
        {"path": decision["path"], "id": decision["id"], **segment}
        for decision in _latest(log, models)
        for segment in decision["segments"]
    ]
    if segments:
        pd.DataFrame(segments).to_csv(out.with_suffix(".segments.csv"), index=False)
    ledger = out.with_suffix(".ledger.csv")
    pd.DataFrame(lost, columns=LEDGER_COLUMNS).to_csv(ledger, index=False, encoding="utf-8-sig")
    print(f"{judged:,} judged, {reused:,} known from before, {len(lost):,} unusable", end="")
    print(f" ({ledger})" if lost else "")
    print(f"\nTable: {out}\nLog: {log.path}")
    return int(bool(lost))


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


def run_explain(options: argparse.Namespace) -> int:
    try:
        decision = DecisionLog(options.log).find(options.id)
        print(format_decision(decision))
        if not options.replay:
            return 0
        again = replay(decision)
    except (LogError, CheckpointError, WeightsError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    print(
        f"replay     {again['decision']}, probability {again['probability']:.6f}: "
        + ("the same decision" if again["same"] else "NOT the logged decision")
    )
    return int(not again["same"])


def _weights(given: list[str]) -> dict[str, str]:
    """`clip=PATH` as {clip: PATH}."""
    pairs = {}
    for text in given:
        name, _, path = text.partition("=")
        if not (name and path):
            raise ValueError(f"--weights {text}: write BACKBONE=PATH, e.g. yolo=yolov8n.pt")
        pairs[name] = path
    return pairs


def _windows(options: argparse.Namespace) -> Windows:
    how, _, k = options.reduce.partition(":")
    if how not in ("max", "top") or (how == "top") != k.isdigit():
        raise ValueError(f"--reduce {options.reduce}: use max, or top:K such as top:3")
    for name in ("window", "stride"):
        value = getattr(options, name)
        if value is not None and not value > 0:
            raise ValueError(f"--{name} {value}: must be a positive number of seconds")
    return Windows(
        options.window,
        options.stride,
        "max" if how == "max" else "top_mean",
        int(k or 3),
        options.early_exit,
    )
