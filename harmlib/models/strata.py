"""How well a stratum (the guns seen by one camera, the fires) is judged, and how well if unknown.

Twice on the same folds: by classifiers that trained on other items of the stratum, and by ones that
never saw any of it, in training or in validation. The items that are judged are the same, so the
difference is what knowing the stratum is worth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from harmlib.analysis.bonferroni import corrected_level
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.judged import judged_items
from harmlib.analysis.over_seeds import estimate_over_seeds
from harmlib.media.folds import assign_folds
from harmlib.media.splits import SplitError
from harmlib.models.fold_training import train_folds
from harmlib.models.scaler import Scaler
from harmlib.models.training import Split
from harmlib.params import Modality, Variant

STRATA_COLUMNS = ["stratum", "harmful", "safe", "harmful_groups", "safe_groups", "against",
                  "harmful_share", "metric", "trained", "value", "low", "high",
                  "state"]  # fmt: skip
STRATA_METRICS = ("average_precision", "roc_auc")
Folds = Sequence[Mapping[str, Split]]


def study_strata(
    judged: pd.DataFrame,
    items: pd.DataFrame,
    folds: Folds,
    dims: dict[str, int],
    spec: Variant,
    modality: Modality,
    strata: Mapping[str, str],
    *,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Measure each stratum, trained on and never seen.

    Parameters
    ----------
    judged : pandas.DataFrame
        The items as `spec`, trained on these folds, judged them: as
        `harmlib.analysis.judged.judged_items` returns them. Its seeds are those of the trainings
        without the stratum, too.
    items : pandas.DataFrame
        Columns item_id, path, label, sha256, group.
    folds : sequence of mapping of str to Split
        As `training_data.load_folds` returns them.
    dims : dict of str to int
        As in `HarmfulClassifier`.
    spec : Variant
        What is trained.
    modality : {"image", "video"}
        Decides the schedule.
    strata : mapping of str to str
        Name to a regular expression that is searched for in the paths.
    device : torch.device
        Where to train.
    progress : callable, optional
        Called with (epochs done, epochs in all).

    Returns
    -------
    pandas.DataFrame
        STRATA_COLUMNS. Per stratum and metric (STRATA_METRICS) three rows, of `trained` "with" the
        stratum, "without" it, and the "difference" (without less with): value, low, high (over
        groups and seeds, of the difference Bonferroni's for the number of strata; NaN with too few
        groups). `against` is "own" where the stratum's harmful
        items are ranked against its own safe items, "all" where it has none and they are ranked
        against all; harmful_share (of what is ranked) is what average precision would be by chance.
        `state`: "ok"; "few_groups": no interval; "no_items": no path matches; "no_harmful";
        "one_class": without the stratum there is too little of a class left to train and validate
        on. In the last three there is one row, without values.

    Raises
    ------
    ValueError
        A regular expression that can't be read.

    Notes
    -----
    Groups stay in one fold, so no group of the judged part trains. Where the stratum was all that
    validation had of a class, what is left to train and validate on is cut again, by group. The
    features are scaled again by what is left to train on; they had been cut at `scaler.CLIP_SD` by
    the fold's own scaler, which knew the stratum.

    Examples
    --------
    >>> study_strata(pd.DataFrame(), pd.DataFrame({"path": ["a.jpg"]}), [], {}, None, "image",
    ...              {"fires": "fire"}, device=torch.device("cpu"))[["stratum", "state"]]
      stratum     state
    0   fires  no_items
    """
    found = {name: _matching(items, name, pattern) for name, pattern in strata.items()}
    tables = []
    for number, (name, own) in enumerate(found.items()):

        def told(done: int, total: int, before: int = number) -> None:
            if progress:
                progress(before * total + done, len(found) * total)

        state = _state(own)
        left = None if state else _without(items, folds, set(own["item_id"]))
        if left is None:
            tables.append(_described(own, name).assign(state=state or "one_class"))
            continue
        seeds = sorted(judged["seed"].unique().tolist())
        trained = train_folds(left, dims, spec, modality, seeds, device=device, progress=told)
        group_of = judged.drop_duplicates("item_id").set_index("item_id")["group"]
        scored = trained.scores.assign(group=trained.scores["item_id"].map(group_of))
        unknown = judged_items(scored, trained.operating_points)
        tables.append(_measured(own, name, judged, unknown, corrected_level(len(found))))
    if not tables:
        return pd.DataFrame(columns=STRATA_COLUMNS)
    return pd.concat(tables, ignore_index=True).reindex(columns=STRATA_COLUMNS)


