"""`harmlib predict` and `harmlib explain`: files in, a table, a ledger and a log out."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from harmlib.analysis.bands import Bands
from harmlib.cli.bands_text import bands_lines
from harmlib.cli.predict_progress import Total, shown_progress
from harmlib.cli.predict_text import summary, threshold_lines, warnings_of
from harmlib.features.weights import WeightsError
from harmlib.language import told
from harmlib.media.decoders import DecodeLimits
from harmlib.media.find import find_files
from harmlib.media.ledger import Unusable
from harmlib.models.checkpoint import CheckpointError
from harmlib.predict.decision_log import DecisionLog, Entry, LogError, format_decision
from harmlib.predict.outputs import (
    FORMATS,
    Written,
    count_of,
    predict_into,
    table_columns,
    with_band,
)
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
    total = Total(options.paths)  # counted while networks are loaded
    try:
        if options.out and options.out.suffix not in FORMATS:
            raise ValueError(_unknown_ending(options.out))
        if options.confidence is not None and not options.bands:
            raise ValueError(_goes_with("--confidence", "--bands RECALL PRECISION"))
        if options.policy_file is not None and not options.policy:
            raise ValueError(_goes_with("--policy-file", told("--policy NAME", "--policy 이름")))
        _require_one_line(options)
        predictors = open_predictors(
            options.checkpoint,
            weights=_weights(options.weights),
            device=options.device,
            windowing=_windowing(options),
            policy=options.policy,
            policy_file=options.policy_file,
            threshold=options.threshold,
        )
        limits = _limits(options)
        bands: dict[str, Bands] = {
            p.modality: _bands(p, options) for p in predictors if options.bands
        }
    except (CheckpointError, WeightsError, ValueError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    abouts = [output.checkpoint.about for one in predictors for output in one.outputs.values()]
    for line in threshold_lines(predictors, options.threshold):
        print(line, file=sys.stderr)
    for line in dict.fromkeys(line for about in abouts for line in warnings_of(about)):
        print(line, file=sys.stderr)
    for modality, chosen in bands.items():
        print("\n".join(bands_lines(modality, chosen)), file=sys.stderr)
    found = find_files(options.paths, stdin=sys.stdin.buffer)
    with shown_progress(total) as progress:
        if options.out is None:
            return _print_rows(predictors, found, bands, limits, progress)
        written = predict_into(
            options.out, predictors, found, bands, limits=limits, progress=progress
        )
    return _tell(written, options.out)


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
        entry = _asked_entry(options)
        print(format_decision(entry))
        if not options.replay:
            return 0
        again = replay(entry, weights=_weights(options.weights))
    except (LogError, CheckpointError, WeightsError, ValueError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    print(
        told(
            f"replay     {again.decision}, probability {again.probability:.6f}: ",
            f"다시 판정  {again.decision}, 확률 {again.probability:.6f}: ",
        )
        + (
            told("the same decision", "기록과 같은 판정입니다")
            if again.same
            else told("NOT the logged decision", "기록과 다른 판정입니다")
        )
    )
    return int(not again.same)


def _asked_entry(options: argparse.Namespace) -> Entry:
    """The decision that is asked for; of a table of predictions, in the log beside it."""
    path: Path = options.log
    if path.suffix in FORMATS and path.name.removesuffix(path.suffix)[-10:] != ".decisions":
        beside = path.with_suffix(".decisions.jsonl")
        if path.is_file() and not beside.is_file():
            raise LogError(
                told(
                    f"{options.log}: a table; its log {beside.name} does not lie beside it, and a "
                    "table alone can't explain a decision. Predict with --out to keep a log",
                    f"{options.log}: 판정 표입니다. 기록 {beside.name}이 옆에 없어 판정을 설명할 "
                    "수 없습니다. --out을 주어 판정하면 기록이 남습니다",
                )
            )
        path = beside if beside.is_file() else path
    log = DecisionLog(path)
    if options.id is None:
        ids = [f"{entry.get('id')}  {entry.get('path')}" for entry in log][-5:]
        listed = "".join(f"\n  {ascii(line)[1:-1]}" for line in ids)
        raise LogError(
            told(
                f"{path}: which decision? Name a file or an id: harmlib explain {path} NAME"
                f"{listed and '. The last ones:'}{listed}",
                f"{path}: 어느 판정입니까? 파일 이름이나 id를 적으십시오: harmlib explain {path} "
                "이름"
                f"{listed and '. 마지막 판정:'}{listed}",
            )
        )
    return log.find(options.id)


def _bands(predictor: Predictor, options: argparse.Namespace) -> Bands:
    min_recall, min_precision = options.bands
    return predictor.bands(min_recall, min_precision, options.confidence, options.method)


def _unknown_ending(out: Path) -> str:
    endings = ", ".join(FORMATS)
    return told(
        f"--out {out}: must end in one of {endings}",
        f"--out {out}: 파일 이름이 {endings} 중 하나로 끝나야 합니다",
    )


def _goes_with(option: str, other: str) -> str:
    return told(f"{option} goes with {other}", f"{option}: {other}도 함께 적어야 합니다")


def _require_one_line(options: argparse.Namespace) -> None:
    """Refuse two answers to the question where the line is."""
    given = {
        "--threshold": options.threshold is not None,
        "--policy": bool(options.policy),
        "--bands": bool(options.bands),
    }
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1:
        raise ValueError(
            told(
                f"{' and '.join(names)} both draw the line: give one of them",
                f"{', '.join(names)}: 모두 기준을 정하는 옵션입니다. 하나만 주십시오",
            )
        )


def _print_rows(
    predictors: list[Predictor],
    found: Iterable[Path | Unusable],
    bands: dict[str, Bands],
    limits: DecodeLimits,
    progress: Callable[[int], None],
) -> int:
    writer = RowWriter(sys.stdout, table_columns(bands, predictors))
    unusable, decisions = 0, Counter[str]()
    for done, one in enumerate(predict_stream(predictors, found, limits), 1):
        if isinstance(one, Unusable):
            unusable += 1
            print(f"harmlib: {one.path}: {one.reason}", file=sys.stderr)
        else:
            row = with_band(one.row(), bands)
            decisions.update(count_of(row))
            writer.write(row)
            sys.stdout.flush()
        progress(done)
    print(summary(decisions, unusable), file=sys.stderr)
    return int(unusable > 0)


def _tell(written: Written, out: Path) -> int:
    """Say what was done, and where it lies."""
    unusable = len(written.ledger)
    ledger = f" ({written.ledger_path})" if unusable else ""
    print(
        told(
            f"{written.predicted:,} predicted, {written.reused:,} reused from the log, "
            f"{unusable:,} unusable{ledger}\n"
            f"{written.account()}\nTable: {out}: {summary(written.decisions, written.kept)}\n"
            f"Log: {written.log.path}",
            f"판정 {written.predicted:,}개, 기록에서 재사용 {written.reused:,}개, 쓸 수 없음 "
            f"{unusable:,}개{ledger}\n"
            f"{written.account()}\n표: {out}: {summary(written.decisions, written.kept)}\n"
            f"기록: {written.log.path}",
        )
    )
    return int(unusable > 0)


def _weights(given: list[str]) -> dict[str, str]:
    """`clip=PATH` as {clip: PATH}."""
    pairs = {}
    for text in given:
        name, _, path = text.partition("=")
        if not (name and path):
            raise ValueError(
                told(
                    f"--weights {text}: write BACKBONE=PATH, e.g. yolo=yolov8n.pt",
                    f"--weights {text}: 백본=경로로 적으십시오(예: yolo=yolov8n.pt)",
                )
            )
        pairs[name] = path
    return pairs


def _limits(options: argparse.Namespace) -> DecodeLimits:
    given = {"max_sec": options.max_decode_sec, "max_gib": options.max_decode_gib}
    return DecodeLimits(**{name: value for name, value in given.items() if value is not None})


def _windowing(options: argparse.Namespace) -> Windowing:
    how, _, k = options.reduce.partition(":")
    if how not in ("max", "top") or (how == "top") != k.isdigit():
        raise ValueError(
            told(
                f"--reduce {options.reduce}: use max, or top:K such as top:3",
                f"--reduce {options.reduce}: max 또는 top:K로 적으십시오(예: top:3)",
            )
        )
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
