"""What another seed, another fold or another epoch would have changed.

`scored` and `operating_points` are those of one variant that was trained with several seeds on
every fold: the tables of `harmlib.models.fold_training.train_folds`, `scored` with a column group.
`judged` is what `harmlib.analysis.judged.judged_items` makes of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.bonferroni import corrected_level
from harmlib.analysis.checks import FloatArray
from harmlib.analysis.judged import judged_items
from harmlib.analysis.over_seeds import SeedEstimates, estimate_over_seeds
from harmlib.analysis.rates import rate

SPREAD_METRICS = ("f1", "average_precision", "roc_auc")
_RUN = ["seed", "fold"]


def seed_metrics(judged: pd.DataFrame) -> pd.DataFrame:
    """Measure each seed on the items of all folds.

    Parameters
    ----------
    judged : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        One row per seed: seed, and SPREAD_METRICS.

    Examples
    --------
    >>> judged = pd.DataFrame({"seed": [1, 1, 2, 2], "item_id": ["a", "b"] * 2, "label": [1, 0] * 2,
    ...     "group": ["x", "y"] * 2, "logit": [1, 0, 0, 1], "flagged": [True, False, True, True]})
    >>> seed_metrics(judged)[["seed", "f1", "roc_auc"]].round(2)
       seed    f1  roc_auc
    0     1  1.00      1.0
    1     2  0.67      0.0
    """
    values = {name: estimate_over_seeds(judged, name).values for name in SPREAD_METRICS}
    return pd.DataFrame({"seed": sorted(judged["seed"].unique())} | values)


def spread_values(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """F1 on test and the best threshold, as one of seed, fold and epoch varies.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        One row per value: quantity ("f1", "best_threshold"), source ("seed", "fold", "epoch": what
        varies), at (which one), held (which of the others are held; may be empty), value. Seeds: F1
        of all folds together, and the threshold of each fold, at the chosen epoch. Folds: of each
        seed, at the chosen epoch. Epochs: F1 of all folds together with the same epoch in all, each
        epoch at its own threshold, and the threshold of each fold, of each seed.

    Examples
    --------
    >>> scored = pd.DataFrame({"seed": [1] * 4 + [2] * 4, "fold": [0, 0, 1, 1] * 2, "epoch": 1,
    ...     "split": "test", "label": [0, 1] * 4, "item_id": ["a", "b", "c", "d"] * 2, "logit": 0.0,
    ...     "probability": [0.2, 0.8] * 3 + [0.6, 0.8], "group": ["a", "b", "c", "d"] * 2})
    >>> points = pd.DataFrame({"seed": [1, 1, 2, 2], "fold": [0, 1] * 2, "epoch": 1,
    ...     "threshold": 0.5, "best_threshold": [0.5, 0.5, 0.3, 0.7], "chosen": True})
    >>> spread_values(scored, points).iloc[:4].round(2)
      quantity source  at    held  value
    0       f1   seed   1            1.0
    1       f1   seed   2            0.8
    2       f1   fold   0  seed 1    1.0
    3       f1   fold   1  seed 1    1.0
    """
    judged = judged_items(scored, operating_points)
    chosen = operating_points[operating_points["chosen"]]
    every_epoch = pd.concat(
        fixed_epoch(scored, operating_points, epoch)
        for epoch in sorted(operating_points["epoch"].unique())
    )
    found = {
        ("f1", "seed"): (_f1(judged, ["seed"]), []),
        ("f1", "fold"): (_f1(judged, _RUN), ["seed"]),
        ("f1", "epoch"): (_f1(every_epoch, ["seed", "epoch"]), ["seed"]),
        ("best_threshold", "seed"): (chosen, ["fold"]),
        ("best_threshold", "fold"): (chosen, ["seed"]),
        ("best_threshold", "epoch"): (operating_points, _RUN),
    }
    tables = []
    for (quantity, source), (table, held) in found.items():
        which = [", ".join(f"{key} {row[key]}" for key in held) for row in table.to_dict("records")]
        tables.append(
            pd.DataFrame(
                {
                    "quantity": quantity,
                    "source": source,
                    "at": table[source].to_numpy(),
                    "held": which,
                    "value": table[quantity].to_numpy(),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def spread(values: pd.DataFrame) -> pd.DataFrame:
    """How far F1 on test and the best threshold vary over seeds, folds and epochs.

    Parameters
    ----------
    values : pandas.DataFrame
        As `spread_values` returns it.

    Returns
    -------
    pandas.DataFrame
        One row per quantity and source: quantity, source, sd (with the others held, pooled over
        these: the root of the mean variance; NaN where nothing varies), low, high (the lowest and
        the highest value), n (how many seeds, folds or epochs there are).

    Examples
    --------
    >>> values = pd.DataFrame({"quantity": "f1", "source": "fold", "at": [0, 1] * 2,
    ...     "held": ["seed 1"] * 2 + ["seed 2"] * 2, "value": [0.5, 0.7, 0.6, 0.6]})
    >>> spread(values).round(2)
      quantity source   sd  low  high  n
    0       f1   fold  0.1  0.5   0.7  2
    """
    rows = []
    for (quantity, source), own in values.groupby(["quantity", "source"], sort=False):
        variances = own.groupby("held")["value"].var()
        ends = own["value"].min(), own["value"].max()
        rows.append((quantity, source, np.sqrt(variances.mean()), *ends, own["at"].nunique()))
    return pd.DataFrame(rows, columns=["quantity", "source", "sd", "low", "high", "n"])


def item_flips(judged: pd.DataFrame) -> pd.DataFrame:
    """How often two seeds decide differently on each item, each at the threshold of its fold.

    Parameters
    ----------
    judged : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        One row per item, the ones that flip most first: item_id, label, group, fold, seeds,
        flagged (seeds that flag it), wrong (seeds that decide wrongly), flip_rate (share of the
        pairs of seeds that disagree).

    Notes
    -----
    Of S seeds, k of which flag an item, k (S - k) of S (S - 1) / 2 pairs disagree.

    Examples
    --------
    >>> judged = pd.DataFrame({"seed": [1, 2, 3] * 2, "item_id": ["a"] * 3 + ["b"] * 3, "label": 1,
    ...     "group": "x", "fold": 0, "flagged": [True, True, False, True, True, True]})
    >>> item_flips(judged)[["item_id", "seeds", "flagged", "wrong", "flip_rate"]].round(2)
      item_id  seeds  flagged  wrong  flip_rate
    0       a      3        2      1       0.67
    1       b      3        3      0       0.00
    """
    items = judged.groupby("item_id", as_index=False).agg(
        label=("label", "first"),
        group=("group", "first"),
        fold=("fold", "first"),
        seeds=("seed", "size"),
        flagged=("flagged", "sum"),
    )
    seeds, flagged = items["seeds"], items["flagged"]
    items["wrong"] = flagged.where(items["label"] == 0, seeds - flagged)
    pairs = seeds * (seeds - 1) / 2
    items["flip_rate"] = (flagged * (seeds - flagged) / pairs).where(pairs > 0)
    order = ["flip_rate", "item_id"]
    return items.sort_values(order, ascending=[False, True], ignore_index=True)


def flip_summary(flips: pd.DataFrame) -> pd.DataFrame:
    """Sum the flips up, with intervals over groups.

    Parameters
    ----------
    flips : pandas.DataFrame
        As `item_flips` returns it.

    Returns
    -------
    pandas.DataFrame
        One row per measure: measure, value, low, high, items (that it counts), n (of all). The
        measures are "any" (share of items on which not all seeds agree), "pair" (share of items on
        which two seeds disagree, of all pairs), "wrong_all" (share of items that every seed decides
        wrongly: no seed's fault).

    Examples
    --------
    >>> flips = pd.DataFrame({"group": [*range(8)], "seeds": 2, "flagged": [1, 1, 2, 2] * 2,
    ...     "wrong": [1, 1, 0, 2] * 2, "flip_rate": [1.0, 1.0, 0.0, 0.0] * 2})
    >>> flip_summary(flips).round(2)
         measure  value   low  high  items  n
    0        any   0.50  0.14  0.86      4  8
    1       pair   0.50  0.14  0.86      4  8
    2  wrong_all   0.25  0.03  0.79      2  8
    """
    varies = flips["flip_rate"] > 0
    measures = {
        "any": varies.astype(float),
        "pair": flips["flip_rate"],
        "wrong_all": (flips["wrong"] == flips["seeds"]).astype(float),
    }
    rows = []
    for name, values in measures.items():
        mean = _mean_over_groups(values, flips["group"])
        low, high = mean.interval("share")
        rows.append((name, mean.value, low, high, int((values > 0).sum()), len(flips)))
    return pd.DataFrame(rows, columns=["measure", "value", "low", "high", "items", "n"])


def fixed_epoch(
    scored: pd.DataFrame, operating_points: pd.DataFrame, epoch: int, split: str = "test"
) -> pd.DataFrame:
    """Judge the items as if every training had stopped at the same epoch.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
    epoch : int
        Of every training; the threshold is the one of this epoch.
    split : {"val", "test"}
        Of each fold.

    Returns
    -------
    pandas.DataFrame
        As `judged_items` returns it.

    Examples
    --------
    >>> scored = pd.DataFrame({"seed": 1, "fold": 0, "epoch": [1, 2], "split": "test", "label": 1,
    ...     "item_id": "a", "logit": 0.0, "probability": [0.4, 0.6], "group": "x"})
    >>> points = pd.DataFrame({"seed": 1, "fold": 0, "epoch": [1, 2], "threshold": 0.5,
    ...                        "chosen": [False, True]})
    >>> fixed_epoch(scored, points, 1)["flagged"].tolist()
    [False]
    """
    same = operating_points.assign(chosen=operating_points["epoch"] == epoch)
    return judged_items(scored, same, split)


def epoch_choices(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """How often validation chooses each epoch, and whether its choice beats that epoch on test.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        One row per epoch: epoch, chosen (trainings that choose it), best_on_test (trainings whose
        F1 on their test part is highest there, each at its own threshold, the earliest of equals),
        trainings, f1 (on test, if every training stopped there), gain (F1 of validation's choices
        less that), low, high (of the gain, over groups and seeds; Bonferroni's for the number of
        epochs).

    Examples
    --------
    >>> scored = pd.DataFrame({"seed": 1, "fold": 0, "epoch": [1] * 4 + [2] * 4, "split": "test",
    ...     "label": [0, 0, 1, 1] * 2, "item_id": ["a", "b", "c", "d"] * 2, "logit": 0.0,
    ...     "probability": [0.6, 0.6, 0.8, 0.8, 0.2, 0.2, 0.8, 0.8], "group": ["x", "y"] * 4})
    >>> points = pd.DataFrame({"seed": 1, "fold": 0, "epoch": [1, 2], "threshold": 0.5,
    ...                        "chosen": [False, True]})
    >>> epoch_choices(scored, points)[["epoch", "chosen", "best_on_test", "f1", "gain"]].round(2)
       epoch  chosen  best_on_test    f1  gain
    0      1       0             0  0.67  0.33
    1      2       1             1  1.00  0.00
    """
    by_validation = estimate_over_seeds(judged_items(scored, operating_points), "f1")
    picks = _picks(scored, operating_points)
    epochs = sorted(operating_points["epoch"].unique())
    level, rows = corrected_level(len(epochs)), []
    for epoch in epochs:
        fixed = estimate_over_seeds(fixed_epoch(scored, operating_points, epoch), "f1")
        gain = by_validation - fixed
        counts = [int((picks[by] == epoch).sum()) for by in ("validation", "test")]
        rows.append((epoch, *counts, len(picks), fixed.value, gain.value,
                     *gain.interval("difference", level)))  # fmt: skip
    columns = ["epoch", "chosen", "best_on_test", "trainings", "f1", "gain", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def epoch_luck(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """How much of the choice of an epoch is chance.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        One row per question: question, share, by_chance. "seeds": two seeds of one fold choose the
        same epoch; by chance as often as two trainings of different folds do. "test": the chosen
        epoch is the best on test as well; by chance as often as the choices of one fold meet the
        best of another. Shares that equal the chance say that the fold's data decide nothing.

    Examples
    --------
    >>> scored = pd.DataFrame([
    ...     {"seed": seed, "fold": fold, "epoch": epoch, "split": "test", "label": label,
    ...      "item_id": f"{fold}{label}", "logit": 0.0, "group": "x",
    ...      "probability": 0.8 if label or epoch != fold + 1 else 0.2}
    ...     for seed in (1, 2) for fold in (0, 1) for epoch in (1, 2) for label in (0, 1)])
    >>> points = pd.DataFrame([
    ...     {"seed": seed, "fold": fold, "epoch": epoch, "threshold": 0.5,
    ...      "chosen": epoch == fold + 1}
    ...     for seed in (1, 2) for fold in (0, 1) for epoch in (1, 2)])
    >>> epoch_luck(scored, points)
      question  share  by_chance
    0    seeds    1.0        0.0
    1     test    1.0        0.0
    """
    picks = _picks(scored, operating_points)
    chosen, best = picks["validation"].to_numpy(), picks["test"].to_numpy()
    same_fold = picks["fold"].to_numpy()[:, None] == picks["fold"].to_numpy()
    other_run = ~np.eye(len(picks), dtype=bool)
    meet, hit = chosen[:, None] == chosen, chosen[:, None] == best
    rows = [
        ("seeds", _share(meet[same_fold & other_run]), _share(meet[~same_fold])),
        ("test", _share(np.diag(hit)), _share(hit[~same_fold])),
    ]
    return pd.DataFrame(rows, columns=["question", "share", "by_chance"])


def _picks(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """The epoch that validation chooses for each training, and the best one on its test part."""
    test = scored[scored["split"] == "test"].merge(
        operating_points[[*_RUN, "epoch", "threshold"]], on=[*_RUN, "epoch"]
    )
    test = test.assign(flagged=test["probability"] > test["threshold"])
    found = _f1(test, [*_RUN, "epoch"]).sort_values([*_RUN, "epoch"], ignore_index=True)
    best = found.loc[found.groupby(_RUN)["f1"].idxmax(), [*_RUN, "epoch"]]
    chosen = operating_points.loc[operating_points["chosen"], [*_RUN, "epoch"]]
    return chosen.merge(best, on=_RUN, suffixes=("_validation", "_test")).rename(
        columns={"epoch_validation": "validation", "epoch_test": "test"}
    )


def _f1(decided: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """F1 of the items of each key."""
    harmful, flagged = decided["label"] == 1, decided["flagged"]
    counts = pd.DataFrame(
        {"tp": harmful & flagged, "fp": ~harmful & flagged,
         "fn": harmful & ~flagged, "tn": ~harmful & ~flagged}
    )  # fmt: skip
    table = counts.groupby([decided[key] for key in keys]).sum()
    return table.assign(f1=rate("f1", table.to_numpy().T)).reset_index()


def _mean_over_groups(values: pd.Series, groups: pd.Series) -> SeedEstimates:
    """A mean over items, with its value without each group."""
    sums = values.groupby(groups.to_numpy()).agg(["sum", "size"])
    total, size = sums.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        left_out: FloatArray = ((total - sums["sum"]) / (size - sums["size"])).to_numpy(np.float64)
    return SeedEstimates(np.array([total / size]), left_out, len(sums), True)


def _share(hits: npt.NDArray[np.bool_]) -> float:
    return float(hits.mean()) if hits.size else float("nan")