def _matching(items: pd.DataFrame, name: str, pattern: str) -> pd.DataFrame:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise ValueError(
            f"study.strata.{name}: {pattern!r} is no regular expression ({error}); "
            "escape special characters with a backslash"
        ) from None
    return items[[bool(expression.search(path)) for path in items["path"]]]


def _state(own: pd.DataFrame) -> str:
    """Why there is nothing to measure; empty where there is."""
    if own.empty:
        return "no_items"
    return "" if (own["label"] == 1).any() else "no_harmful"


def _without(items: pd.DataFrame, folds: Folds, stratum: set[str]) -> list[dict[str, Split]] | None:
    """The folds without the stratum in training and validation; None where a class is missing."""
    left = []
    for fold in folds:
        train, val = (_rest(fold[name], stratum) for name in ("train", "val"))
        if not (_has_both(train) and _has_both(val)):
            # One large group of the stratum may have been all the safe items of validation
            cut = _cut_again(items, _joined(train, val), len(folds))
            if cut is None:
                return None
            train, val = cut
        left.append(_scaled({"train": train, "val": val, "test": fold["test"]}))
    return left


def _cut_again(items: pd.DataFrame, split: Split, folds: int) -> tuple[Split, Split] | None:
    """A training and a validation part of the same items, groups kept together."""
    known = items.set_index("item_id").loc[split.item_ids]
    try:
        part = assign_folds(known, max(3, folds - 1), seed=0)
    except SplitError:
        return None
    rows = [np.flatnonzero(part != 0), np.flatnonzero(part == 0)]
    train, val = (_rows_of(split, own) for own in rows)
    return train, val


def _rest(split: Split, stratum: set[str]) -> Split:
    kept = [i for i, item_id in enumerate(split.item_ids) if item_id not in stratum]
    return _rows_of(split, np.array(kept, int))


def _rows_of(split: Split, rows: npt.NDArray[np.int64]) -> Split:
    return Split(
        split.features[rows],
        split.labels[rows],
        [split.item_ids[i] for i in rows],
        [split.groups[i] for i in rows],
    )


def _joined(a: Split, b: Split) -> Split:
    return Split(
        torch.cat([a.features, b.features]),
        torch.cat([a.labels, b.labels]),
        a.item_ids + b.item_ids,
        a.groups + b.groups,
    )


def _scaled(splits: Mapping[str, Split]) -> dict[str, Split]:
    scaler = Scaler.fit(splits["train"].features.numpy())
    return {
        name: Split(scaler(own.features.numpy()), own.labels, own.item_ids, own.groups)
        for name, own in splits.items()
    }


def _has_both(split: Split) -> bool:
    return len(split.labels.unique()) == 2


def _described(own: pd.DataFrame, name: str) -> pd.DataFrame:
    labels = own["label"] if "label" in own else pd.Series(dtype=int)
    counts = {"harmful": int((labels == 1).sum()), "safe": int((labels == 0).sum())}
    return pd.DataFrame([{"stratum": name, **counts}])


def _measured(
    own: pd.DataFrame, name: str, known: pd.DataFrame, unknown: pd.DataFrame, level: float
) -> pd.DataFrame:
    """The rows of one stratum, from the items that were judged with and without knowing it."""
    members = set(own["item_id"])
    has_safe = bool((own["label"] == 0).any())
    ranked = []
    for judged in (known, unknown):
        inside = judged["item_id"].isin(members)
        harmful, safe = judged["label"] == 1, judged["label"] == 0
        ranked.append(judged[inside & (harmful | has_safe) | safe & (not has_safe)])
    once = ranked[0].drop_duplicates("item_id")
    counts = count_groups(once["label"], once["group"])
    row = _described(own, name).iloc[0].to_dict() | {
        "harmful_groups": counts.harmful,
        "safe_groups": counts.safe,
        "against": "own" if has_safe else "all",
        "harmful_share": float(np.mean(once["label"])),
        "state": "ok" if counts.enough else "few_groups",
    }
    rows = []
    for metric in STRATA_METRICS:
        with_it, without = (estimate_over_seeds(judged, metric) for judged in ranked)
        apart = without - with_it
        for trained, found in (("with", with_it), ("without", without), ("difference", apart)):
            ends = (
                found.interval("difference", level)
                if trained == "difference"
                else found.interval("share")
            )
            values = {"value": found.value, "low": ends[0], "high": ends[1]}
            rows.append(row | {"metric": metric, "trained": trained} | values)
    return pd.DataFrame(rows)
