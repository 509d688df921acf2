"""The windows of one file are scored, until the file is decided."""

from __future__ import annotations

import time

import torch

from harmlib.features.vector_stream import Vectors, Window
from harmlib.media.decode import MediaError
from harmlib.media.ledger import Unusable
from harmlib.media.probe import Facts
from harmlib.predict.prediction import Prediction, ScoredFile, joined_prediction, make_prediction
from harmlib.predict.predictor import Predictor

Scores = dict[str, tuple[float, torch.Tensor]]  # category to logit and scaled features (1, dim)


def window_scores(predictor: Predictor, vectors: Vectors) -> Scores:
    """Score one window by each category's output.

    Parameters
    ----------
    predictor : Predictor
    vectors : dict of str to ndarray
        Backbone to the window's vector.

    Returns
    -------
    dict of str to tuple of (float, torch.Tensor)
        Category to the logit and the scaled features, as `Predictor.score` returns them.
    """
    return {category: output.score(vectors) for category, output in predictor.outputs.items()}


class Undecided:
    """A file between its first window and its decision.

    Windows may come in any order; they are looked at in theirs. So what is decided early, or lost
    by a window that can't be decoded, doesn't depend on how batches were filled, or where.

    Parameters
    ----------
    predictor : Predictor
        That decides.
    facts : Facts
        Of the file.
    windows : list of Window
        All of them, in order.
    note : str
        As in `Prediction`.
    started : float, optional
        When the file was taken up, of `time.monotonic`; by default now.
    """

    def __init__(
        self,
        predictor: Predictor,
        facts: Facts,
        windows: list[Window],
        note: str,
        started: float | None = None,
    ) -> None:
        started = time.monotonic() if started is None else started
        self._predictor, self._path = predictor, facts.path
        self._outputs = predictor.outputs
        self._windows, self._next = windows, 0  # the first that wasn't looked at
        self._arrived: dict[str, Scores | MediaError] = {}
        self._scored = {
            category: ScoredFile(facts, windows, note=note, started=started)
            for category in self._outputs
        }

    def add(self, key: str, came: Scores | MediaError) -> Prediction | Unusable | None:
        """Take the scores of one window, or why it has none.

        Returns the prediction, where no further window is needed; the file as unusable, where one
        is needed that has no scores; else None.
        """
        self._arrived[key] = came
        while self._next < len(self._windows):
            key = self._windows[self._next].key
            if key not in self._arrived:
                return None
            one = self._arrived.pop(key)
            self._next += 1
            if isinstance(one, MediaError):
                return Unusable(self._path, str(one), "extract", self._predictor.modality)
            if prediction := self._look_at(key, one):
                return prediction
        return None

    def _look_at(self, key: str, scores: Scores) -> Prediction | None:
        for category, own in scores.items():
            self._scored[category].add(key, *own)
        if not all(
            self._scored[category].is_decided(output.threshold, output.windowing)
            for category, output in self._outputs.items()
        ):
            return None
        return joined_prediction(
            {
                category: make_prediction(self._scored[category], output)
                for category, output in self._outputs.items()
            }
        )
