"""Do the probabilities mean what they say? Reliability, calibration, and a promised recall."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit
from scipy.stats import norm
from sklearn.isotonic import IsotonicRegression

from harmlib.analysis.bootstrap import draw_groups, group_codes, interval
from harmlib.analysis.thresholds import attainable_thresholds, check_scored

TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True)
class RecallFloor:
    """A threshold that promises a recall, or the finding that there is none.

    units: independent harmful units that the promise rests on (groups, or items without groups).
    threshold, recall, flagged_share: NaN where `feasible` is False. recall and flagged_share are
    those of the items it was set on; flagged_share is what goes to people.
    """

    min_recall: float
    feasible: bool
    threshold: float
    recall: float
    flagged_share: float
    units: int


def reliability_table(labels, probabilities, *, bins=10, level=0.95) -> pd.DataFrame:
    """What was predicted against what was observed, in bins of equal width.

    labels: (n,) 0 or 1. probabilities: (n,) in [0, 1]. Bins hold low <= p < high, the last 1 too.
    Returns one row a bin: low, high, count, mean_probability, observed_share, observed_low,
    observed_high (Wilson 1927 interval, items taken as independent); NaN where the bin is empty.
    """
    harmful, probabilities = _checked_probabilities(labels, probabilities)
    edges, place = _binned(probabilities, bins)
    count = np.bincount(place, minlength=bins)
    n = np.where(count, count, np.nan)
    observed = np.bincount(place, weights=harmful, minlength=bins) / n
    z = norm.ppf((1 + level) / 2)
    center = (observed + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * np.sqrt(observed * (1 - observed) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "count": count,
            "mean_probability": np.bincount(place, weights=probabilities, minlength=bins) / n,
            "observed_share": observed,
            # Rounding may leave -1e-17 where the exact bound is 0
            "observed_low": np.clip(center - reach, 0, 1),
            "observed_high": np.clip(center + reach, 0, 1),
        }
    )


def calibration_intervals(
    labels, probabilities, groups=None, *, bins=10, resamples=2000, level=0.95, seed=0
) -> pd.DataFrame:
    """Brier score and ECE with group bootstrap intervals: DataFrame metric, value, low, high.

    brier: mean of (probability - label)^2 (Brier 1950). ece: mean |predicted - observed| over bins
    of equal width, weighted by count (Guo et al. 2017, On Calibration of Modern Neural Networks,
    eq. 3). The ECE of a perfect model is above 0 in a finite sample, and higher still in a
    resample: its interval tends to lie too high. Lower is better for both. One class is fine.
    """
    harmful, probabilities = _checked_probabilities(labels, probabilities)
    codes, n_groups = group_codes(groups, len(harmful))
    cells = codes * bins + _binned(probabilities, bins)[1]

    def by_cell(values):
        return np.bincount(cells, values, minlength=n_groups * bins).reshape(n_groups, bins)

    gap = by_cell(probabilities - harmful)  # ECE x n is the sum of |gap| over bins
    table = np.column_stack(
        [gap, np.bincount(codes, (probabilities - harmful) ** 2), np.bincount(codes)]
    )
    blocks = draw_groups(n_groups, resamples, seed, width=table.shape[1])
    sums = np.concatenate([counts @ table for counts in blocks])
    draws = {"brier": sums[:, -2], "ece": np.abs(sums[:, :bins]).sum(axis=1)}
    rows = []
    for metric, total in draws.items():
        values = total / sums[:, -1]
        rows.append((metric, values[0], *interval(values[1:], level)[:2]))
    return pd.DataFrame(rows, columns=["metric", "value", "low", "high"])


def fit_temperature(labels, logits) -> float:
    """The temperature T whose expit(logit / T) is likeliest (Guo et al. 2017, sec. 4.2).

    logits: (n,) finite. T > 1 tempers overconfidence, T < 1 sharpens; the order of the items, hence
    every confusion matrix at the mapped threshold, stays. T is sought in TEMPERATURES: an end of
    that range means that the labels do not fix it (classes apart, or scores without information).
    """
    harmful, logits, _ = check_scored(labels, logits)
    signed = np.where(harmful, logits, -logits).astype(float)

    def loss(log_temperature):
        return np.logaddexp(0, -signed / np.exp(log_temperature)).mean()

    found = minimize_scalar(
        loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-8}
    )
    return float(np.exp(found.x))


def fit_isotonic(labels, logits) -> IsotonicRegression:
    """A rising step function from logit to probability (Zadrozny & Elkan 2002, KDD).

    Use `.predict(logits)`. It ties items that the model ranked apart, and needs a few hundred
    validation items not to overfit.
    """
    harmful, logits, _ = check_scored(labels, logits)
    return IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(logits, harmful)


def compare_calibrations(
    validation_labels,
    validation_logits,
    labels,
    logits,
    groups=None,
    *,
    bins=10,
    resamples=2000,
    level=0.95,
    seed=0,
) -> pd.DataFrame:
    """Brier score and ECE on test, as trained and after each calibration fitted on validation.

    Returns DataFrame method (none, temperature, isotonic), metric, value, low, high.
    """
    check_scored(labels, logits)
    temperature = fit_temperature(validation_labels, validation_logits)
    isotonic = fit_isotonic(validation_labels, validation_logits)
    logits = np.asarray(logits, float)
    methods = {
        "none": expit(logits),
        "temperature": expit(logits / temperature),
        "isotonic": isotonic.predict(logits),
    }
    options = {"bins": bins, "resamples": resamples, "level": level, "seed": seed}
    tables = [
        calibration_intervals(labels, probabilities, groups, **options).assign(method=method)
        for method, probabilities in methods.items()
    ]
    columns = ["method", "metric", "value", "low", "high"]
    return pd.concat(tables, ignore_index=True)[columns]


def weighted_probability(probability, pos_weight):
    """p -> w p / (w p + 1 - p): the scale of a model trained with `pos_weight` w.

    Weighting the harmful class by w multiplies the odds that a calibrated model learns by w (Elkan
    2001, The Foundations of Cost-Sensitive Learning, Theorem 2). Maps probabilities and thresholds
    alike, (n,) or scalar, in [0, 1]; exact for calibrated models, a guide for others.
    """
    probability, odds = _checked_mapping(probability, pos_weight)
    # The brackets keep the whole from falling below its part, and the result within 1
    return odds * probability / (odds * probability + (1 - probability))


def unweighted_probability(probability, pos_weight):
    """The inverse of `weighted_probability`: a weighted model's 0.5 on the unweighted scale."""
    probability, odds = _checked_mapping(probability, pos_weight)
    return probability / (probability + odds * (1 - probability))


