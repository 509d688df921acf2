"""Every confusion matrix that a threshold can give, as one table.

The rule is `score > threshold`: an item whose score equals the threshold is not flagged.
"Positive" is label 1, harmful.
"""

import numpy as np
import pandas as pd

RATES = ("precision", "recall", "f1", "specificity", "mcc", "flagged_share")
_FEW_THRESHOLDS = 64  # up to here, comparing every score with every threshold beats sorting
_BLOCK_ROWS = 1 << 15  # a block's dozen temporaries stay in the processor's cache


class ScoresError(ValueError):
    """Labels, scores, weights or thresholds that no sweep can be made from."""


class EmptyScores(ScoresError):
    """There is nothing to sweep."""


class UnequalLengths(ScoresError):
    """Labels, scores and weights do not pair up."""


class NotOneDimensional(ScoresError):
    """An array has no axis, or more than one."""


class NonFiniteScores(ScoresError):
    """A score is NaN or infinite, or so low that no finite threshold lies below it."""


class NonFiniteThresholds(ScoresError):
    """A threshold is NaN or infinite."""


class NotBinaryLabels(ScoresError):
    """A label is neither 0 (safe) nor 1 (harmful)."""


class InvalidWeights(ScoresError):
    """A weight is negative, NaN or infinite, or all are zero."""


def sweep(labels, scores, thresholds=None, *, weights=None) -> pd.DataFrame:
    """Confusion counts and rates at every threshold, in ascending order of threshold.

    Args:
        labels: shape (n,), 1 or True for harmful, 0 or False for safe. One class alone is allowed.
        scores: shape (n,), finite, any scale (probabilities, logits). Decisions are exact in the
            scores' own precision; other types than float32 and float64 are read as float64.
        thresholds: shape (m,), finite, any order; repeated values give one row. None sweeps every
            threshold that changes a decision, see `attainable_thresholds`.
        weights: shape (n,), >= 0 and not all zero; what each item counts for. Default: 1.

    Returns:
        One row a threshold, with the columns `threshold tp fp fn tn precision recall f1
        specificity mcc flagged_share`. Counts are int64 (float64 with weights). `flagged_share`
        is (tp + fp) / n. A ratio without a denominator is 0.0, as scikit-learn's
        `zero_division=0` (precision where nothing is flagged, recall without harmful items,
        `mcc` where a class or a decision is absent).

    Raises:
        ScoresError: its subclass names the reason.

    A threshold picked from this table and judged on the same items looks better than it is:
    choose on validation scores, judge on test scores.
    """
    if thresholds is not None:
        thresholds = check_thresholds(thresholds)
        if weights is None and thresholds.size <= _FEW_THRESHOLDS:
            return rates_table(thresholds, *_compare(labels, scores, thresholds))
    distinct, fn, tn = count_below(labels, scores, weights)
    if thresholds is None:
        thresholds = attainable_thresholds(distinct)
        tp, fp = fn[-1] - fn, tn[-1] - tn
    else:
        row = np.searchsorted(distinct, thresholds, side="right")
        tp, fp, fn, tn = fn[-1] - fn[row], tn[-1] - tn[row], fn[row], tn[row]
    return rates_table(thresholds, tp, fp, fn, tn)


def confusion_counts(labels, scores) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sweep without its rates: `(thresholds, tp, fp)` at every attainable threshold, ascending.

    Each has shape (k + 1,) for k distinct scores. The first row flags everything, so `tp[0]` and
    `fp[0]` are the numbers of harmful and safe items. Arguments and errors as `sweep`.
    """
    distinct, fn, tn = count_below(labels, scores)
    tp, fp = np.subtract(fn[-1], fn, out=fn), np.subtract(tn[-1], tn, out=tn)
    return attainable_thresholds(distinct), tp, fp


def count_below(labels, scores, weights=None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct scores, and how much lies below each: `(distinct, fn, tn)`.

    `distinct` (k,) ascends; `fn` and `tn` (k + 1,) are the harmful and safe items below each, and
    last all of them: the counts at `attainable_thresholds(distinct)`. Errors as `sweep`.
    """
    harmful, scores, weights = check_scored(labels, scores, weights)
    if weights is None:
        ranked, is_harmful = _rank(harmful, scores)
    else:
        order = np.argsort(scores, kind="stable")
        ranked, is_harmful, weights = scores[order], harmful[order], weights[order]
    first = np.ones(scores.size + 1, dtype=bool)
    np.not_equal(ranked[1:], ranked[:-1], out=first[1:-1])
    distinct = ranked[first[:-1]]
    del ranked  # at 10^7 scores every array is 80 MB
    n_below = np.flatnonzero(first)
    if weights is None:
        fn = _sum_below(is_harmful, np.int64)[n_below]
        tn = np.subtract(n_below, fn, out=n_below)
    else:
        fn = _sum_below(np.where(is_harmful, weights, 0.0), np.float64)[n_below]
        tn = _sum_below(np.where(is_harmful, 0.0, weights), np.float64)[n_below]
    return distinct, fn, tn


