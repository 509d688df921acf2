"""Whether new scores are like those that the threshold was chosen on.

Validation and new scores are two independent samples. The noise of both is drawn by the bootstrap:
validation by whole groups, new scores by items, or by groups where they have a column `group`
(clips of one source are not independent).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from harmlib.analysis.bootstrap import metric_intervals
from harmlib.analysis.calibration import calibration_intervals
from harmlib.analysis.checks import FloatArray, ScoresError, check_scored, check_thresholds
from harmlib.analysis.resampling import draw_groups, group_codes, interval

MIN_ITEMS = 30  # fewer new scores (or groups) than this say nothing about a distribution
LEVEL = 0.05  # of all tests of a call together
MOVED_SHARE = 0.10  # a flagged share that moved by this much changes the work of a team
MIN_CHANGE = 0.02  # of shares, F1, Brier score: a smaller change does not matter, however certain
REASONS = {
    "flagged_share_moved": "the flagged share moved by 10 points or more, beyond its interval",
    "flagged_share_shifted": "the flagged share moved beyond its interval",
    "distribution_changed": "the distribution of the scores changed (Kolmogorov-Smirnov)",
    "f1_fell": "F1 on the labelled items is below that of validation, beyond its interval",
    "calibration_worsened": "the Brier score is worse than that of validation, beyond its interval",
    "labels_too_few": "too few labels to count: fewer than 30 items (or groups), or one class only",
}
_RESAMPLES = 2000
_PERCENTS = np.arange(1, 101) / 100
_BISECTIONS = 40  # each halves the interval: to 1e-12


@dataclass(frozen=True)
class Drift:
    """What changed, and what to do.

    Attributes
    ----------
    verdict : str
        `too_few`, `steady`, `watch` (something changed; look at it) or `choose_again`.
    reasons : tuple of str
        Keys of REASONS that led to it.
    table : pandas.DataFrame
        metric, validation, new, difference (new - validation), low, high (of the difference, at
        `level`). Always flagged_share and harmful_share; with labels of both classes also
        precision, recall, f1, brier. harmful_share on new scores is an estimate, see
        `harmful_share`.
    ks : float
        The largest difference between the shares of both samples above any score, of those at the
        threshold and at the percentiles of both samples.
    p_value : float
        Of `ks`, from resamples of whole groups.
    expected_flagged_share : float
        What would be flagged if only the harmful share had moved, to its estimate. Where it is far
        from the share that is flagged, more has changed than that.
    level : float
        Of each interval: LEVEL is divided evenly among the tests (Bonferroni).
    n_validation, n_new : int
        Items.
    """

    verdict: str
    reasons: tuple[str, ...]
    table: pd.DataFrame
    ks: float
    p_value: float
    expected_flagged_share: float
    level: float
    n_validation: int
    n_new: int


def compare_scores(
    validation: pd.DataFrame,
    new: pd.DataFrame,
    threshold: float,
    *,
    resamples: int = _RESAMPLES,
    seed: int = 0,
) -> Drift:
    """Compare new scores with those of validation.

    Parameters
    ----------
    validation : pandas.DataFrame
        Columns label (0 or 1), probability (0 to 1), group.
    new : pandas.DataFrame
        Column probability; label and group where they are known (labels may be missing).
    threshold : float
        Of the saved model; an item is flagged where probability > threshold.
    resamples : int
        At least 1.
    seed : int
        Of the resamples.

    Returns
    -------
    Drift
        The verdict is the first of these that holds:

        - `too_few`: fewer than MIN_ITEMS new items (or groups).
        - `choose_again`: F1 fell; or the flagged share moved by MOVED_SHARE or more, and the
          distribution changed with it.
        - `watch`: the flagged share shifted, the distribution changed, or calibration worsened.
        - `steady`: none of these.

        Changes of MIN_CHANGE or less never count. When nothing has changed, the verdict is `watch`
        or `choose_again` about once in twenty times.

    Raises
    ------
    ScoresError
        Missing columns, no rows, labels other than 0 and 1, probabilities outside [0, 1], or
        validation scores that are all equal.
    ValueError
        Missing groups, one group of validation only, or validation labels of one class.

    Notes
    -----
    Labels count for the verdict from MIN_ITEMS labelled items (or groups) of both classes on. Where
    only flagged items were labelled, they say nothing about recall, F1 and calibration: label a
    random sample. F1 on validation is optimistic where the threshold was chosen on it: with 60 such
    items there were 8 false alarms in 100 instead of 5.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> label = np.arange(200) % 2
    >>> probability = np.clip(rng.normal(0.3 + 0.4 * label, 0.15), 0, 1)
    >>> validation = pd.DataFrame({"label": label, "probability": probability, "group": range(200)})
    >>> found = compare_scores(validation, pd.DataFrame({"probability": probability**2}), 0.5)
    >>> found.verdict, found.reasons
    ('choose_again', ('flagged_share_moved', 'distribution_changed'))
    >>> found.table.round(2)
              metric  validation   new  difference   low  high
    0  flagged_share        0.52  0.26       -0.26 -0.36 -0.15
    1  harmful_share        0.50  0.21       -0.29 -0.38 -0.17
    """
    scores = [_checked(validation, "validation"), _checked(new, "new")]
    (checked_threshold,) = check_thresholds([threshold])
    labelled = new.dropna(subset="label") if "label" in new else new[:0].assign(label=0)
    measurable = labelled["label"].nunique() == 2 and _units(labelled) > 1
    counting = measurable and _units(labelled) >= MIN_ITEMS
    tests = 4 if counting else 2
    level = 1 - LEVEL / tests

    edges = _edges(scores, checked_threshold)
    # A single new group can't be redrawn, but the verdict is `too_few` then
    groups = (validation["group"], new.get("group") if _units(new) != 1 else None)
    above = [
        # Another seed for the second: equal draws on both sides would cancel some of the noise
        _shares_above(groups[i], scores[i], edges, resamples, seed + i)
        for i in range(2)
    ]
    ks, p_value = _kolmogorov_smirnov(*above)
    at = edges.searchsorted(checked_threshold)
    harmful = _harmful_shares(validation, scores, edges, above[1], seed)
    rows = [
        _row("flagged_share", above[0][:, at], above[1][:, at], level),
        _row("harmful_share", harmful[:, 0], harmful[:, 1], level),
    ]
    if measurable:
        rows += _labelled_rows(validation, labelled, checked_threshold, level, resamples, seed)
    table = pd.DataFrame(rows, columns=["metric", "validation", "new", "difference", "low", "high"])
    reasons = _reasons(table if counting else table[:2], ks, p_value, LEVEL / tests)
    if len(labelled) and not counting:
        reasons.append("labels_too_few")
    return Drift(
        verdict=_verdict(_units(new), reasons),
        reasons=tuple(reasons),
        table=table,
        ks=ks,
        p_value=p_value,
        expected_flagged_share=_expected_flagged_share(
            validation, checked_threshold, harmful[0, 1]
        ),
        level=level,
        n_validation=len(validation),
        n_new=len(new),
    )


def calibrated_probabilities(
    labels: npt.ArrayLike,
    logits: npt.ArrayLike,
    new_logits: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
) -> FloatArray:
    """Probabilities of new items, calibrated on validation by a logistic regression on the logit.

    Parameters
    ----------
    labels, logits : array_like, shape (n,)
        0 or 1, and finite; of validation.
    new_logits : array_like, shape (m,)
        Finite.
    weights : array_like, shape (n,), optional
        How many items each validation item counts for; None for 1.

    Returns
    -------
    ndarray of float64, shape (m,)
        In [0, 1].

    Raises
    ------
    ValueError
        Validation labels of one class, or what `sweep` refuses.

    Notes
    -----
    Platt (1999), Probabilistic outputs for support vector machines. A slope against overconfidence
    and an offset such as `pos_weight` causes are what the estimate of a new harmful share needs
    most (Alexandari, Kundaje & Shrikumar 2020, ICML).

    Examples
    --------
    >>> labels, logits = [0, 0, 1, 0, 1, 1], [-3.0, -2.0, -1.0, 1.0, 2.0, 3.0]
    >>> calibrated_probabilities(labels, logits, [-1.0, 0.0, 1.0]).round(2)
    array([0.32, 0.5 , 0.68])
    """
    harmful, checked = check_scored(labels, logits)
    if harmful.all() or not harmful.any():
        raise ValueError(f"all {len(harmful)} labels are {int(harmful[0])}; pass both classes")
    # Nearly unpenalised: without any penalty, classes that can be separated have no finite answer
    model = LogisticRegression(C=1e4, solver="newton-cholesky").fit(
        checked[:, None], harmful, weights
    )
    found: FloatArray = model.predict_proba(np.asarray(new_logits, float)[:, None])
    return found[:, 1]


def harmful_share(
    prior: float, calibrated: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """The harmful share of new items at which their scores are most likely.

    It holds where harmful items still score as harmful items did, and safe ones as safe ones did:
    no estimate can tell a new kind of content from a new proportion.

    Parameters
    ----------
    prior : float
        Harmful share of the items on which the scores were calibrated, in (0, 1).
    calibrated : array_like, shape (m,)
        Probabilities of being harmful at that share.
    weights : array_like, shape (m,), optional
        How many items each counts for; None for 1.

    Returns
    -------
    float
        In [0, 1]; the lowest, where every share is equally likely.

    Notes
    -----
    The EM algorithm of Saerens, Latinne & Decaestecker (2002, Neural Computation 14:21, eq. 2.4 and
    2.5) climbs to the same maximum. The likelihood is concave in the share, so that bisection of
    its slope gets there sooner.

    Examples
    --------
    >>> round(harmful_share(0.5, [0.1, 0.2, 0.3, 0.9]), 3)
    0.243
    """
    probabilities = np.asarray(calibrated, float)
    counts = np.ones(probabilities.size) if weights is None else np.asarray(weights, float)
    harm, safe = probabilities / prior, (1 - probabilities) / (1 - prior)
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        share = (low + high) / 2
        slope = counts @ ((harm - safe) / (share * harm + (1 - share) * safe))
        low, high = (share, high) if slope > 0 else (low, share)
    return (low + high) / 2


def _row(
    metric: str,
    validation: FloatArray,
    new: FloatArray,
    level: float,
) -> tuple[object, ...]:
    """A row of the table, from draws (1 + resamples,); the first is the sample itself."""
    low, high, _ = interval(new[1:] - validation[1:], level)
    return (metric, validation[0], new[0], new[0] - validation[0], low, high)


def _expected_flagged_share(validation: pd.DataFrame, threshold: float, harmful: float) -> float:
    flagged = validation["probability"] > threshold
    safe, caught = flagged.groupby(validation["label"].astype(int)).mean().loc[[0, 1]]
    return float(safe + harmful * (caught - safe))


def _reasons(table: pd.DataFrame, ks: float, p_value: float, level: float) -> list[str]:
    rows = table.set_index("metric")
    moved = rows["difference"].abs() > MIN_CHANGE
    rose, fell = moved & (rows["low"] > 0), moved & (rows["high"] < 0)
    reasons = []
    if rose["flagged_share"] or fell["flagged_share"]:
        big = abs(rows.at["flagged_share", "difference"]) >= MOVED_SHARE
        reasons.append("flagged_share_moved" if big else "flagged_share_shifted")
    if p_value < level and ks > MIN_CHANGE:
        reasons.append("distribution_changed")
    if fell.get("f1", False):
        reasons.append("f1_fell")
    if rose.get("brier", False):
        reasons.append("calibration_worsened")
    return reasons


def _verdict(units: int, reasons: list[str]) -> str:
    found = set(reasons) - {"labels_too_few"}
    if units < MIN_ITEMS:
        return "too_few"
    if "f1_fell" in found or {"flagged_share_moved", "distribution_changed"} <= found:
        return "choose_again"
    return "watch" if found else "steady"


def _units(table: pd.DataFrame) -> int:
    """How many independent units a table holds: groups, or rows without a column group."""
    return table["group"].nunique() if "group" in table else len(table)


def _edges(scores: list[FloatArray], threshold: float) -> FloatArray:
    """Where scores are compared: the percentiles of both samples, and the threshold."""
    percentiles = [np.quantile(sample, _PERCENTS, method="inverted_cdf") for sample in scores]
    return np.unique(np.concatenate([*percentiles, [threshold]]))


def _shares_above(
    groups: pd.Series | None,
    scores: FloatArray,
    edges: FloatArray,
    resamples: int,
    seed: int,
) -> FloatArray:
    """Share of items above each edge, (1 + resamples, edges); row 0 is the sample itself."""
    n, width = len(scores), len(edges) + 1
    cells = np.searchsorted(edges, scores, side="left")
    codes, n_groups = (np.arange(n), n) if groups is None else group_codes(groups, n)
    if n_groups == n:  # items one by one: counts alone, however many items
        tally = np.bincount(cells, minlength=width)
        drawn = np.random.default_rng(seed).multinomial(n, tally / n, resamples)
        counts = np.vstack([tally, drawn])
    else:
        table = np.bincount(codes * width + cells, minlength=n_groups * width)
        table = table.reshape(n_groups, width).astype(float)
        blocks = draw_groups(n_groups, resamples, seed, width=width)
        counts = np.concatenate([drawn @ table for drawn in blocks])
    above: FloatArray = np.cumsum(counts[:, ::-1], axis=1, dtype=float)[:, ::-1]
    return above[:, 1:] / above[:, :1]


def _kolmogorov_smirnov(validation: FloatArray, new: FloatArray) -> tuple[float, float]:
    """The statistic and its p-value: how often noise alone is as large.

    Noise is each draw about its own sample (the recentred bootstrap of van der Vaart & Wellner
    1996, Weak Convergence and Empirical Processes, sec. 3.7). `scipy.stats.ks_2samp` takes items
    for independent: of 30 groups of ten alike it calls every other unchanged set changed.
    """
    ks = np.abs(new[0] - validation[0]).max()
    noise = np.abs((new[1:] - new[0]) - (validation[1:] - validation[0])).max(axis=1)
    # 1e-12: equal shares may differ by rounding
    return float(ks), float((1 + (noise >= ks - 1e-12).sum()) / (1 + len(noise)))


def _harmful_shares(
    validation: pd.DataFrame,
    scores: list[FloatArray],
    edges: FloatArray,
    above: FloatArray,
    seed: int,
) -> FloatArray:
    """Harmful shares of validation and (estimated) of the new scores, (1 + draws, 2).

    Row 0 is of the samples themselves. Each draw is calibrated anew on the groups drawn, so that
    the noise of a small validation set counts; one draw of ten is enough for that. All new scores
    between two edges stand at the mean of their logits.
    """
    old_logits, new_logits = (_to_logit(sample) for sample in scores)
    cells = np.searchsorted(edges, scores[1], side="left")
    members = np.bincount(cells, minlength=len(edges) + 1)
    filled = members > 0
    means = np.bincount(cells, new_logits, len(members))[filled] / members[filled]
    shares = -np.diff(above, axis=1, prepend=1, append=0)[:, filled]
    labels = validation["label"].to_numpy() == 1
    codes, n_groups = group_codes(validation["group"], len(labels))
    draws = draw_groups(n_groups, max(1, (len(shares) - 1) // 10), seed)
    rows: list[tuple[float, float]] = []
    for counts, weights in zip((row for block in draws for row in block), shares, strict=False):
        drawn = counts[codes]
        prior = np.average(labels, weights=drawn)
        estimate = np.nan
        if 0 < prior < 1 or not rows:  # the sample itself must hold both classes
            calibrated = calibrated_probabilities(labels, old_logits, means, drawn)
            estimate = harmful_share(prior, calibrated, weights)
        rows.append((prior, estimate))
    return np.array(rows)


def _labelled_rows(
    validation: pd.DataFrame,
    labelled: pd.DataFrame,
    threshold: float,
    level: float,
    resamples: int,
    seed: int,
) -> list[tuple[object, ...]]:
    """Precision, recall, F1 and Brier score where labels are known.

    The interval of a difference combines those of two independent samples (Zou & Donner 2008,
    Construction of confidence limits about effect measures, Stat. Med. 27:1693, MOVER).
    """
    found = []
    for i, table in enumerate((validation, labelled)):
        labels, probabilities = table["label"].to_numpy(int), table["probability"].to_numpy(float)
        groups = table.get("group")
        metrics = metric_intervals(
            labels, probabilities, threshold, groups,
            resamples=resamples, level=level, seed=seed + i,
        )  # fmt: skip
        calibration = calibration_intervals(
            labels, probabilities, groups, resamples=resamples, level=level, seed=seed + i
        )
        found.append(pd.concat([metrics, calibration]).set_index("metric"))
    rows: list[tuple[object, ...]] = []
    for metric in ("precision", "recall", "f1", "brier"):
        a, b = (table.loc[metric] for table in found)
        difference = b["value"] - a["value"]
        low = difference - np.hypot(b["value"] - b["low"], a["high"] - a["value"])
        high = difference + np.hypot(b["high"] - b["value"], a["value"] - a["low"])
        rows.append((metric, a["value"], b["value"], difference, low, high))
    return rows


def _to_logit(probabilities: FloatArray) -> FloatArray:
    """Finite logits: a probability of 0 or 1 counts as 1e-6 or 1 - 1e-6."""
    return np.asarray(logit(np.clip(probabilities, 1e-6, 1 - 1e-6)), float)


def _checked(table: pd.DataFrame, name: str) -> FloatArray:
    """The probabilities of a sample, or a ScoresError that names the sample."""
    needed = ["probability"] if name == "new" else ["label", "probability", "group"]
    missing = [column for column in needed if column not in table]
    if missing:
        raise ScoresError(f"the {name} scores lack {', '.join(missing)}")
    if table.empty:
        raise ScoresError(f"the {name} scores are empty: there is nothing to compare")
    probabilities = table["probability"].to_numpy(float)
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ScoresError(f"the {name} probabilities must lie in [0, 1] (are these logits?)")
    labels = table.get("label", pd.Series(dtype=float))
    labels = labels.dropna() if name == "new" else labels
    if len(labels):
        check_scored(labels.to_numpy(), np.zeros(len(labels)))
    if name == "validation" and probabilities.min() == probabilities.max():
        raise ScoresError(
            f"the {name} probabilities are all {probabilities[0]}: choose on other scores"
        )
    return np.asarray(probabilities, float)
