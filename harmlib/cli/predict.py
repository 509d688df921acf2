"""`harmlib predict` and `harmlib explain`: files in, a table, a ledger and a log out."""

from __future__ import annotations

import argparse
import math
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from harmlib.analysis.bands import MISSED_EACH, MISSED_EITHER, Bands, Promise
from harmlib.features.weights import WeightsError
from harmlib.media.decoders import DecodeLimits
from harmlib.media.find import find_files
from harmlib.media.ledger import Unusable
from harmlib.models.checkpoint import CheckpointError
from harmlib.predict.decision_log import DecisionLog, LogError, format_decision
from harmlib.predict.outputs import FORMATS, predict_into, table_columns, with_band
from harmlib.predict.predictor import Predictor, open_predictors
from harmlib.predict.replay import replay
from harmlib.predict.stream import predict_stream
from harmlib.predict.windows import Windowing
from harmlib.tables.csv_output import RowWriter


def run_predict(options: argparse.Namespace) -> int:
    """Predict files into a table, or onto standard output.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `predict`.

    Returns
    -------
    int
        Exit status: 0 all files predicted, 1 some are unusable, 2 nothing could start.
    """
    warnings.filterwarnings("ignore", category=FutureWarning)  # of other packages, about themselves
    try:
        if options.out and options.out.suffix not in FORMATS:
            raise ValueError(f"--out {options.out}: must end in one of {', '.join(FORMATS)}")
        if options.confidence is not None and not options.bands:
            raise ValueError("--confidence goes with --bands RECALL PRECISION")
        if options.policy_file is not None and not options.policy:
            raise ValueError("--policy-file goes with --policy NAME")
        if options.policy and options.bands:
            raise ValueError("--policy and --bands both draw the line: give one of them")
        predictors = open_predictors(
            options.checkpoint,
            weights=_weights(options.weights),
            device=options.device,
            windowing=_windowing(options),
            policy=options.policy,
            policy_file=options.policy_file,
        )
        limits = _limits(options)
        bands: dict[str, Bands] = {
            p.modality: _bands(p, options) for p in predictors if options.bands
        }
    except (CheckpointError, WeightsError, ValueError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    for line in _policy_lines(predictors):
        print(line, file=sys.stderr)
    for modality, chosen in bands.items():
        print(_describe(modality, chosen), file=sys.stderr)
    found = find_files(options.paths, stdin=sys.stdin.buffer)
    if options.out is None:
        return _print_rows(predictors, found, bands, limits)
    return _write_rows(predictors, found, bands, options.out, limits)


def run_explain(options: argparse.Namespace) -> int:
    """Print why a logged decision was made, and make it again where asked.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `explain`.

    Returns
    -------
    int
        Exit status: 0 explained, 1 the replay gave another decision, 2 unusable input.
    """
    try:
        entry = DecisionLog(options.log).find(options.id)
        print(format_decision(entry))
        if not options.replay:
            return 0
        again = replay(entry, weights=_weights(options.weights))
    except (LogError, CheckpointError, WeightsError, ValueError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    print(
        f"replay     {again.decision}, probability {again.probability:.6f}: "
        + ("the same decision" if again.same else "NOT the logged decision")
    )
    return int(not again.same)


def _bands(predictor: Predictor, options: argparse.Namespace) -> Bands:
    min_recall, min_precision = options.bands
    return predictor.bands(min_recall, min_precision, options.confidence, options.method)


def _policy_lines(predictors: list[Predictor]) -> Iterator[str]:
    for one in predictors:
        for category, output in one.outputs.items() if one.policy else ():
            section = "-".join(filter(None, [one.modality, category]))
            own = f"the checkpoint's own is {output.checkpoint.threshold:.6g}"
            yield f"{section}: policy {one.policy}: threshold {output.threshold:.6g} ({own})"


def _describe(modality: str, bands: Bands) -> str:
    """What the bands promise, where they lie, and how much of validation lies in each."""
    reach = _promise(bands, bands.promise) if bands.promise else _no_promise()
    lines = [
        *(f"{modality}: {line}" for line in reach),
        f"{modality}: pass up to {bands.pass_at}, block above {bands.block_above} ({bands.state}; "
        f"recall {bands.min_recall}, precision {bands.min_precision})",
    ]
    for row in bands.table.itertuples():
        known = not math.isnan(row.low)
        ends = f"95 %: {row.low:.1%} to {row.high:.1%}" if known else "too few groups to be sure"
        lines.append(f"  {row.band:<7} {row.share:6.1%} of validation ({ends})")
    return "\n".join(lines)


def _no_promise() -> list[str]:
    each, either = (f"{low:.0%} to {high:.0%}" for low, high in (MISSED_EACH, MISSED_EITHER))
    return [
        f"the floors hold on validation only. On new files each is missed in {each} of such cases, "
        f"at least one of both in {either}. --confidence 0.9 asks for floors that hold"
    ]


def _promise(bands: Bands, promise: Promise) -> list[str]:
    lines = []
    if (bands.pass_at, bands.block_above) != (None, None):
        lines = [
            f"with confidence {promise.confidence:g}, what passes and what is blocked keep their "
            f"floors on new files of such groups ({promise.method}; recall and precision of the "
            f"average group; {promise.harmful_groups} harmful groups of {promise.groups}; "
            f"{promise.candidates} epochs to choose from)"
        ]
    for name, floor, end, consequence in (
        ("recall", bands.min_recall, bands.pass_at, "nothing passes"),
        ("precision", bands.min_precision, bands.block_above, "nothing is blocked"),
    ):
        if end is None:
            needed = promise.needed(floor, of_precision=name == "precision")
            lines.append(
                f"no threshold can be promised at this confidence for {name} {floor} with "
                f"{promise.harmful_groups} harmful groups, so {consequence}; it takes at least "
                f"{needed} groups without a mistake"
                if promise.method == "learn-then-test"
                else f"no threshold keeps {name} {floor} at this confidence, so {consequence}"
            )
    return lines


def _print_rows(
    predictors: list[Predictor],
    found: Iterable[Path | Unusable],
    bands: dict[str, Bands],
    limits: DecodeLimits,
) -> int:
    writer = RowWriter(sys.stdout, table_columns(bands, predictors))
    unusable = 0
    for one in predict_stream(predictors, found, limits):
        if isinstance(one, Unusable):
            unusable += 1
            print(f"harmlib: {one.path}: {one.reason}", file=sys.stderr)
        else:
            writer.write(with_band(one.row(), bands))
            sys.stdout.flush()
    return int(unusable > 0)


def _write_rows(
    predictors: list[Predictor],
    found: Iterable[Path | Unusable],
    bands: dict[str, Bands],
    out: Path,
    limits: DecodeLimits,
) -> int:
    written = predict_into(out, predictors, found, bands, limits=limits)
    unusable = len(written.ledger)
    print(
        f"{written.predicted:,} predicted, {written.reused:,} reused from the log, "
        f"{unusable:,} unusable{f' ({written.ledger_path})' if unusable else ''}\n"
        f"{written.account()}\nTable: {out}\nLog: {written.log.path}"
    )
    return int(unusable > 0)


def _weights(given: list[str]) -> dict[str, str]:
    """`clip=PATH` as {clip: PATH}."""
    pairs = {}
    for text in given:
        name, _, path = text.partition("=")
        if not (name and path):
            raise ValueError(f"--weights {text}: write BACKBONE=PATH, e.g. yolo=yolov8n.pt")
        pairs[name] = path
    return pairs


def _limits(options: argparse.Namespace) -> DecodeLimits:
    given = {"max_sec": options.max_decode_sec, "max_gib": options.max_decode_gib}
    return DecodeLimits(**{name: value for name, value in given.items() if value is not None})


def _windowing(options: argparse.Namespace) -> Windowing:
    how, _, k = options.reduce.partition(":")
    if how not in ("max", "top") or (how == "top") != k.isdigit():
        raise ValueError(f"--reduce {options.reduce}: use max, or top:K such as top:3")
    return Windowing(
        options.window,
        options.stride,
        "max" if how == "max" else "top_mean",
        int(k or 3),
        options.early_exit,
        Windowing.max_frames if options.max_frames is None else options.max_frames,
        Windowing.max_windows if options.max_windows is None else options.max_windows,
        Windowing.max_pixels if options.max_pixels is None else options.max_pixels,
    )