def attainable_thresholds(distinct: np.ndarray) -> np.ndarray:
    """One threshold for every set of items that the rule `score > threshold` can flag.

    Args:
        distinct: shape (k,), strictly ascending, float32 or float64.

    Returns:
        Shape (k + 1,), float64, finite, ascending. First one below the lowest score (everything
        is flagged), last one that flags nothing. Between neighbouring scores lies their midpoint,
        rounded to the scores' precision; where that rounds up to the upper score, or the sum of
        the two overflows, the lower score stands in, which under `>` decides the same. The two
        ends lie half the neighbouring gap outside the scores, at least one float step, and do not
        cross 0 or 1 unless a score does: thresholds of probabilities stay in [0, 1] except next
        to a score of exactly 0 or 1. Above the largest float there is nothing, so a highest score
        that large is its own threshold.

    Raises:
        NonFiniteScores: the lowest score is the lowest float: no finite threshold flags it.
    """
    thresholds = np.empty(distinct.size + 1)
    lower, upper, middle = distinct[:-1], distinct[1:], thresholds[1:-1]
    with np.errstate(over="ignore"):
        np.add(lower, upper, out=middle, dtype=distinct.dtype)
    np.divide(middle, 2, out=middle, dtype=distinct.dtype)
    outside = ~((middle >= lower) & (middle < upper))
    middle[outside] = lower[outside] + 0.0  # -0.0 becomes 0.0
    below = _outside(distinct[:2], -np.inf)
    above = _outside(distinct[-2:][::-1], np.inf)
    if not np.isfinite(below):
        raise NonFiniteScores(
            f"the lowest score is {distinct[0]}, the lowest {distinct.dtype}: no finite threshold "
            "lies below it; rescale the scores"
        )
    thresholds[0] = max(below, 0.0) if distinct[0] > 0 else below
    thresholds[-1] = min(above, 1.0) if distinct[-1] < 1 else above
    if np.isinf(above):
        thresholds[-1] = distinct[-1]
    return thresholds


def _outside(edge_and_neighbour, towards):
    """Half a gap beyond the edge, away from its neighbour, but no less than the next float."""
    edge, neighbour = edge_and_neighbour[0], edge_and_neighbour[-1]
    with np.errstate(over="ignore"):
        beyond, next_float = edge + (edge / 2 - neighbour / 2), np.nextafter(edge, towards)
    farther = abs(beyond - edge) > abs(next_float - edge)
    return beyond if farther and np.isfinite(beyond) else next_float


