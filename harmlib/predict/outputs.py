"""Predictions into a table, with a ledger, segments and a log beside it; resumed from the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from harmlib.address import Address
from harmlib.analysis.account import check_sum
from harmlib.analysis.bands import Bands, assign
from harmlib.language import told
from harmlib.media.contained import LIMITS
from harmlib.media.decoders import DecodeLimits
from harmlib.media.file_state import file_state
from harmlib.media.in_hand import noting
from harmlib.media.ledger import LEDGER_COLUMNS, Unusable
from harmlib.media.owned_lock import held
from harmlib.media.whole_file import written_whole
from harmlib.predict.decision_log import DecisionLog, Entry
from harmlib.predict.far_outputs import beside, named_there, near_outputs
from harmlib.predict.kept_ledger import KeptLedger
from harmlib.predict.prediction import COLUMNS, Prediction, category_columns
from harmlib.predict.predictor import Predictor
from harmlib.predict.stream import Stream, predict_stream
from harmlib.predict.strips import entries_of
from harmlib.predict.table_file import write_table
from harmlib.tables.csv_output import write_csv

STATE, PREDICTED, UNUSABLE = "harmlib.state", "harmlib.predicted", "harmlib.unusable"


@dataclass(frozen=True)
class Written:
    """What one call of `predict_into` did.

    Attributes
    ----------
    predicted : int
        Files predicted by this call.
    reused : int
        Files whose predictions an earlier call had left in the log.
    ledger : pandas.DataFrame
        The unusable files of this call, `LEDGER_COLUMNS`.
    ledger_path : Path or Address
        Where the ledger of all calls lies.
    kept : int
        Rows of that ledger: files that no call could use.
    settled : int
        Files that an earlier call could not use, and this one did.
    log : DecisionLog
        All decisions, of earlier calls too; of outputs at an address it is gone from this machine.
    models : frozenset of str
        sha256 of the checkpoints of this call.
    decisions : dict of str to int
        Rows of the table by decision, ``harmful`` and ``safe``, and with bands by band.
    """

    predicted: int
    reused: int
    ledger: pd.DataFrame
    ledger_path: Path | Address
    kept: int
    settled: int
    log: DecisionLog
    models: frozenset[str]
    decisions: dict[str, int]

    def account(self) -> str:
        """Say where each file went, in one line."""
        unusable = len(self.ledger)
        total = self.predicted + self.reused + unusable
        text = told(
            f"Account: {total:,} files in = {self.predicted:,} predicted + {self.reused:,} reused "
            f"+ {unusable:,} unusable. Ledger of all calls: {self.kept:,} files",
            f"합계: 받은 파일 {total:,}개 = 판정 {self.predicted:,}개 + 재사용 {self.reused:,}개 + "
            f"쓸 수 없음 {unusable:,}개. 지금까지의 장부: {self.kept:,}개",
        )
        if not self.settled:
            return text
        return text + told(
            f", {self.settled:,} fewer that could be used now",
            f"(이번에 쓸 수 있게 된 {self.settled:,}개는 빠짐)",
        )

    def decisions_on(self, paths: Iterable[str | Path]) -> list[Entry]:
        """The last entries of the log on these files by these checkpoints."""
        wanted = set(map(str, paths))
        return [entry for entry in self.log.latest(self.models) if entry["path"] in wanted]


@dataclass(frozen=True)
class Part:
    """Some of the files of a call that writes a shard for each so many files.

    Attributes
    ----------
    paths : frozenset of str
        Of all of them.
    state : str
        Changes with the files and with whatever decides on them.
    """

    paths: frozenset[str]
    state: str

    def about(self, predicted: int, unusable: int) -> dict[str, str]:
        """What the shard tells of itself, so that it is known when it needn't be made again."""
        return {STATE: self.state, PREDICTED: str(predicted), UNUSABLE: str(unusable)}


