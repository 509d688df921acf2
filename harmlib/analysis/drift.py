"""Are new scores like those that the threshold was chosen on? When should it be chosen again?

Validation and new scores are two independent samples. Noise on both sides is drawn by the
bootstrap: validation by whole groups, new scores by items, or by groups where they have a column
`group` (clips of one source are one piece of news, not many).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from harmlib.analysis.bootstrap import draw_groups, group_codes, interval, metric_intervals
from harmlib.analysis.calibration import calibration_intervals
from harmlib.analysis.prevalence import calibrated_probabilities, harmful_share, to_logit
from harmlib.analysis.thresholds import ScoresError, check_scored, check_thresholds

MIN_ITEMS = 30  # fewer new scores (or groups) than this say nothing about a distribution
LEVEL = 0.05  # of all tests of a call together
MOVED_SHARE = 0.10  # a share flagged that moved by this much changes the work of a team
MIN_CHANGE = 0.02  # what moved by no more is not worth a look, however sure: shares, F1, Brier
_RESAMPLES = 2000
_GRID = np.arange(1, 101) / 100


@dataclass(frozen=True)
class Drift:
    """What changed, and what to do.

    verdict : `too_few`, `steady`, `watch` (something changed; look at it), `choose_again`
    reasons : codes that led to it, of `REASONS`
    table : metric, validation, new, difference, low, high (of the difference, at `level`). Always
        flagged_share and harmful_share; with labels of both classes precision, recall, f1, brier,
        too. harmful_share on new scores is an estimate (see `prevalence.harmful_share`).
    ks : the largest difference of the two shares above any score, looked for at the threshold and
        at the percentiles of both samples
    p_value : of ks, whole groups redrawn
    expected_flagged_share : what would be flagged if only the harmful share had moved, to its
        estimate; far from what is flagged, more has changed than that
    level : of each interval: LEVEL is shared out evenly among the tests (Bonferroni)
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


REASONS = {
    "flagged_share_moved": "the share flagged moved by 10 points or more, beyond its interval",
    "flagged_share_shifted": "the share flagged moved beyond its interval",
    "distribution_changed": "the scores are distributed otherwise (Kolmogorov-Smirnov)",
    "f1_fell": "F1 on the labelled items lies below validation's, beyond its interval",
    "calibration_worsened": "the Brier score is worse than validation's, beyond its interval",
    "labels_too_few": "too few labels to judge by: under 30 items (or groups), or of one class",
}


def compare_scores(
    validation: pd.DataFrame,
    new: pd.DataFrame,
    threshold: float,
    *,
    resamples: int = _RESAMPLES,
    seed: int = 0,
) -> Drift:
    """Hold new scores against validation's.

    validation : label, probability, group. new : probability; label (0/1) and group where they
    are known (labels missing otherwise). threshold : of the saved model; flagged is
    `probability > threshold`.

    The verdict is the first of these that holds. When nothing has changed it is `watch` or
    `choose_again` about once in twenty times. Moves of MIN_CHANGE or less never count.

    - `too_few`: fewer than MIN_ITEMS new items (or groups).
    - `choose_again`: F1 fell; or the share flagged moved by MOVED_SHARE or more, and the
      distribution changed with it.
    - `watch`: the share flagged shifted, the distribution changed, or calibration worsened.
    - `steady`: none of these.

    Labels count for the verdict from MIN_ITEMS labelled items (or groups) of both classes on.
    Where only flagged items were labelled, they say nothing about recall, F1 and calibration: label
    a random sample. F1 on validation is optimistic where the threshold was chosen on it: with 60
    such items the false alarms were 8 in 100 instead of 5.
    Raises ScoresError for missing columns, no rows, labels or probabilities that are not such, and
    validation scores that are all equal; ValueError for groups that are missing, or only one of
    validation.
    """
    scores = [_checked(validation, "validation"), _checked(new, "new")]
    (line,) = check_thresholds([threshold])
    labelled = new.dropna(subset="label") if "label" in new else new[:0].assign(label=0)
    judgeable = labelled["label"].nunique() == 2 and _units(labelled) > 1
    voting = judgeable and _units(labelled) >= MIN_ITEMS
    tests = 4 if voting else 2
    level = 1 - LEVEL / tests

    edges = _edges(scores, line)
    # A single new group can't be redrawn, but the verdict is `too_few` then
    groups = (validation["group"], new.get("group") if _units(new) != 1 else None)
    above = [
        # Another seed for the second: equal draws on both sides would cancel some of the noise
        _shares_above(groups[i], scores[i], edges, resamples, seed + i)
        for i in range(2)
    ]
    ks, p_value = _kolmogorov_smirnov(*above)
    then, now = (shares[:, edges.searchsorted(line)] for shares in above)
    harmful = _harmful_shares(validation, scores, edges, above[1], seed)
    rows = [_row("flagged_share", then, now, level), _row("harmful_share", *harmful.T, level)]
    if judgeable:
        rows += _judged(validation, labelled, line, level, resamples, seed)
    table = pd.DataFrame(rows, columns=["metric", "validation", "new", "difference", "low", "high"])
    reasons = _reasons(table if voting else table[:2], ks, p_value, LEVEL / tests)
    reasons += ["labels_too_few"] * (len(labelled) > 0 and not voting)
    expected = _expected_flagged_share(validation, line, harmful[0, 1])
    verdict, counts = _verdict(_units(new), reasons), (len(validation), len(new))
    return Drift(verdict, tuple(reasons), table, ks, p_value, expected, level, *counts)


