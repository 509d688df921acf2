"""What is done about imbalance, tried at several harmful : safe ratios of the training items.

Only the training part of each fold is subsampled. Every ratio keeps as many items in all, so that a
difference is one of the ratio and not of the amount, and those of a milder ratio include those of
a stronger one as far as that goes. Test stays as it is: a metric at another ratio of test items
would differ by the ratio alone. So does validation, whose task is to choose the threshold for
items like those of test; that is also what one would do with a lopsided training set and a
representative sample to set the threshold on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from scipy.special import expit, logit

from harmlib.analysis.bonferroni import corrected_level
from harmlib.analysis.checks import FloatArray
from harmlib.analysis.over_seeds import estimate_over_seeds
from harmlib.analysis.prevalence import precision_at_prevalences
from harmlib.analysis.rates import rate
from harmlib.models.losses import LossName, positive_weight
from harmlib.models.stacked import Head, train_heads
from harmlib.models.training import Split, Training
from harmlib.params import Schedule

Method = Literal["none", "pos_weight", "resampling", "focal", "moved_threshold"]
METHODS: tuple[Method, ...] = get_args(Method)
Rule = Literal["fixed", "validation"]
TRAINED: Mapping[Method, LossName] = {
    "none": "bce_with_logits",
    "pos_weight": "bce_with_logits",
    "resampling": "bce_with_logits",
    "focal": "focal",
}
MIN_ITEMS = 5  # of the rarer class, to train on; with fewer a ratio isn't tried
# Even steps of the logit: what weights and shares do to probabilities is a shift of the logit.
GRID: FloatArray = expit(np.linspace(-6, 6, 97))
_AT_ONCE = 15
_COMPARED: Mapping[Rule, int] = {"fixed": 4, "validation": 3}  # methods, with "none"
_PREVALENCES = (0.001, 0.01, 0.1)

Folds = Sequence[Mapping[str, Split]]


@dataclass(frozen=True)
class ImbalanceTables:
    """What the methods gave at each ratio.

    Attributes
    ----------
    ratios : pandas.DataFrame
        One row per ratio that was asked for: harmful_per_safe, tried (whether the training parts
        hold enough), harmful, safe (items to train on, the mean of the folds; of a ratio that
        wasn't tried: the most that there could have been).
    effects : pandas.DataFrame
        One row per ratio, method, rule and metric: harmful_per_safe, method, rule, metric, value,
        low, high, difference (less "none" under the same rule), difference_low, difference_high
        (Bonferroni's, for all that is compared under one rule and metric); over groups and seeds.
        The rule "fixed" is the threshold 0.5 ("moved_threshold": 0.5 after the prior shift), the
        rule "validation" the best F1 on validation. "moved_threshold" has the threshold of its
        formula in both, and is compared with "none" under either; it ranks as "none" does, so it
        has no rows of "average_precision" and "roc_auc", which are of the rule "validation".
    prevalences : pandas.DataFrame
        One row per ratio, method and prevalence, at the rule "validation": harmful_per_safe,
        method, and the columns of `precision_at_prevalences`.
    """

    ratios: pd.DataFrame
    effects: pd.DataFrame
    prevalences: pd.DataFrame


def study_imbalance(
    folds: Folds,
    dims: dict[str, int],
    schedule: Schedule,
    seeds: Sequence[int],
    harmful_per_safe: Sequence[float],
    *,
    prevalence: float | None,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> ImbalanceTables:
    """Train with each method at each ratio on every fold; judge the test parts.

    Parameters
    ----------
    folds : sequence of mapping of str to Split
        "train", "val" and "test" of each fold, as `training_data.load_folds` returns them.
    dims : dict of str to int
        As in `HarmfulClassifier`.
    schedule : Schedule
        Of all trainings.
    seeds : sequence of int
        Of the subsamples and of the trainings of each fold.
    harmful_per_safe : sequence of float
        The ratios, positive.
    prevalence : float or None
        Harmful share of the traffic; None: a few that are usual are tried.
    device : torch.device
        Where to train.
    progress : callable, optional
        Called with (trainings done, trainings in all).

    Returns
    -------
    ImbalanceTables

    Notes
    -----
    The methods: "none"; "pos_weight" (safe / harmful of the training items); "resampling" (items of
    the rarer class are repeated until there are as many: an epoch has more steps); "focal" (Lin et
    al. 2017, no class weight); "moved_threshold": trained as "none", and 0.5 is moved by the odds
    of training over the odds of validation (Elkan 2001, The Foundations of Cost-Sensitive Learning,
    IJCAI, theorem 2). The epoch is the one with the highest F1 on validation under the rule.

    Examples
    --------
    >>> names = [f"{i:02}" for i in range(60)]
    >>> labels = torch.arange(60) % 2
    >>> split = Split(labels[:, None] + torch.randn(60, 1), labels, names, names)
    >>> fold = {"train": split, "val": split, "test": split}
    >>> found = study_imbalance(
    ...     [fold], {"clip": 1}, Schedule(epochs=1, batch_size=8, learning_rate=0.01), [1],
    ...     [1.0, 4.0, 16.0], prevalence=0.01, device=torch.device("cpu"))
    >>> found.ratios
       harmful_per_safe  tried  harmful  safe
    0               1.0   True     19.0  18.0
    1               4.0   True     30.0   7.0
    2              16.0  False     29.0   2.0
    """
    tried, sizes = _sizes(folds, harmful_per_safe)
    runs = [(seed, fold) for seed in seeds for fold in range(len(folds))]
    kept = [ratio for ratio in harmful_per_safe if tried[ratio]]
    total, done = len(kept) * len(TRAINED) * len(runs), 0
    effects, prevalences = [], []
    for ratio in kept:
        parts = [_subsampled(folds[fold], *sizes[ratio][fold], [seed, fold]) for seed, fold in runs]
        judged: dict[tuple[Method, Rule], pd.DataFrame] = {}
        for method, loss in TRAINED.items():
            heads = [_head(part, seed, method) for part, (seed, _) in zip(parts, runs, strict=True)]
            trainings = _trained(heads, dims, loss, schedule, device)
            judged |= _judged(method, heads, trainings, runs)
            done += len(runs)
            if progress:
                progress(done, total)
        effects.append(_effects(judged, len(kept)).assign(harmful_per_safe=ratio))
        prevalences.append(_prevalences(judged, prevalence).assign(harmful_per_safe=ratio))
    ratios = pd.DataFrame(
        [(ratio, tried[ratio], *np.mean(sizes[ratio], axis=0)) for ratio in harmful_per_safe],
        columns=["harmful_per_safe", "tried", "harmful", "safe"],
    )
    return ImbalanceTables(ratios, _joined(effects), _joined(prevalences))


def prior_shifted(threshold: float, share: float, new_share: float) -> float:
    """Move a threshold from one share of harmful items to another.

    Parameters
    ----------
    threshold : float
        On the probabilities at `new_share`, in (0, 1).
    share, new_share : float
        Harmful shares where the probabilities were learnt, and where the items come from, in
        [0, 1].

    Returns
    -------
    float
        On the probabilities as they were learnt. `threshold` itself where a class is missing: the
        odds say nothing then.

    Notes
    -----
    Elkan (2001), theorem 2, solved for the old probability: its odds are those of the threshold
    times the odds of `share` over those of `new_share`.

    Examples
    --------
    >>> round(prior_shifted(0.5, 0.8, 0.5), 3), prior_shifted(0.3, 0.5, 0.5)
    (0.8, 0.3)
    """
    if not (0 < share < 1 and 0 < new_share < 1):
        return threshold
    return float(expit(logit(threshold) + logit(share) - logit(new_share)))


def oversampled(split: Split, seed: Sequence[int]) -> Split:
    """Repeat items of the rarer class until there are as many as of the other.

    Parameters
    ----------
    split : Split
        To train on, with items of both classes.
    seed : sequence of int
        Which items are repeated once more than others.

    Returns
    -------
    Split

    Examples
    --------
    >>> names = list("abcde")
    >>> split = Split(torch.eye(5), torch.tensor([1, 0, 0, 0, 1]), names, names)
    >>> oversampled(split, [1]).labels.bincount().tolist()
    [3, 3]
    """
    labels = split.labels.numpy()
    classes = [np.flatnonzero(labels == label) for label in (0, 1)]
    most = max(map(len, classes))
    rng = np.random.default_rng(seed)
    rows = [np.resize(rng.permutation(own), most) for own in classes]
    return _rows_of(split, np.concatenate(rows))


def _sizes(
    folds: Folds, ratios: Sequence[float]
) -> tuple[dict[float, bool], dict[float, list[tuple[int, int]]]]:
    """Which ratios can be tried, and (harmful, safe) items of each ratio and fold."""
    held = [(int(f["train"].labels.sum()), int((1 - f["train"].labels).sum())) for f in folds]
    most = {
        ratio: [min(math.floor(h * (1 + 1 / ratio)), math.floor(s * (1 + ratio))) for h, s in held]
        for ratio in ratios
    }
    kept = sorted(ratios, key=lambda ratio: abs(math.log(ratio)))
    while kept:
        # As many items in all at every ratio that is tried
        totals = [min(most[ratio][fold] for ratio in kept) for fold in range(len(folds))]
        if min(min(_parts(total, kept[-1])) for total in totals) >= MIN_ITEMS:
            break
        kept.pop()
    sizes = {
        ratio: [_parts(total, ratio) for total in (totals if ratio in kept else most[ratio])]
        for ratio in ratios
    }
    return {ratio: ratio in kept for ratio in ratios}, sizes


def _parts(total: int, ratio: float) -> tuple[int, int]:
    """Harmful and safe items that are `total` together."""
    safe = round(total / (1 + ratio))
    return total - safe, safe


def _subsampled(
    fold: Mapping[str, Split], harmful: int, safe: int, seed: Sequence[int]
) -> dict[str, Split]:
    """The fold with so many items of each class to train on: the first of one random order."""
    labels = fold["train"].labels.numpy()
    order = np.random.default_rng(seed).permutation(len(labels))
    rows = np.concatenate(
        [order[labels[order] == label][:size] for label, size in ((1, harmful), (0, safe))]
    )
    return {**fold, "train": _rows_of(fold["train"], np.sort(rows))}


def _rows_of(split: Split, rows: npt.NDArray[np.int64]) -> Split:
    index = torch.from_numpy(rows)
    return Split(
        split.features[index],
        split.labels[index],
        [split.item_ids[i] for i in rows],
        [split.groups[i] for i in rows],
    )


def _head(splits: Mapping[str, Split], seed: int, method: Method) -> Head:
    if method == "resampling":
        return Head({**splits, "train": oversampled(splits["train"], [seed])}, seed)
    weighted = method == "pos_weight"
    weight = positive_weight("balanced" if weighted else None, splits["train"].labels)
    return Head(splits, seed, weight)


def _trained(
    heads: Sequence[Head],
    dims: dict[str, int],
    loss: LossName,
    schedule: Schedule,
    device: torch.device,
) -> Iterator[Training]:
    for first in range(0, len(heads), _AT_ONCE):
        part = heads[first : first + _AT_ONCE]
        yield from train_heads(part, dims, loss, schedule, device=device, keep_states=False)


def _judged(
    method: Method,
    heads: Sequence[Head],
    trainings: Iterator[Training],
    runs: Sequence[tuple[int, int]],
) -> dict[tuple[Method, Rule], pd.DataFrame]:
    """The test items of all trainings of a method, judged under each rule."""
    tables: dict[tuple[Method, Rule], list[pd.DataFrame]] = {}
    for head, training, (seed, _) in zip(heads, trainings, runs, strict=True):
        thresholds: dict[tuple[Method, Rule], FloatArray] = {
            (method, "fixed"): np.array([0.5]),
            (method, "validation"): GRID,
        }
        if method == "none":
            shares = (float(head.splits[name].labels.float().mean()) for name in ("train", "val"))
            thresholds["moved_threshold", "fixed"] = np.array([prior_shifted(0.5, *shares)])
        for key, tried in thresholds.items():
            tables.setdefault(key, []).append(_decided(head, training, tried).assign(seed=seed))
    return {key: pd.concat(parts, ignore_index=True) for key, parts in tables.items()}


def _decided(head: Head, training: Training, thresholds: FloatArray) -> pd.DataFrame:
    """The test items at the epoch and threshold with the highest F1 on validation.

    What `operating_points` and `judged_items` find, for hundreds of trainings in little time: the
    earliest epoch, and there the lowest threshold, of equally good ones.
    """
    scores = training.scores
    val, test = (scores[scores["split"] == name] for name in ("val", "test"))
    harmful = head.splits["val"].labels.numpy() == 1
    # (epochs, items, thresholds): every epoch scores the items in the order of the split
    flagged = val["probability"].to_numpy().reshape(-1, len(harmful), 1) > thresholds
    tp, fp = flagged[:, harmful].sum(axis=1), flagged[:, ~harmful].sum(axis=1)
    f1 = rate("f1", np.stack([tp, fp, harmful.sum() - tp, (~harmful).sum() - fp]))
    best, place = divmod(int(f1.argmax()), len(thresholds))
    own = test[test["epoch"] == val["epoch"].unique()[best]]
    return own[["item_id", "label", "logit"]].assign(
        group=head.splits["test"].groups, flagged=own["probability"] > thresholds[place]
    )


def _effects(judged: Mapping[tuple[Method, Rule], pd.DataFrame], ratios: int) -> pd.DataFrame:
    """Each method's metrics, and how far they are from doing nothing under the same rule."""
    rows = []
    for method in METHODS:
        for rule in get_args(Rule):
            ranks = rule == "validation" and method != "moved_threshold"
            own = judged[method, "fixed" if method == "moved_threshold" else rule]
            # The formula against validation's choice is a question of its own
            compared = ratios * _COMPARED[rule]
            if method == "moved_threshold" and rule == "validation":
                compared = ratios
            level = corrected_level(compared)
            for metric in ("f1", "average_precision", "roc_auc") if ranks else ("f1",):
                found = estimate_over_seeds(own, metric)
                apart = found - estimate_over_seeds(judged["none", rule], metric)
                rows.append((method, rule, metric, found.value, *found.interval("share"),
                             apart.value, *apart.interval("difference", level)))  # fmt: skip
    columns = ["method", "rule", "metric", "value", "low", "high", "difference",
               "difference_low", "difference_high"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _prevalences(
    judged: Mapping[tuple[Method, Rule], pd.DataFrame], prevalence: float | None
) -> pd.DataFrame:
    """Precision and flagged share of the decisions of all seeds, at other harmful shares."""
    shares = _PREVALENCES if prevalence is None else (prevalence,)
    tables = []
    for (method, rule), own in judged.items():
        if rule == "validation" or method == "moved_threshold":
            flagged = own["flagged"].to_numpy(np.float64)
            table = precision_at_prevalences(own["label"], flagged, 0.5, shares, own["group"])
            tables.append(table.assign(method=method))
    return pd.concat(tables, ignore_index=True)


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One table, the ratio and the method first; empty where no ratio was tried."""
    if not tables:
        return pd.DataFrame(columns=["harmful_per_safe", "method"])
    table = pd.concat(tables, ignore_index=True)
    keys = ["harmful_per_safe", "method"]
    return table[[*keys, *table.columns.drop(keys)]]
