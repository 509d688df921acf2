"""A logged decision made again, from the file on disk and with the same checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harmlib.media.ledger import Unusable
from harmlib.predict.decision_log import Entry, LogError
from harmlib.predict.predictor import ARTIFACTS, Predictor
from harmlib.predict.stream import predict_stream
from harmlib.predict.windows import Windowing

TOLERANCE = 1e-3  # of a probability: another batch or processor moves the last bits of bf16


@dataclass(frozen=True)
class Replay:
    """What came out this time.

    Attributes
    ----------
    probability : float
        In [0, 1].
    decision : {"harmful", "safe"}
    same : bool
        Whether the decision is the logged one, and the probability within `TOLERANCE` of it.
    """

    probability: float
    decision: str
    same: bool


def replay(
    entry: Entry,
    *,
    weights: Mapping[str, str] | None = None,
    artifacts: Path = ARTIFACTS,
    device: str = "auto",
) -> Replay:
    """Predict the file of a logged decision again.

    Parameters
    ----------
    entry : dict
        Of the log.
    weights : mapping of str to str, optional
    artifacts : Path
    device : str
        These three as for `Predictor`.

    Returns
    -------
    Replay

    Raises
    ------
    LogError
        If the file or the checkpoint is not what it was.
    CheckpointError, WeightsError
        As `Predictor`.
    """
    predictor = Predictor(
        entry["checkpoint"],
        weights=weights,
        artifacts=artifacts,
        device=device,
        windowing=Windowing(**entry["windowing"]),
    )
    if predictor.digest != entry["model_sha256"]:
        raise LogError(f"{entry['checkpoint']}: the checkpoint there is another one now")
    (again,) = predict_stream([predictor], [Path(entry["file"])])
    if isinstance(again, Unusable):
        raise LogError(f"{entry['file']}: can't be predicted again: {again.reason}")
    if again.facts.sha256 != entry["sha256"]:
        raise LogError(f"{entry['file']}: the file there has another content now")
    is_near = abs(again.probability - entry["probability"]) <= TOLERANCE
    return Replay(
        again.probability, again.decision, is_near and again.decision == entry["decision"]
    )
