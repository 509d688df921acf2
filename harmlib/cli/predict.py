"""`harmlib predict` and `harmlib explain`: files in, a table, a ledger and a log out."""

from __future__ import annotations

import argparse
import csv
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from harmlib.analysis.bands import Bands
from harmlib.features.weights import WeightsError
from harmlib.media.find import Found, find_media
from harmlib.models.checkpoint import CheckpointError
from harmlib.predict.decision_log import DecisionLog, LogError, format_decision, replay
from harmlib.predict.outputs import FORMATS, judge_into, with_band
from harmlib.predict.predictor import COLUMNS, Judged, Predictor, Windows
from harmlib.predict.stream import judge_all, open_predictors


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


def _print_rows(stream: Iterator[Judged | dict], bands: dict[str, Bands]) -> int:
    columns = COLUMNS + ["band"] * bool(bands)
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    lost = 0
    for one in stream:
        if isinstance(one, Judged):
            writer.writerow(with_band(one.row, bands))
            sys.stdout.flush()
        else:
            lost += 1
            print(f"harmlib: {one['path']}: {one['reason']}", file=sys.stderr)
    return int(lost > 0)


def _write_rows(
    predictors: list[Predictor], found: Iterable[Found], out: Path, bands: dict[str, Bands]
) -> int:
    done = judge_into(out, predictors, found, bands)
    lost = f" ({done.ledger_path})" if len(done.ledger) else ""
    print(
        f"{done.judged:,} judged, {done.reused:,} known from before, "
        f"{len(done.ledger):,} unusable{lost}\nTable: {out}\nLog: {done.log.path}"
    )
    return int(len(done.ledger) > 0)


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