def predict_into(
    out: Path | Address,
    predictors: list[Predictor],
    found: Iterable[Path | Address | Unusable],
    bands: dict[str, Bands] | None = None,
    *,
    strips: bool = True,
    limits: DecodeLimits = LIMITS,
    progress: Callable[[int], None] | None = None,
    part: Part | None = None,
    stream: Stream | None = None,
) -> Written:
    """Predict files into the table `out`, and into the files beside it.

    A file that these checkpoints have predicted in the same way, and that has not changed since,
    is not predicted again. The table holds the last decision of these checkpoints on every path of
    the log.

    Parameters
    ----------
    out : Path or Address
        A .csv, .parquet or .jsonl file; its folder may be new. What goes to an address is written
        in a folder of this machine, and uploaded at the end, or when something ends the call. Only
        a process that is killed leaves nothing there; what it has done, the next one on the same
        machine goes on with.
    predictors : list of Predictor
        One, or one for each modality.
    found : iterable of Path, Address or Unusable
        As `harmlib.media.find.find_files` yields them.
    bands : dict of str to Bands, optional
        Modality to its bands, for a column `band`.
    strips : bool
        Write pictures of harmful segments, too.
    limits : DecodeLimits
        What decoding one file may take.
    progress : callable, optional
        Called with the number of files that are done, whatever came of them.
    part : Part, optional
        What `found` is a part of; then table and ledger hold nothing of other files.
    stream : Stream, optional
        What predicts; by default `predict_stream`, on this machine.

    Returns
    -------
    Written

    Raises
    ------
    InUse
        If another process writes there; the message names it.
    AccountError
        If a file went in and did not come out. What did is written.
    """
    # Outputs that differ in their suffix alone share the log and the ledger.
    with (
        near_outputs(out) as near,
        held(near.with_suffix(".lock"), f"the output {out}"),
    ):
        predict = predict_stream if stream is None else stream

        def stream_there(*given: Any) -> Iterator[Prediction | Unusable]:
            return named_there(predict(*given), near, out)

        written = _predict_into(
            near, predictors, found, bands, strips, limits, progress, part, stream_there
        )
    return replace(written, ledger_path=beside(out, ".ledger.csv"))


def _predict_into(
    out: Path,
    predictors: list[Predictor],
    found: Iterable[Path | Address | Unusable],
    bands: dict[str, Bands] | None,
    strips: bool,
    limits: DecodeLimits,
    progress: Callable[[int], None] | None,
    part: Part | None,
    stream: Stream,
) -> Written:
    log = DecisionLog(out.with_suffix(".decisions.jsonl"))
    kept = KeptLedger(out.with_suffix(".ledger.csv"))
    fresh = _Fresh(found, predictors, log, kept)
    unusable: list[Unusable] = []
    predicted: list[str] = []
    with noting(out.with_suffix(".in_hand")) as notes:
        results = stream(predictors, fresh, limits, notes)
        for one in entries_of(results, out.with_suffix(".segments") if strips else None):
            if isinstance(one, Unusable):
                unusable.append(one)
                kept.add(one)
            else:
                log.append(one)
                predicted.append(one["path"])
                kept.settle(one["path"])
            if progress:
                progress(len(predicted) + len(unusable) + fresh.reused)
    log.close()
    models = frozenset(predictor.digest for predictor in predictors)
    columns = table_columns(bands, predictors)
    decisions: Counter[str] = Counter()
    # Of a file that can't be used now, the log may hold what was decided on an earlier content
    used = part and replace(part, paths=part.paths - {one.path for one in unusable})
    rows = (with_band(entry, bands) for entry in _entries(log, models, used))
    about = part.about(len(predicted) + fresh.reused, len(unusable)) if part else None
    write_table(_counted(rows, decisions), out, columns, about)
    _write_segments(_entries(log, models, used), out.with_suffix(".segments.csv"))
    if part:
        kept.keep_only(part.paths)
    kept.write()
    check_sum(fresh.taken, predicted, [one.path for one in unusable], "files to predict")
    ledger = pd.DataFrame([one.row() for one in unusable], columns=list(LEDGER_COLUMNS))
    return Written(
        len(predicted), fresh.reused, ledger, kept.path, len(kept.rows), kept.settled, log, models,
        dict(decisions),
    )  # fmt: skip


