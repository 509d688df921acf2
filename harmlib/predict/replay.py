"""A logged decision made again, from the file on disk and with the same checkpoint."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harmlib.address import Address, place
from harmlib.language import told
from harmlib.media.fetching import local_file
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
    path = _checkpoint_of(entry)
    try:
        windowing = Windowing(**entry["windowing"])
        file, sha256 = place(entry["file"]), entry["sha256"]
        probability, decision = float(entry["probability"]), entry["decision"]
    except (KeyError, TypeError, ValueError) as error:
        raise LogError(f"this entry of the log is damaged: {error}") from error
    predictor = Predictor(
        path, weights=weights, artifacts=artifacts, device=device, windowing=windowing
    )
    # A policy's file may say something else by now, a threshold may have been given by hand: the
    # log holds what counted
    predictor.policy = str(entry.get("policy") or "")
    for category, output in predictor.outputs.items():
        output.policy = predictor.policy
        name = f"threshold_{category}" if category else "threshold"
        if name in entry or predictor.policy:
            output.threshold = _logged(entry, name)
    if (isinstance(file, Path) and not file.is_file()) or _sha256(file) != sha256:
        raise LogError(
            told(
                f"{file}: the file there is gone, or has another content now",
                f"{file}: 파일이 없어졌거나 내용이 바뀌었습니다",
            )
        )
    (again,) = predict_stream([predictor], [file])
    if isinstance(again, Unusable):
        raise LogError(
            told(
                f"{file}: can't be predicted again: {again.reason}",
                f"{file}: 다시 판정할 수 없습니다: {again.reason}",
            )
        )
    is_near = abs(again.probability - probability) <= TOLERANCE
    if again.categories:  # the leading one may be another where two are as near
        is_near = all(
            abs(own.probability - _logged(entry, f"probability_{name}")) <= TOLERANCE
            for name, own in again.categories.items()
        )
    return Replay(again.probability, again.decision, is_near and again.decision == decision)


def _logged(entry: Entry, name: str) -> float:
    try:
        return float(entry[name])
    except (KeyError, TypeError, ValueError) as error:
        raise LogError(f"this entry of the log is damaged: {error}") from error


def _checkpoint_of(entry: Entry) -> Path:
    """The checkpoint of a decision, if its content is the logged one: nothing else is opened."""
    path = Path(str(entry.get("checkpoint")))
    if not path.is_file():
        raise LogError(
            told(
                f"{path}: there is no such checkpoint any more",
                f"{path}: 그 체크포인트가 이제 없습니다",
            )
        )
    if _sha256(path) != entry.get("model_sha256"):
        raise LogError(
            told(
                f"{path}: the checkpoint there is another one now",
                f"{path}: 판정할 때와 다른 체크포인트입니다",
            )
        )
    return path


def _sha256(path: Path | Address) -> str:
    try:
        with local_file(path) as near, near.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise LogError(f"{path}: can't be read: {error}") from error