def recall_floor(labels, scores, min_recall, groups=None) -> RecallFloor:
    """The highest threshold that keeps recall at `min_recall` or above on new items.

    Conformal risk control (Angelopoulos, Bates, Fisch, Lei & Schuster 2022, Theorem 1): with n
    exchangeable harmful units and miss rate R(t) at threshold t, take the highest t with
    n/(n+1) R(t) + 1/(n+1) <= 1 - min_recall (it is set midway to the score below, which misses no
    more). Then a new unit's expected recall, over the draw of
    these items as well, is at least `min_recall`, whatever the model and the distribution. It needs
    no more than that new harmful items come as these did; it promises nothing about one given
    sample, nor about precision.

    labels, scores: (n,), items that chose nothing else before. min_recall: in (0, 1). groups: the
    unit is then the group, its loss the share of its harmful items that are missed.
    Needs n >= min_recall / (1 - min_recall) units: 19 for 0.95. With fewer, feasible is False.
    """
    if not 0 < min_recall < 1:
        raise ValueError(f"min_recall is {min_recall}; it must be a fraction between 0 and 1")
    harmful, scores, _ = check_scored(labels, scores)
    if not harmful.any():
        raise ValueError("no item is harmful; a recall floor needs harmful items")
    codes = pd.factorize(np.arange(len(scores)) if groups is None else pd.Series(groups))[0]
    if len(codes) != len(scores) or codes.min() < 0:
        raise ValueError(f"groups must name one group for each of the {len(scores)} items")
    sizes = np.bincount(codes[harmful])
    units = int((sizes > 0).sum())
    # 1e-9: 0.1 x 10 - 1 must not fail for being -2e-16
    budget = (1 - min_recall) * (units + 1) - 1 + 1e-9
    if budget < 0:
        return RecallFloor(min_recall, False, np.nan, np.nan, np.nan, units)
    order = np.argsort(scores[harmful], kind="stable")
    ranked = scores[harmful][order]
    missed = np.cumsum((1 / sizes[codes[harmful]])[order])  # n R just above each harmful score
    # The 1e-9 can exceed the last miss, for a floor next to 0: the last item stays kept
    first_kept = ranked[min(np.searchsorted(missed, budget, side="right"), len(ranked) - 1)]
    distinct = np.unique(scores)
    threshold = attainable_thresholds(distinct)[np.searchsorted(distinct, first_kept)]
    flagged = scores > threshold
    recall, share = flagged[harmful].mean(), flagged.mean()
    return RecallFloor(min_recall, True, float(threshold), float(recall), float(share), units)


def _checked_probabilities(labels, probabilities):
    harmful, probabilities, _ = check_scored(labels, probabilities)
    if probabilities.min() < 0 or probabilities.max() > 1:
        raise ValueError(
            f"probabilities run from {probabilities.min()} to {probabilities.max()}; "
            "they must lie in [0, 1] (are these logits?)"
        )
    return harmful, probabilities.astype(float)


def _binned(probabilities, bins):
    """Edges (bins + 1,) and the bin of each probability."""
    edges = np.arange(bins + 1) / bins  # linspace has 0.30000000000000004, which 0.3 falls short of
    return edges, np.searchsorted(edges[1:-1], probabilities, side="right")


def _checked_mapping(probability, pos_weight):
    probability = np.asarray(probability, float)
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError(f"probability is {probability}; it must lie in [0, 1]")
    if not (np.isfinite(pos_weight) and pos_weight > 0):
        raise ValueError(f"pos_weight is {pos_weight}; it must be a positive number")
    return probability, pos_weight