def _entries(log: DecisionLog, models: frozenset[str], part: Part | None) -> Iterator[Entry]:
    """The rows of the table."""
    entries = log.latest(models)
    return (e for e in entries if e["path"] in part.paths) if part else entries


def _counted(rows: Iterable[dict[str, Any]], into: Counter[str]) -> Iterator[dict[str, Any]]:
    for row in rows:
        into.update(count_of(row))
        yield row


def count_of(row: dict[str, Any]) -> list[str]:
    """What one row counts as in a summary: its decision, and its band where it has one.

    Parameters
    ----------
    row : dict
        Of the table of predictions.

    Returns
    -------
    list of str

    Examples
    --------
    >>> count_of({"decision": "safe", "band": "review"})
    ['safe', 'review']
    """
    return [str(row[name]) for name in ("decision", "band") if name in row]


class _Fresh:
    """Files less those whose predictions the log holds already; these are counted."""

    def __init__(
        self,
        found: Iterable[Path | Address | Unusable],
        predictors: list[Predictor],
        log: DecisionLog,
        ledger: KeptLedger,
    ) -> None:
        self.reused = 0
        self.taken: list[str] = []
        self._found = found
        self._ledger = ledger
        self._known: set[tuple[str, int, int] | None] = set()
        for predictor in predictors:
            self._known |= log.states(
                predictor.digest,
                asdict(predictor.windowing),
                predictor.policy,
                thresholds_of(predictor),
            )

    def __iter__(self) -> Iterator[Path | Address | Unusable]:
        for path in self._found:
            if self._known and not isinstance(path, Unusable) and _state(path) in self._known:
                self.reused += 1
                self._ledger.settle(str(path))
            else:
                self.taken.append(path.path if isinstance(path, Unusable) else str(path))
                yield path


def thresholds_of(predictor: Predictor) -> dict[str, float]:
    """The thresholds of a predictor, by the names that they have in an entry of the log.

    Parameters
    ----------
    predictor : Predictor

    Returns
    -------
    dict of str to float
    """
    return {
        f"threshold_{category}" if category else "threshold": output.threshold
        for category, output in predictor.outputs.items()
    }


def _state(path: Path | Address) -> tuple[str, int, int] | None:
    state = file_state(path)
    return (str(path), state.size, state.mtime_ns) if state else None


def with_band(row: dict[str, Any], bands: dict[str, Bands] | None) -> dict[str, Any]:
    """A row with its band, where bands are asked for.

    Parameters
    ----------
    row : dict
        With modality and probability.
    bands : dict of str to Bands, optional
        Modality to its bands.

    Returns
    -------
    dict
        `row` itself without bands, else a copy with "band": "pass", "review" or "block".
    """
    if not bands:
        return row
    return row | {"band": str(assign([row["probability"]], bands[row["modality"]])[0])}


def table_columns(
    bands: dict[str, Bands] | None, predictors: Iterable[Predictor] = ()
) -> list[str]:
    """The columns of the table of predictions; with bands one more.

    Parameters
    ----------
    bands : dict of str to Bands, optional
    predictors : iterable of Predictor
        Whose categories, if they have any, get columns of their own.

    Returns
    -------
    list of str

    Examples
    --------
    >>> table_columns(None)[:2]
    ['path', 'modality']
    """
    categories = dict.fromkeys(name for one in predictors for name in one.categories)
    return [*COLUMNS, *category_columns(categories), *(["band"] if bands else [])]


def _write_segments(entries: Iterable[Entry], path: Path) -> None:
    segments = [
        {"path": entry["path"], "id": entry["id"], **segment}
        for entry in entries
        for segment in entry["segments"]
    ]
    if segments:
        with written_whole(path) as part:
            write_csv(pd.DataFrame(segments), part)
    else:
        path.unlink(missing_ok=True)  # those of other models
