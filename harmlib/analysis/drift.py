"""Are new scores like those that the threshold was chosen on? When should it be chosen again?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from harmlib.analysis.bootstrap import confusion_draws, interval, metric_intervals
from harmlib.analysis.calibration import calibration_intervals
from harmlib.analysis.thresholds import check_scored

MIN_ITEMS = 30  # fewer new scores than this say nothing about a distribution
LEVEL = 0.05  # of the test whether the distribution changed
MOVED_SHARE = 0.10  # a share flagged that moved by this much changes the work of a team
_RESAMPLES = 2000


@dataclass(frozen=True)
class Drift:
    """What changed, and what to do.

    verdict : `too_few`, `steady`, `watch` (something changed; look at it), `choose_again`
    reasons : codes that led to it, of `REASONS`
    table : metric, validation, new, difference, low, high (95 %)
    ks, p_value : two-sample Kolmogorov-Smirnov statistic and p of the scores
    """

    verdict: str
    reasons: tuple[str, ...]
    table: pd.DataFrame
    ks: float
    p_value: float
    n_validation: int
    n_new: int


REASONS = {
    "flagged_share_moved": "the share flagged moved by 10 points or more, beyond its interval",
    "flagged_share_shifted": "the share flagged moved beyond its interval",
    "distribution_changed": "the scores are distributed otherwise (Kolmogorov-Smirnov, p < 0.05)",
    "f1_fell": "F1 on the labelled items lies below validation's, beyond its interval",
    "calibration_worsened": "the Brier score is worse than validation's, beyond its interval",
}


def compare_scores(
    validation: pd.DataFrame, new: pd.DataFrame, threshold: float, *, seed: int = 0
) -> Drift:
    """Hold new scores against validation's.

    validation : label, probability, group. new : probability, and label (0/1) where it is known
    (missing otherwise). threshold : of the saved model; flagged is `probability > threshold`.

    Intervals of differences come from redrawing both samples, validation by groups, new ones by
    items (their sources aren't known, so that intervals are too narrow where they share some).
    The verdict is `choose_again` when F1 fell, or when the share flagged moved by MOVED_SHARE or
    more beyond noise and the distribution changed; `watch` for any other reason.

    The Kolmogorov-Smirnov p takes items as independent. Where validation's come in groups it is
    far too small: with 30 groups of 10 `distribution_changed` was raised in half of the runs in
    which nothing had changed. It can't force `choose_again` alone.
    Raises ScoresError for scores that aren't finite, ValueError for an empty table.
    """
    for name, table in (("validation", validation), ("new", new)):
        if table.empty:
            raise ValueError(f"the {name} scores are empty: there is nothing to compare")
        scores = table["probability"].to_numpy(float)
        if not ((scores >= 0) & (scores <= 1)).all():
            raise ValueError(f"the {name} probabilities must lie in [0, 1] (are these logits?)")
    test = ks_2samp(validation["probability"], new["probability"])
    rows, reasons = [], []
    rows.append(_flagged(validation, new, threshold, seed))
    labelled = new.reindex(columns=["label", "probability"]).dropna()
    if labelled["label"].nunique() == 2:
        rows += _judged(validation, labelled, threshold, seed)
    table = pd.DataFrame(rows, columns=["metric", "validation", "new", "difference", "low", "high"])
    by = table.set_index("metric")
    flagged = by.loc["flagged_share"]
    if flagged["low"] > 0 or flagged["high"] < 0:
        big = abs(flagged["difference"]) >= MOVED_SHARE
        reasons.append("flagged_share_moved" if big else "flagged_share_shifted")
    if test.pvalue < LEVEL:
        reasons.append("distribution_changed")
    if "f1" in by.index and by.loc["f1", "high"] < 0:
        reasons.append("f1_fell")
    if "brier" in by.index and by.loc["brier", "low"] > 0:
        reasons.append("calibration_worsened")
    return Drift(
        _verdict(len(new), reasons),
        tuple(reasons),
        table,
        float(test.statistic),
        float(test.pvalue),
        len(validation),
        len(new),
    )


def _verdict(n_new: int, reasons: list[str]) -> str:
    if n_new < MIN_ITEMS:
        return "too_few"
    if "f1_fell" in reasons or {"flagged_share_moved", "distribution_changed"} <= set(reasons):
        return "choose_again"
    return "watch" if reasons else "steady"


def _flagged(validation: pd.DataFrame, new: pd.DataFrame, threshold: float, seed: int) -> tuple:
    """The share flagged, then and now."""
    tp, fp, fn, tn = confusion_draws(
        validation["label"],
        validation["probability"],
        [threshold],
        validation["group"],
        resamples=_RESAMPLES,
        seed=seed,
    )
    then = ((tp + fp) / (tp + fp + fn + tn))[:, 0]
    flagged = new["probability"].to_numpy(float) > threshold
    rng = np.random.default_rng(seed + 1)  # not the rows that redraw validation
    now = rng.binomial(len(flagged), flagged.mean(), _RESAMPLES) / len(flagged)
    low, high, _ = interval(now - then[1:])
    share = flagged.mean()
    return ("flagged_share", then[0], share, share - then[0], low, high)


def _judged(
    validation: pd.DataFrame, labelled: pd.DataFrame, threshold: float, seed: int
) -> list[tuple]:
    """Precision, recall, F1 and Brier score where labels are known.

    The interval of a difference joins both intervals as of independent samples (Zou & Donner 2008,
    Construction of confidence limits about effect measures, MOVER).
    """
    check_scored(labelled["label"].to_numpy(), labelled["probability"].to_numpy())
    found = []
    for table, shift in ((validation, 0), (labelled, 1)):
        groups = table["group"] if shift == 0 else None
        columns = table["label"].to_numpy(int), table["probability"].to_numpy(float)
        metrics = metric_intervals(*columns, threshold, groups, seed=seed + shift)
        calibration = calibration_intervals(*columns, groups, seed=seed + shift)
        found.append(pd.concat([metrics, calibration]).set_index("metric"))
    then, now = found
    rows = []
    for metric in ("precision", "recall", "f1", "brier"):
        a, b = then.loc[metric], now.loc[metric]
        difference = b["value"] - a["value"]
        low = difference - np.hypot(b["value"] - b["low"], a["high"] - a["value"])
        high = difference + np.hypot(b["high"] - b["value"], a["value"] - a["low"])
        rows.append((metric, a["value"], b["value"], difference, low, high))
    return rows