def rates_table(thresholds, tp, fp, fn, tn) -> pd.DataFrame:
    """The table of `sweep` from its counts, each of shape (m,); kept, not copied."""
    rates = {name: np.empty(len(tp)) for name in RATES}
    # A power of two changes no ratio, and keeps the products of four counts within range.
    unit = np.ldexp(1.0, -np.frexp(tp[0] + fp[0] + fn[0] + tn[0])[1])
    for start in range(0, len(tp), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        _fill_rates(
            {name: rate[rows] for name, rate in rates.items()},
            *(unit * count[rows] for count in (tp, fp, fn, tn)),
        )
    counts = {"threshold": thresholds, "tp": tp, "fp": fp, "fn": fn, "tn": tn}
    return pd.DataFrame(counts | rates, copy=False)


def _fill_rates(out, tp, fp, fn, tn):
    harmful, safe, flagged, passed = tp + fn, fp + tn, tp + fp, fn + tn
    _ratio(tp, flagged, out["precision"])
    _ratio(tp, harmful, out["recall"])
    _ratio(2 * tp, flagged + harmful, out["f1"])
    _ratio(tn, safe, out["specificity"])
    _ratio(flagged, flagged + passed, out["flagged_share"])
    # Matthews (1975), Biochim. Biophys. Acta 405, where it is the correlation of two binaries.
    scale = np.sqrt((harmful * safe) * (flagged * passed))
    _ratio(tp * tn - fp * fn, scale, out["mcc"])


def _ratio(numerator, denominator, out):
    with np.errstate(invalid="ignore"):
        np.divide(numerator, denominator, out=out)
    out[denominator == 0] = 0.0


def _compare(labels, scores, thresholds):
    """Counts tp, fp, fn, tn at a few thresholds, without sorting."""
    harmful, scores, _ = check_scored(labels, scores)
    tp, flagged = np.empty((2, thresholds.size), np.int64)
    for i, threshold in enumerate(thresholds):  # a NumPy float64, so float32 scores are widened
        above = scores > threshold
        flagged[i] = np.count_nonzero(above)
        above &= harmful
        tp[i] = np.count_nonzero(above)
    fp, fn = flagged - tp, np.count_nonzero(harmful) - tp
    return tp, fp, fn, scores.size - flagged - fn


def _sum_below(values, dtype):
    sums = np.zeros(values.size + 1, dtype)
    np.cumsum(values, out=sums[1:])
    return sums


def _rank(harmful, scores):
    """Scores ascending, and whether each is harmful.

    Values sort several times faster than indices, so the classes are sorted apart; a stable
    argsort then finds two runs and merges them in one pass.
    """
    n_harmful = np.count_nonzero(harmful)
    apart = np.empty_like(scores)
    np.compress(harmful, scores, out=apart[:n_harmful])
    np.compress(~harmful, scores, out=apart[n_harmful:])
    apart[:n_harmful].sort()
    apart[n_harmful:].sort()
    order = np.argsort(apart, kind="stable")
    return apart[order], order < n_harmful


def check_scored(labels, scores, weights=None):
    """`(harmful, scores, weights)` as a bool, a float and a float64 (or no) array, or an error."""
    labels, scores = np.asarray(labels), np.asarray(scores)
    _check_shape("labels", labels, labels.size)
    _check_shape("scores", scores, labels.size)
    if labels.size == 0:
        raise EmptyScores("labels and scores are empty: there is nothing to sweep")
    if scores.dtype.kind not in "fiub":
        raise ScoresError(f"scores must be numbers, got dtype {scores.dtype}: convert them first")
    if scores.dtype not in (np.float32, np.float64):
        scores = scores.astype(np.float64)
    _check_finite(NonFiniteScores, "scores", scores)
    if weights is not None:
        weights = np.asarray(weights, dtype=np.float64)
        _check_shape("weights", weights, labels.size)
        if not (weights.min() >= 0 and np.finfo(float).tiny <= weights.sum() < np.inf):
            raise InvalidWeights("weights must be finite, none negative and not all zero")
    return _check_labels(labels), scores, weights


def check_thresholds(thresholds) -> np.ndarray:
    """Distinct thresholds, ascending, float64; or an error."""
    thresholds = np.asarray(thresholds, dtype=np.float64)
    _check_shape("thresholds", thresholds, thresholds.size)
    if thresholds.size == 0:
        raise EmptyScores("thresholds are empty: pass None to sweep every attainable threshold")
    _check_finite(NonFiniteThresholds, "thresholds", thresholds)
    return np.unique(thresholds)


def _check_labels(labels):
    if labels.dtype.kind not in "fiub":
        raise NotBinaryLabels(
            f"labels must be 0 (safe) or 1 (harmful), got dtype {labels.dtype}: convert them first"
        )
    harmful = labels == 1
    if np.count_nonzero(labels) != np.count_nonzero(harmful):
        at = int(np.argmax((labels != 0) & ~harmful))
        raise NotBinaryLabels(f"labels[{at}] is {labels[at]}, must be 0 (safe) or 1 (harmful)")
    return harmful


def _check_shape(name, values, size):
    if values.ndim != 1:
        raise NotOneDimensional(f"{name} must have one axis, got shape {values.shape}")
    if values.size != size:
        raise UnequalLengths(f"{size} labels but {values.size} {name}: they must pair up")


def _check_finite(error, name, values):
    bad = ~np.isfinite(values)
    if bad.any():
        at = int(np.argmax(bad))
        raise error(
            f"{name}[{at}] is {values[at]} ({np.count_nonzero(bad)} of {values.size} are not "
            "finite): drop those items, with a line in the ledger, or score them again"
        )
