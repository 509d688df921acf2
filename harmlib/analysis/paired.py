"""Two models on the same items: how far apart are they, and where does the gain come from?

Differences are always b - a (new - old), from the same resamples for both (same `groups` and
`seed`): what an item does to both models cancels, and the interval is narrower than two intervals
laid side by side suggest.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.signal import convolve
from scipy.stats import binom

from harmlib.analysis.bootstrap import (
    METRICS,
    average_precision_draws,
    confusion_draws,
    group_codes,
    interval,
    rate,
)
from harmlib.analysis.thresholds import check_scored, check_thresholds


@dataclass(frozen=True)
class McNemar:
    """only_a, only_b: items that one model alone decides rightly. Both p-values are two-sided."""

    only_a: int
    only_b: int
    p_exact: float
    p_mid: float


def paired_difference(
    labels,
    scores_a,
    threshold_a,
    scores_b,
    threshold_b,
    groups=None,
    *,
    resamples=2000,
    level=0.95,
    seed=0,
) -> pd.DataFrame:
    """Metrics of two models on the same items, each at its own threshold.

    labels, scores_a, scores_b: (n,) in the same item order. groups: (n,) hashable or None.
    Returns DataFrame metric, a, b, difference, low, high, excluded; the interval is of b - a.
    """
    draws = {}
    for name, scores, threshold in (("a", scores_a, threshold_a), ("b", scores_b, threshold_b)):
        same = {"groups": groups, "resamples": resamples, "seed": seed}
        counts = confusion_draws(labels, scores, [threshold], **same)
        draws[name] = {metric: rate(metric, counts)[:, 0] for metric in METRICS}
        draws[name]["average_precision"] = average_precision_draws(labels, scores, **same)
    rows = []
    for metric, a in draws["a"].items():
        b = draws["b"][metric]
        rows.append((metric, a[0], b[0], b[0] - a[0], *interval((b - a)[1:], level)))
    columns = ["metric", "a", "b", "difference", "low", "high", "excluded"]
    return pd.DataFrame(rows, columns=columns)


def mcnemar(labels, scores_a, threshold_a, scores_b, threshold_b, groups=None) -> McNemar:
    """Do two models decide equally many items rightly? Exact and mid-p.

    Exact conditional test (McNemar 1947) and its mid-p form (Fagerland, Lydersen & Laake 2013,
    BMC Med. Res. Methodol. 13:91): the mid-p is less cautious, and closer to its nominal level.
    With groups, the two models swap places for a whole group at a time (the sign-flip test on
    group totals); with groups of one item this is McNemar's test itself.
    It compares decisions on all items, not F1, and knows nothing of thresholds tried before.
    """
    harmful, scores_a, _ = check_scored(labels, scores_a)
    _, scores_b, _ = check_scored(labels, scores_b)
    right_a = (scores_a > threshold_a) == harmful
    right_b = (scores_b > threshold_b) == harmful
    codes, n_groups = group_codes(groups, len(harmful))
    balance = np.bincount(codes[right_b & ~right_a], minlength=n_groups)
    balance = balance - np.bincount(codes[right_a & ~right_b], minlength=n_groups)
    # Nothing to flip: no sign of a difference, where the mid-p formula alone would say 0.5
    beyond, same = _sign_flip_tails(balance) if balance.any() else (1.0, 0.0)
    return McNemar(
        only_a=int((right_a & ~right_b).sum()),
        only_b=int((right_b & ~right_a).sum()),
        p_exact=min(1.0, beyond + same),
        p_mid=beyond + same / 2,
    )


def _sign_flip_tails(balance) -> tuple[float, float]:
    """P(|T| > |observed|) and P(|T| = |observed|) for T = sum of +-balance, signs by fair coin.

    Groups of equal size m sum to m x (2 Binomial(k, 1/2) - k), so the exact law is a convolution
    of few binomials, whatever the number of groups.
    """
    sizes, members = np.unique(np.abs(balance[balance != 0]), return_counts=True)
    law = np.ones(1)  # law[i] = P(sum of the positive parts = i)
    for size, k in zip(sizes, members, strict=True):
        part = np.zeros(size * k + 1)
        part[::size] = binom.pmf(np.arange(k + 1), k, 0.5)
        law = part if law.size == 1 else np.maximum(convolve(law, part), 0)
    total = np.abs(2 * np.arange(law.size) - (law.size - 1))
    observed = abs(int(balance.sum()))
    return float(law[total > observed].sum()), float(law[total == observed].sum())


def corrected_differences(
    labels,
    scores_a,
    threshold_a,
    scores_b,
    thresholds,
    groups=None,
    *,
    metric="f1",
    resamples=2000,
    level=0.95,
    seed=0,
) -> pd.DataFrame:
    """Model b at every threshold that was tried, against model a at its one threshold.

    Whoever tries t thresholds and reports the best has t chances to be lucky. The corrected
    interval holds for all t at once, hence also for the best: it is difference +- c x standard
    error, where c is the `level` quantile of the largest |deviation| / standard error over the
    thresholds (max-T; Westfall & Young 1993; Romano & Wolf 2005, Econometrica 73:1237). It takes
    into account that neighbouring thresholds nearly agree, which Bonferroni does not.
    Pass the same scores twice to compare thresholds of one model.

    Returns DataFrame threshold, difference, low, high (this threshold alone, percentile),
    corrected_low, corrected_high, p_corrected (two-sided, at least 1/(resamples + 1)), excluded.
    """
    same = {"groups": groups, "resamples": resamples, "seed": seed}
    grid = check_thresholds(thresholds)
    reference = rate(metric, confusion_draws(labels, scores_a, [threshold_a], **same))
    draws = rate(metric, confusion_draws(labels, scores_b, grid, **same)) - reference
    observed, draws = draws[0], draws[1:]
    low, high, excluded = interval(draws, level)
    draws = draws[~np.isnan(draws).any(axis=1)]
    if len(draws) < 2:
        raise ValueError(f"{len(draws)} of {resamples} resamples hold both classes; draw more")
    error = draws.std(axis=0, ddof=1)

    def scaled(difference):
        # A threshold that decides like the reference has no error, and no difference either
        return np.divide(np.abs(difference), error, out=np.zeros_like(difference), where=error > 0)

    largest = scaled(draws - observed).max(axis=1)
    reach = np.quantile(largest, level) * error
    as_large = (largest[:, None] >= scaled(observed)).sum(axis=0)
    return pd.DataFrame(
        {
            "threshold": grid,
            "difference": observed,
            "low": low,
            "high": high,
            "corrected_low": observed - reach,
            "corrected_high": observed + reach,
            "p_corrected": (1 + as_large) / (1 + len(draws)),
            "excluded": excluded,
        }
    )


def decompose_gain(
    labels,
    scores_old,
    threshold_old,
    scores_new,
    threshold_new,
    groups=None,
    *,
    metric="f1",
    resamples=2000,
    level=0.95,
    seed=0,
) -> pd.DataFrame:
    """Split a gain into retraining (at the old threshold) and moving the threshold (new model).

    retraining = new model at threshold_old - old model at threshold_old
    threshold  = new model at threshold_new - new model at threshold_old
    total      = their sum, resample by resample too
    The order is that of the work: first retrained, then moved. Moving the threshold of the old
    model first can give other parts with the same total.

    Returns DataFrame part, value, low, high, share (of the total; NaN for a total of 0), excluded.
    """
    same = {"groups": groups, "resamples": resamples, "seed": seed}
    old = rate(metric, confusion_draws(labels, scores_old, [threshold_old], **same))[:, 0]
    thresholds = [threshold_old, threshold_new]
    kept, moved = rate(metric, confusion_draws(labels, scores_new, thresholds, **same)).T
    rows = []
    for part, draws in (
        ("retraining", kept - old),
        ("threshold", moved - kept),
        ("total", moved - old),
    ):
        low, high, excluded = interval(draws[1:], level)
        total = moved[0] - old[0]
        share = draws[0] / total if total else np.nan
        rows.append((part, draws[0], low, high, share, excluded))
    return pd.DataFrame(rows, columns=["part", "value", "low", "high", "share", "excluded"])
