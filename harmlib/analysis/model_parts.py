"""What another threshold of a saved model is chosen on, and what it is judged on.

A model that was trained on one split has one part; one of folds has as many as trainings.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray
from harmlib.analysis.choice import Choice, choose
from harmlib.analysis.judged import Judged, judged_by_variant


class ModelParts(NamedTuple):
    """One variant's chosen operating points, with their validation items, and the judged items.

    Attributes
    ----------
    points : DataFrame
        The chosen operating points: threshold, and what tells them apart (seed, fold).
    validation : list of DataFrame
        Of each point: label, probability.
    judged : Judged
        The test items of all parts, at the points' thresholds.
    part : ndarray of int, shape (n,)
        By which of the points each judged row is judged.
    """

    points: pd.DataFrame
    validation: list[pd.DataFrame]
    judged: Judged
    part: npt.NDArray[np.int64]

    @property
    def thresholds(self) -> FloatArray:
        """Where each part operates."""
        thresholds: FloatArray = self.points["threshold"].to_numpy(np.float64)
        return thresholds

    def judged_at(self, thresholds: FloatArray) -> Judged:
        """Return the judged items, each at the threshold of its part."""
        return self.judged._replace(thresholds=thresholds[self.part])


def model_parts(scored: pd.DataFrame, operating_points: pd.DataFrame) -> dict[str, ModelParts]:
    """Take each variant's parts.

    Parameters
    ----------
    scored : pandas.DataFrame
        With groups; see `harmlib.analysis.variant_tables`. Of folds with seed and fold, too.
    operating_points : pandas.DataFrame
        Of the same trainings.

    Returns
    -------
    dict of str to ModelParts
        By variant, in the order of `operating_points`.

    Examples
    --------
    >>> scored = pd.DataFrame({"variant": "a", "epoch": 1, "split": ["val", "test"], "label": 1,
    ...     "item_id": ["x", "y"], "probability": [0.4, 0.9], "logit": 0.0, "group": ["g", "h"]})
    >>> points = pd.DataFrame({"variant": ["a"], "epoch": 1, "threshold": 0.5, "chosen": True})
    >>> parts = model_parts(scored, points)["a"]
    >>> parts.validation[0]["probability"].tolist(), parts.judged.probabilities.tolist()
    ([0.4], [0.9])
    """
    chosen = operating_points[operating_points["chosen"]]
    keys = [name for name in ("seed", "fold", "epoch") if name in chosen]
    models = {}
    for variant, points in chosen.groupby("variant", sort=False):
        own = scored[scored["variant"] == variant]
        rows = own.loc[own["split"] == "val", [*keys, "label", "probability"]]
        validation = dict(iter(rows.groupby(keys)))
        # In the place of each threshold its number: items are judged once, for any thresholds
        numbered = points.assign(threshold=np.arange(len(points), dtype=np.float64))
        judged = judged_by_variant(own, numbered, "test")[str(variant)]
        part = judged.thresholds.astype(np.int64)
        at = points["threshold"].to_numpy(np.float64)[part]
        if "seed" in points and points["seed"].nunique() == 1:  # nothing that other seeds change
            judged = judged._replace(repeats=None)
        models[str(variant)] = ModelParts(
            points,
            [validation[key] for key in points[keys].itertuples(index=False, name=None)],
            judged._replace(thresholds=at),
            part,
        )
    return models


def choose_each(
    validation: list[pd.DataFrame], objective: str, prevalence: float | None = None
) -> tuple[FloatArray, list[str]]:
    """Choose a threshold on each of several validation parts.

    Parameters
    ----------
    validation : list of DataFrame
        Columns label, probability.
    objective : str
        A text that `Objective.parse` reads.
    prevalence : float, optional
        As in `harmlib.analysis.choice.choose`.

    Returns
    -------
    thresholds : ndarray of float64, shape (parts,)
        NaN where there is none.
    states : list of str
        As `Choice.state`; ``flags_nothing`` where the best is to flag no item at all, as under a
        budget that the highest score's ties exceed.

    Examples
    --------
    >>> part = pd.DataFrame({"label": [0, 1], "probability": [0.2, 0.7]})
    >>> thresholds, states = choose_each([part, part[:1]], "f1")
    >>> thresholds.round(2).tolist(), states
    ([0.45, nan], ['ok', 'one_class'])
    """
    found = [
        choose(rows["label"], rows["probability"], objective, prevalence=prevalence)
        for rows in validation
    ]
    states = ["flags_nothing" if _flags_nothing(one) else one.state for one in found]
    thresholds = [
        one.threshold if one.threshold is not None and state == "ok" else math.nan
        for one, state in zip(found, states, strict=True)
    ]
    return np.array(thresholds), states


def _flags_nothing(choice: Choice) -> bool:
    return choice.row is not None and choice.row["tp"] + choice.row["fp"] == 0
