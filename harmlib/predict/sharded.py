"""Predictions of any number of files, in shards: a table, a ledger and a log for each so many.

The files are cut by their order. A shard is written whole, after its log, so that a call that was
ended goes on with the first one that isn't there, and memory holds what one shard takes.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from harmlib.address import Address
from harmlib.analysis.bands import Bands
from harmlib.language import told
from harmlib.media.contained import LIMITS
from harmlib.media.decoders import DecodeLimits
from harmlib.media.file_state import file_state
from harmlib.media.in_hand import noting
from harmlib.media.ledger import Unusable
from harmlib.predict.outputs import Part, predict_into, thresholds_of
from harmlib.predict.postponed import Postponed, Shard, knowing, path_of
from harmlib.predict.prediction import Prediction
from harmlib.predict.predictor import Predictor
from harmlib.predict.shard_left import NOTES, LeftShard, has_notes, is_there, left_shard
from harmlib.predict.shard_rule import claimed, rule_of
from harmlib.predict.stream import Found, Stream

FILES = 10_000  # of a shard


@dataclass
class Shards:
    """What one call of `predict_into_shards` did.

    Attributes
    ----------
    folder : Path or Address
    count : int
        Shards that hold the files of this call.
    predicted, reused, unusable : int
        Files, as `harmlib.predict.outputs.Written` counts them.
    decisions : Counter of str
        Rows by decision, and with bands by band.
    further : bool
        Whether the folder holds shards of other files behind these.
    """

    folder: Path | Address
    count: int = 0
    predicted: int = 0
    reused: int = 0
    unusable: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    further: bool = False

    @property
    def files(self) -> int:
        """All that are done."""
        return self.predicted + self.reused + self.unusable

    def account(self) -> str:
        """Say where each file went, in one line."""
        total = self.files
        return told(
            f"Account: {total:,} files in = {self.predicted:,} predicted + {self.reused:,} reused "
            f"+ {self.unusable:,} unusable, in {self.count:,} shards",
            f"합계: 받은 파일 {total:,}개 = 판정 {self.predicted:,}개 + 재사용 {self.reused:,}개 + "
            f"쓸 수 없음 {self.unusable:,}개, 조각 {self.count:,}개",
        )


def predict_into_shards(
    folder: Path | Address,
    predictors: list[Predictor],
    found: Iterable[Found],
    bands: dict[str, Bands] | None = None,
    *,
    files: int = FILES,
    strips: bool = True,
    limits: DecodeLimits = LIMITS,
    progress: Callable[[int], None] | None = None,
    stream: Stream | None = None,
) -> Shards:
    """Predict files into ``part-00000.parquet`` and so on, each with its ledger and log beside it.

    A shard that holds what it would hold again is left as it is, if all its files could be used.
    Of another one the log is gone on with: only what it lacks is predicted. With `stream`, whose
    every call costs a job, the few files that a finished shard lacks are tried again at the end,
    for many shards at once.

    Parameters
    ----------
    folder : Path or Address
        May be new.
    predictors, bands : list of Predictor, dict of str to Bands
        As for `harmlib.predict.outputs.predict_into`.
    found : iterable of Path, Address or Unusable
        In an order that stays: a file that comes in between shifts those behind it.
    files : int
        Of each shard, at least 1.
    strips, limits, progress, stream : bool, DecodeLimits, callable, Stream
        As for `predict_into`. A `stream` is elsewhere, so that this machine's own isn't named here.

    Returns
    -------
    Shards

    Raises
    ------
    OtherShards
        If the folder holds shards that something else has decided.
    InUse
        If another process of this machine writes shards there.
    AccountError, Unreachable
        As `predict_into` does.
    """
    thresholds: dict[str, dict[str, float]] = {p.modality: thresholds_of(p) for p in predictors}
    with claimed(folder, rule_of(predictors, thresholds, bands)):
        return _predict_into_shards(
            folder, predictors, found, bands, files, strips, limits, progress, stream
        )


def _predict_into_shards(
    folder: Path | Address,
    predictors: list[Predictor],
    found: Iterable[Found],
    bands: dict[str, Bands] | None,
    files: int,
    strips: bool,
    limits: DecodeLimits,
    progress: Callable[[int], None] | None,
    stream: Stream | None,
) -> Shards:
    done = Shards(folder)

    def write(shard: Shard, predicts: Stream | None) -> None:
        written = predict_into(
            shard.out,
            predictors,
            shard.files,
            bands,
            strips=strips,
            limits=limits,
            progress=_from(done.files, progress) if progress else None,
            part=shard.part,
            stream=predicts,
        )
        done.predicted += written.predicted
        done.reused += written.reused
        done.unusable += len(written.ledger)
        done.decisions.update(written.decisions)

    with tempfile.TemporaryFile() as file:
        postponed = Postponed(file)
        for own in _cut(found, files):
            shard = Shard(
                folder / shard_name(done.count),
                own,
                Part(frozenset(map(path_of, own)), _state(own, predictors, bands)),
            )
            done.count += 1
            left = left_shard(shard.out, shard.part)
            if left is not None and not left.unusable:
                done.reused += len(own)
                done.decisions.update(left.decisions)
                if progress:
                    progress(done.files)
            elif left is None or stream is None or not _waits(shard, left, postponed):
                write(shard, stream)
        if stream is not None:
            attempt = partial(_again, stream, folder, predictors, limits)
            for shard, outcomes in postponed.tried_again(files, attempt):
                write(shard, knowing(outcomes, stream))
    done.further = is_there(folder / shard_name(done.count))
    return done


def _waits(shard: Shard, left: LeftShard, postponed: Postponed) -> bool:
    """Whether what a shard lacks is tried again later; its notes are read in a call of its own."""
    lacking = [one for one in shard.files if left.lacks(path_of(one))]
    return not has_notes(shard.out) and postponed.add(shard, lacking)


def _again(
    stream: Stream,
    folder: Path | Address,
    predictors: list[Predictor],
    limits: DecodeLimits,
    files: list[Found],
) -> Iterator[Prediction | Unusable]:
    if isinstance(folder, Address):  # which has no room for the notes of all shards together
        yield from stream(predictors, files, limits, None)
        return
    with noting(folder / f"again{NOTES}") as notes:
        yield from stream(predictors, files, limits, notes)


def shard_name(number: int) -> str:
    """The name of a shard.

    Parameters
    ----------
    number : int
        From 0.

    Returns
    -------
    str

    Examples
    --------
    >>> shard_name(12)
    'part-00012.parquet'
    """
    return f"part-{number:05d}.parquet"


def _cut(found: Iterable[Found], files: int) -> Iterator[list[Found]]:
    left = iter(found)
    while part := list(islice(left, files)):
        yield part


def _from(so_far: int, progress: Callable[[int], None]) -> Callable[[int], None]:
    return lambda done: progress(so_far + done)


def _state(part: list[Found], predictors: list[Predictor], bands: dict[str, Bands] | None) -> str:
    """Changes with the files, and with whatever decides on them."""
    digest = hashlib.sha256()
    for one in predictors:
        made_by = one.digest, asdict(one.windowing), one.policy, thresholds_of(one)
        digest.update(f"{made_by}\n".encode())
    digest.update(f"{bands}\n".encode())
    for file in part:
        state = None if isinstance(file, Unusable) else file_state(file)
        digest.update(f"{path_of(file)}\0{state}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
