"""How much of what is harmful people find, if they look at the highest scores first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harmlib.analysis.checks import FloatArray
from harmlib.analysis.judged import Judged, judged_by_variant
from harmlib.analysis.rate_estimates import rate_estimates, rates_at
from harmlib.analysis.saved_scores import join_tables
from harmlib.analysis.thresholds import sweep

SHARES = tuple(i / 20 for i in range(1, 20))  # of all items
COLUMNS = ("variant", "threshold", "flagged_share", "recall", "low", "high")


def review_share(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """Recall where about each of SHARES is looked at, on test, with a band.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        Of the run's own split, or of its folds, whose scores of one model are ranked together; see
        `harmlib.analysis.variant_tables`.

    Returns
    -------
    pandas.DataFrame
        COLUMNS, by variant and ascending share; first a row of nothing and last one of everything,
        without a threshold. Low and high are those of recall at the threshold that gives the share,
        by the jackknife over groups: they hold at one threshold at a time, and are NaN with too few
        groups. Equal scores are looked at together, so a share may lie beside the one of SHARES.

    Examples
    --------
    >>> scored = pd.DataFrame({"variant": "a", "epoch": 1, "split": "test", "item_id": list("xyz"),
    ...                        "label": [0, 1, 1], "probability": [0.1, 0.9, 0.8], "logit": 0.0,
    ...                        "group": list("ghi")})
    >>> points = pd.DataFrame({"variant": "a", "epoch": [1], "threshold": 0.5, "chosen": True})
    >>> review_share(scored, points)[["flagged_share", "recall"]].round(2).to_numpy().tolist()
    [[0.0, 0.0], [0.33, 0.5], [0.67, 1.0], [1.0, 1.0]]
    """
    found = judged_by_variant(scored, operating_points, "test")
    table = join_tables(_of_variant(one).assign(variant=name) for name, one in found.items())
    return table[list(COLUMNS)]


def _of_variant(one: Judged) -> pd.DataFrame:
    rows = sweep(one.labels, one.probabilities)
    some = rows[(rows["flagged_share"] > 0) & (rows["flagged_share"] < 1)]
    places = {int((some["flagged_share"] - share).abs().idxmin()) for share in SHARES if len(some)}
    part = some.loc[sorted(places, reverse=True)]
    low, high = _ends(one, part["threshold"].to_numpy())
    part = part[["threshold", "flagged_share", "recall"]].assign(low=low, high=high)
    nothing, everything = (
        pd.DataFrame({"threshold": [np.nan], **dict.fromkeys(COLUMNS[2:], end)})
        for end in (0.0, 1.0)
    )
    return pd.concat([nothing, part, everything], ignore_index=True)


def _ends(one: Judged, thresholds: FloatArray) -> tuple[FloatArray, FloatArray]:
    if not len(thresholds):  # all scores are equal
        return thresholds, thresholds
    if one.repeats is None:
        found = rate_estimates(one.labels, one.probabilities, thresholds, one.groups)
        return found["recall"].interval("share")
    ends = [
        rates_at(one.labels, one.probabilities, at, one.groups, repeats=one.repeats)[
            "recall"
        ].interval("share")
        for at in thresholds
    ]
    low, high = (np.array([float(end[i][0]) for end in ends]) for i in (0, 1))
    return low, high
