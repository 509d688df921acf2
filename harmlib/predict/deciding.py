"""The windows of one file are scored, one after the other, until the file is decided."""

from __future__ import annotations

import time

import torch

from harmlib.features.vector_stream import Vectors, Window
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
        self._outputs = predictor.outputs
        self._scored = {
            category: ScoredFile(facts, windows, note=note, started=started)
            for category in self._outputs
        }

    def add(self, key: str, scores: Scores) -> Prediction | None:
        """Take the scores of one window; the prediction, where no further window is needed."""
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
