"""One file's prediction, and the scores of its windows from which it is made."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch

from harmlib.analysis.segments import can_stop, harmful_segments, reduce_scores
from harmlib.features.vector_stream import Window
from harmlib.media.probe import Facts
from harmlib.models.classifier import probabilities
from harmlib.models.explanation import Explanation, explain
from harmlib.params import Modality
from harmlib.predict.predictor import Predictor
from harmlib.predict.windows import Windowing

COLUMNS = [
    "path",
    "modality",
    "logit",
    "probability",
    "threshold",
    "decision",
    "margin",
    "model_id",
    "seconds",
    "note",
    "policy",
]
# Behind these, where categories are scored; and each category's `probability_` and `threshold_`.
CATEGORY_COLUMNS = ["category", "above"]


@dataclass(frozen=True)
class CategoryScore:
    """What a category's output says of a file.

    Attributes
    ----------
    probability : float
        In [0, 1].
    threshold : float
        The category's own.
    """

    probability: float
    threshold: float

    @property
    def is_above(self) -> bool:
        """Whether the file is of the category: its probability is above the threshold."""
        return self.probability > self.threshold


@dataclass(frozen=True)
class Prediction:
    """What a saved classifier says about one file, and all that the log keeps of it.

    Attributes
    ----------
    facts : Facts
        The file: path, size, mtime_ns, sha256, duration_sec.
    modality : {"image", "video"}
    logit : float
    probability : float
        In [0, 1]; of a file of several windows as `Windowing.how` says.
    threshold : float
        The operating threshold, a probability: of the checkpoint, or of the policy.
    model_id : str
        Variant, modality and the first digits of the checkpoint's sha256.
    seconds : float
        From taking the file up to its prediction, while others were under way.
    model_sha256 : str
        Of the checkpoint.
    checkpoint : Path
        The checkpoint's file.
    windowing : Windowing
        How the file was cut.
    windows : pandas.DataFrame
        One row per scored window: stream (its number in the file), start_sec, end_sec, logit,
        probability. A short file is one.
    segments : pandas.DataFrame
        As `harmful_segments` returns them, with the number of the video stream in front; empty for
        a file of one window.
    explanation : Explanation
        Of the window that scored highest.
    note : str
        What a person should know: where the file's clock was mended, which streams it has, what a
        bound left out. Mostly empty.
    policy : str
        The policy that the threshold is of; empty for the checkpoint's own.
    category : str
        Where categories are scored: the one with the largest margin. Logit, probability, threshold,
        windows, segments and explanation are of it. So the file is harmful where any category is
        above its own threshold.
    categories : dict of str to CategoryScore
        What each category's output says; empty where being harmful is scored.
    """

    facts: Facts
    modality: Modality
    logit: float
    probability: float
    threshold: float
    model_id: str
    seconds: float
    model_sha256: str
    checkpoint: Path
    windowing: Windowing
    windows: pd.DataFrame
    segments: pd.DataFrame
    explanation: Explanation
    note: str = ""
    policy: str = ""
    category: str = ""
    categories: dict[str, CategoryScore] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The file as it was named."""
        return self.facts.path

    @property
    def decision(self) -> Literal["harmful", "safe"]:
        """Harmful where the probability is above the threshold."""
        return "harmful" if self.probability > self.threshold else "safe"

    @property
    def margin(self) -> float:
        """Probability minus threshold."""
        return self.probability - self.threshold

    def row(self) -> dict[str, Any]:
        """The values of `table_columns` of its categories, in their order."""
        row = {name: getattr(self, name) for name in COLUMNS}
        if not self.categories:
            return row
        above = [name for name, own in self.categories.items() if own.is_above]
        row |= {"category": self.category, "above": "|".join(above)}
        for name, own in self.categories.items():
            row |= {f"probability_{name}": own.probability, f"threshold_{name}": own.threshold}
        return row


def category_columns(categories: Iterable[str]) -> list[str]:
    """The columns behind `COLUMNS` in a table of files whose categories are scored.

    Parameters
    ----------
    categories : iterable of str

    Returns
    -------
    list of str
        None without categories.

    Examples
    --------
    >>> category_columns(["gun"])
    ['category', 'above', 'probability_gun', 'threshold_gun']
    """
    own = [f"{kind}_{name}" for name in categories for kind in ("probability", "threshold")]
    return [*CATEGORY_COLUMNS, *own] if own else []


