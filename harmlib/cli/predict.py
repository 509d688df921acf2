"""`harmlib predict`: files in, a table, a ledger and a log out."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harmlib.address import Address, place, without_secrets
from harmlib.analysis.bands import Bands
from harmlib.analysis.policy_file import PolicyError
from harmlib.cli.bands_text import bands_lines
from harmlib.cli.predict_inputs import is_sharded_out, weights_by_backbone
from harmlib.cli.predict_progress import Total, shown_progress
from harmlib.cli.predict_text import summary, threshold_lines, warnings_of
from harmlib.features.processors import NoSuchProcessor
from harmlib.features.weights import WeightsError
from harmlib.language import told
from harmlib.media.decoders import DecodeLimits
from harmlib.media.find import find_files
from harmlib.media.ledger import Unusable
from harmlib.models.checkpoint import CheckpointError
from harmlib.predict.far_outputs import beside
from harmlib.predict.opening import CheckpointOpener, Opener
from harmlib.predict.outputs import (
    Written,
    count_of,
    predict_into,
    table_columns,
    with_band,
)
from harmlib.predict.predictor import Predictor
from harmlib.predict.ray_stages import FolderUnseen
from harmlib.predict.shard_rule import OtherShards
from harmlib.predict.sharded import FILES, Shards, predict_into_shards, shard_name
from harmlib.predict.stream import Stream, predict_stream
from harmlib.predict.windows import Windowing
from harmlib.tables.csv_output import RowWriter

# What something else than its files keeps a call from, here or on a node
_REFUSED = (
    OtherShards, CheckpointError, WeightsError, PolicyError, FolderUnseen, NoSuchProcessor,
)  # fmt: skip


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
        opener = _opener(options)
        predictors = opener.open(computes=options.engine == "local")
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
        out = place(options.out)
        if is_sharded_out(options.out):
            try:
                with _stream(options, opener) as stream:
                    shards = predict_into_shards(
                        out,
                        predictors,
                        found,
                        bands,
                        files=options.shard_files or FILES,
                        limits=limits,
                        progress=progress,
                        stream=stream,
                    )
            except _REFUSED as error:
                print(f"harmlib: {error}", file=sys.stderr)
                return 2
            return _tell_shards(shards)
        written = predict_into(out, predictors, found, bands, limits=limits, progress=progress)
    return _tell(written, out)


def _opener(options: argparse.Namespace) -> CheckpointOpener:
    """On Ray its paths are absolute: it is opened by processes that began in other folders."""
    checkpoint, file = options.checkpoint, options.policy_file
    weights = weights_by_backbone(options.weights)
    if options.engine == "ray":
        checkpoint, file = checkpoint.absolute(), file and file.absolute()
        near = {name: Path(path) for name, path in weights.items()}  # or a word
        weights |= {name: str(path.absolute()) for name, path in near.items() if path.exists()}
    return CheckpointOpener(
        checkpoint,
        weights=weights,
        device=options.device,
        windowing=_windowing(options),
        policy=options.policy,
        policy_file=file,
        threshold=options.threshold,
    )


@contextmanager
def _stream(options: argparse.Namespace, opener: Opener) -> Iterator[Stream | None]:
    """What predicts on a cluster; None on this machine."""
    if options.engine == "local":
        yield None
        return
    from harmlib.predict.ray_stream import ray_stream  # Ray is an extra

    with ray_stream(opener) as stream:
        yield stream


def _bands(predictor: Predictor, options: argparse.Namespace) -> Bands:
    min_recall, min_precision = options.bands
    return predictor.bands(min_recall, min_precision, options.confidence, options.method)


def _print_rows(
    predictors: list[Predictor],
    found: Iterable[Path | Address | Unusable],
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


def _tell(written: Written, out: Path | Address) -> int:
    """Say what was done, and where it lies."""
    unusable = len(written.ledger)
    ledger = f" ({written.ledger_path})" if unusable else ""
    log = beside(out, ".decisions.jsonl")
    print(
        told(
            f"{written.predicted:,} predicted, {written.reused:,} reused from the log, "
            f"{unusable:,} unusable{ledger}\n"
            f"{written.account()}\nTable: {out}: {summary(written.decisions, written.kept)}\n"
            f"Log: {log}",
            f"판정 {written.predicted:,}개, 기록에서 재사용 {written.reused:,}개, 쓸 수 없음 "
            f"{unusable:,}개{ledger}\n"
            f"{written.account()}\n표: {out}: {summary(written.decisions, written.kept)}\n"
            f"기록: {log}",
        )
    )
    return int(unusable > 0)


def _tell_shards(done: Shards) -> int:
    """Say the same of shards, and which of them aren't of this call."""
    print(
        told(
            f"{done.account()}\nShards: {done.folder}/{shard_name(0)} …: "
            f"{summary(done.decisions, done.unusable)}",
            f"{done.account()}\n조각: {done.folder}/{shard_name(0)} …: "
            f"{summary(done.decisions, done.unusable)}",
        )
    )
    if done.further:
        first = f"{done.folder}/{shard_name(done.count)}"
        print(
            told(
                f"harmlib: {first} and what follows it are of an earlier call with more files; "
                "remove them, or they will be read with the others",
                f"harmlib: {first}부터는 파일이 더 많던 이전 실행의 조각입니다. 지우지 않으면 함께 "
                "읽힙니다",
            ),
            file=sys.stderr,
        )
    return int(done.unusable > 0)


def _limits(options: argparse.Namespace) -> DecodeLimits:
    given = {"max_sec": options.max_decode_sec, "max_gib": options.max_decode_gib}
    return DecodeLimits(**{name: value for name, value in given.items() if value is not None})


def _windowing(options: argparse.Namespace) -> Windowing:
    how, _, k = options.reduce.partition(":")
    if how not in ("max", "top") or (how == "top") != k.isdigit():
        shown = without_secrets(options.reduce)
        raise ValueError(
            told(
                f"--reduce {shown}: use max, or top:K such as top:3",
                f"--reduce {shown}: max 또는 top:K로 적으십시오(예: top:3)",
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