def _row(metric: str, then, now, level: float) -> tuple:
    """A line of the table from draws (1 + resamples,); the first is the sample itself."""
    low, high, _ = interval(now[1:] - then[1:], level)
    return (metric, then[0], now[0], now[0] - then[0], low, high)


def _expected_flagged_share(validation: pd.DataFrame, line: float, harmful: float) -> float:
    flagged = validation["probability"] > line
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
    return table["group"].nunique() if "group" in table else len(table)


def _edges(scores, line) -> np.ndarray:
    """Where scores are compared: the percentiles of both samples, and the threshold."""
    own = [np.quantile(sample, _GRID, method="inverted_cdf") for sample in scores]
    return np.unique(np.concatenate([*own, [line]]))


def _shares_above(groups, scores, edges, resamples, seed) -> np.ndarray:
    """Share of items above each edge, (1 + resamples, edges); row 0 is the sample itself."""
    n, width = len(scores), len(edges) + 1
    cells = np.searchsorted(edges, scores, side="left")
    codes, n_groups = (None, n) if groups is None else group_codes(groups, n)
    if n_groups == n:  # items one by one: counts alone, however many items
        counts = np.bincount(cells, minlength=width)
        drawn = np.random.default_rng(seed).multinomial(n, counts / n, resamples)
        counts = np.vstack([counts, drawn])
    else:
        table = np.bincount(codes * width + cells, minlength=n_groups * width)
        table = table.reshape(n_groups, width).astype(float)
        blocks = draw_groups(n_groups, resamples, seed, width=width)
        counts = np.concatenate([drawn @ table for drawn in blocks])
    above = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]
    return above[:, 1:] / above[:, :1]


def _kolmogorov_smirnov(then, now) -> tuple[float, float]:
    """The statistic and its p: how often noise alone is as large.

    Noise is each draw about its own sample (the recentred bootstrap of van der Vaart & Wellner
    1996, Weak Convergence and Empirical Processes, sec. 3.7). `scipy.stats.ks_2samp` takes items
    for independent: of 30 groups of ten alike it calls every other unchanged set changed.
    """
    ks = np.abs(now[0] - then[0]).max()
    noise = np.abs((now[1:] - now[0]) - (then[1:] - then[0])).max(axis=1)
    # 1e-12: equal shares may differ by rounding
    return float(ks), float((1 + (noise >= ks - 1e-12).sum()) / (1 + len(noise)))


def _harmful_shares(validation, scores, edges, above, seed) -> np.ndarray:
    """Harmful shares of validation and (estimated) of the new scores, (1 + draws, 2).

    Row 0 is of the samples themselves. Each draw is calibrated anew on the groups drawn, so that
    the noise of a small validation counts; one draw of ten is enough for that.
    New scores stand in cells, at the mean of their logits.
    """
    cells = np.searchsorted(edges, scores[1], side="left")
    members = np.bincount(cells, minlength=len(edges) + 1)
    filled = members > 0
    means = np.bincount(cells, to_logit(scores[1]), len(members))[filled] / members[filled]
    shares = -np.diff(above, axis=1, prepend=1, append=0)[:, filled]
    labels, logits = validation["label"].to_numpy() == 1, to_logit(scores[0])
    codes, n_groups = group_codes(validation["group"], len(labels))
    draws = draw_groups(n_groups, max(1, (len(shares) - 1) // 10), seed)
    rows = []
    for counts, weights in zip((c for block in draws for c in block), shares, strict=False):
        drawn = counts[codes]
        prior = np.average(labels, weights=drawn)
        estimate = np.nan
        if 0 < prior < 1 or not rows:  # the sample itself must hold both classes
            calibrated = calibrated_probabilities(labels, logits, means, drawn)
            estimate = harmful_share(prior, calibrated, weights)
        rows.append((prior, estimate))
    return np.array(rows)


def _judged(validation, labelled, line, level, resamples, seed) -> list[tuple]:
    """Precision, recall, F1 and Brier score where labels are known.

    The interval of a difference joins both intervals as of independent samples (Zou & Donner 2008,
    Construction of confidence limits about effect measures, MOVER).
    """
    found = []
    for i, table in enumerate((validation, labelled)):
        columns = table["label"].to_numpy(int), table["probability"].to_numpy(float)
        options = {"resamples": resamples, "level": level, "seed": seed + i}
        metrics = metric_intervals(*columns, line, table.get("group"), **options)
        calibration = calibration_intervals(*columns, table.get("group"), **options)
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


def _checked(table: pd.DataFrame, name: str) -> np.ndarray:
    """The probabilities as float64, or a ScoresError that says in which sample it lies."""
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
        raise ScoresError(f"the {name} probabilities are all {probabilities[0]}: choose on others")
    return probabilities