@dataclass
class ScoredFile:
    """A file whose windows are being scored.

    Attributes
    ----------
    facts : Facts
        The file.
    windows : list of Window
        All its windows, in order.
    logits : dict of str to float
        Key of a window to its logit, for those scored so far.
    highest : torch.Tensor or None
        (1, dim) scaled features of the window with the highest logit so far.
    started : float
        When the file was taken up, of `time.monotonic`.
    note : str
        As in `Prediction`.
    """

    facts: Facts
    windows: list[Window]
    logits: dict[str, float] = field(default_factory=dict)
    highest: torch.Tensor | None = None
    started: float = field(default_factory=time.monotonic)
    note: str = ""

    def add(self, key: str, logit: float, features: torch.Tensor) -> None:
        """Take the score of one window."""
        if self.highest is None or logit > max(self.logits.values()):
            self.highest = features
        self.logits[key] = logit

    def is_decided(self, threshold: float, windowing: Windowing) -> bool:
        """Whether no further window is needed."""
        remaining = len(self.windows) - len(self.logits)
        if remaining == 0:
            return True
        if not windowing.early_exit:
            return False
        seen = probabilities(list(self.logits.values()))
        return can_stop(seen, remaining, threshold, windowing.how, windowing.k)

    def table(self) -> pd.DataFrame:
        """The scored windows in order: stream, start_sec, end_sec, logit, probability."""
        scored = [window for window in self.windows if window.key in self.logits]
        logits = np.array([self.logits[window.key] for window in scored])
        return pd.DataFrame(
            {
                "stream": [window.track.stream or 0 for window in scored],
                "start_sec": [window.start_sec for window in scored],
                "end_sec": [window.start_sec + window.duration_sec for window in scored],
                "logit": logits,
                "probability": probabilities(logits),
            }
        )


def make_prediction(scored: ScoredFile, predictor: Predictor) -> Prediction:
    """The prediction of a file whose scores are decided.

    Parameters
    ----------
    scored : ScoredFile
        With at least one window scored.
    predictor : Predictor
        That scored them.

    Returns
    -------
    Prediction
    """
    assert scored.highest is not None
    threshold, windowing = predictor.threshold, predictor.windowing
    windows = scored.table()
    probability = reduce_scores(windows["probability"], windowing.how, windowing.k)
    logit = float(windows["logit"].max())
    if windowing.how == "top_mean" and len(windows) > 1:
        logit = float(np.log(probability) - np.log1p(-probability))
    segments = _segments(windows, threshold) if len(scored.windows) > 1 else pd.DataFrame()
    return Prediction(
        facts=scored.facts,
        modality=predictor.modality,
        logit=logit,
        probability=probability,
        threshold=threshold,
        model_id=predictor.model_id,
        seconds=round(time.monotonic() - scored.started, 4),
        model_sha256=predictor.digest,
        checkpoint=predictor.path,
        windowing=windowing,
        windows=windows,
        segments=segments,
        explanation=explain(predictor.checkpoint, scored.highest),
        note=scored.note,
        policy=predictor.policy,
    )


def joined_prediction(predictions: Mapping[str, Prediction]) -> Prediction:
    """The one prediction of a file from those of its categories.

    Parameters
    ----------
    predictions : mapping of str to Prediction
        By category; a single one under the empty name is the file's prediction itself.

    Returns
    -------
    Prediction
        Of the category with the largest margin, the first of equals, with the scores of all.
    """
    if list(predictions) == [""]:
        return predictions[""]
    leading = max(predictions, key=lambda name: predictions[name].margin)
    scores = {
        name: CategoryScore(own.probability, own.threshold) for name, own in predictions.items()
    }
    return replace(predictions[leading], category=leading, categories=scores)


def _segments(windows: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The harmful segments of each video stream. A stream of a single frame takes no time."""
    lasting = windows[windows["end_sec"] > windows["start_sec"]]
    tables = []
    for stream, own in lasting.groupby("stream"):
        table = harmful_segments(own, threshold)
        table.insert(0, "stream", stream)
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
