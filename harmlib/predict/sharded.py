"""Predictions of any number of files, in shards: a table, a ledger and a log for each so many.

The files are cut by their order. A shard is written whole, after its log, so that a call that was
ended goes on with the first one that isn't there, and memory holds what one shard takes.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harmlib.address import Address, asking
from harmlib.analysis.bands import Bands
from harmlib.language import told
from harmlib.media.contained import LIMITS
from harmlib.media.decoders import DecodeLimits
from harmlib.media.file_state import file_state
from harmlib.media.ledger import Unusable
from harmlib.predict.outputs import (
    PREDICTED,
    STATE,
    UNUSABLE,
    Part,
    count_of,
    predict_into,
    thresholds_of,
)
from harmlib.predict.predictor import Predictor
from harmlib.predict.shard_rule import claim, rule_of
from harmlib.predict.stream import Stream

FILES = 10_000  # of a shard

Found = Path | Address | Unusable


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

    def account(self) -> str:
        """Say where each file went, in one line."""
        total = self.predicted + self.reused + self.unusable
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
    Of another one the log is gone on with: only what it lacks is predicted.

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
        As for `predict_into`.

    Returns
    -------
    Shards

    Raises
    ------
    OtherShards
        If the folder holds shards that something else has decided.
    InUse, AccountError, Unreachable
        As `predict_into` does.
    """
    done = Shards(folder)
    thresholds: dict[str, dict[str, float]] = {p.modality: thresholds_of(p) for p in predictors}
    claim(folder, rule_of(predictors, thresholds, bands))
    for part_of_them in _cut(found, files):
        out = folder / shard_name(done.count)
        part = Part(
            frozenset(_path(one) for one in part_of_them), _state(part_of_them, predictors, bands)
        )
        so_far = done.predicted + done.reused + done.unusable
        finished = _finished(out, part)
        if finished is not None:
            done.reused += len(part_of_them)
            done.decisions.update(finished)
            if progress:
                progress(so_far + len(part_of_them))
        else:
            written = predict_into(
                out,
                predictors,
                part_of_them,
                bands,
                strips=strips,
                limits=limits,
                progress=_from(so_far, progress) if progress else None,
                part=part,
                stream=stream,
            )
            done.predicted += written.predicted
            done.reused += written.reused
            done.unusable += len(written.ledger)
            done.decisions.update(written.decisions)
        done.count += 1
    done.further = _about(folder / shard_name(done.count)) is not None
    return done


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


def _path(one: Found) -> str:
    return one.path if isinstance(one, Unusable) else str(one)


def _state(part: list[Found], predictors: list[Predictor], bands: dict[str, Bands] | None) -> str:
    """Changes with the files, and with whatever decides on them."""
    digest = hashlib.sha256()
    for one in predictors:
        made_by = one.digest, asdict(one.windowing), one.policy, thresholds_of(one)
        digest.update(f"{made_by}\n".encode())
    digest.update(f"{bands}\n".encode())
    for file in part:
        state = None if isinstance(file, Unusable) else file_state(file)
        digest.update(f"{_path(file)}\0{state}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _finished(out: Path | Address, part: Part) -> Counter[str] | None:
    """The decisions of a shard that would become the same again; None of any other."""
    about = _about(out)
    if about is None or about.get(STATE) != part.state or about.get(UNUSABLE) != "0":
        return None
    if about.get(PREDICTED) != str(len(part.paths)):
        return None
    counts: Counter[str] = Counter()
    with _opened(out) as file:
        names = [name for name in ("decision", "band") if name in file.schema_arrow.names]
        for batch in file.iter_batches(columns=names):
            for row in batch.to_pylist():
                counts.update(count_of(row))
    return counts


def _about(out: Path | Address) -> dict[str, str] | None:
    """What a shard tells of itself; None where there is none, or something else."""
    try:
        with _opened(out) as file:
            about = file.metadata.metadata or {}
    except (FileNotFoundError, pa.ArrowInvalid):
        return None
    return {name.decode(): value.decode("utf-8", "replace") for name, value in about.items()}


@contextmanager
def _opened(out: Path | Address) -> Iterator[pq.ParquetFile]:
    if isinstance(out, Path):
        with pq.ParquetFile(out) as file:
            yield file
        return
    with asking(out) as (system, path):
        content = system.cat_file(path)
    with pq.ParquetFile(io.BytesIO(content)) as file:  # what is no parquet is nobody's silence
        yield file
