"""Where each model operates: a threshold for each epoch from validation, judged on test."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from harmlib.analysis.choice import choose
from harmlib.analysis.curves import summary
from harmlib.analysis.thresholds import sweep

METRICS = ("precision", "recall", "f1")
UNDECIDED_THRESHOLD = 0.5  # where all scores are equal and no threshold is better than another
BASELINE = "baseline"  # the row that calls everything harmful


def sweep_epochs(scores: pd.DataFrame, thresholds: list[float]) -> pd.DataFrame:
    """The sweep of every epoch of one model, with a column `epoch` in front.

    scores : columns epoch, label, probability; one split of one model
    """
    tables = []
    for epoch, rows in scores.groupby("epoch"):
        table = sweep(rows["label"], rows["probability"], thresholds)
        table.insert(0, "epoch", epoch)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def operating_points(
    validation: pd.DataFrame, thresholds: list[float], fixed_threshold: float | None
) -> pd.DataFrame:
    """For each epoch the best threshold of the grid, and the one at which the model operates.

    validation : columns epoch, label, probability; the validation rows of one model
    thresholds : the grid that is analysed
    fixed_threshold : where the model operates; None: at the grid's best F1 of each epoch

    Returns the columns epoch, threshold, precision, recall, f1, flagged_share (at the operating
    threshold), best_threshold, best_precision, best_recall, best_f1 (of the grid), at_grid_edge
    (`low`, `high` or empty), state (of `choose`; other than `ok` there is no best threshold, and
    an automatic model falls back to UNDECIDED_THRESHOLD), average_precision, and chosen: True for
    the epoch with the highest F1 at its operating threshold, the earliest of equals.
    """
    rows = []
    for epoch, scored in validation.groupby("epoch"):
        labels, probabilities = scored["label"].to_numpy(), scored["probability"].to_numpy()
        best = choose(labels, probabilities, "f1", thresholds=thresholds)
        edge = best.at_grid_edge if len(thresholds) > 1 else None  # one threshold is no grid
        best_row = best.row or dict.fromkeys(("threshold", *METRICS), math.nan)
        threshold = fixed_threshold
        if threshold is None:
            threshold = UNDECIDED_THRESHOLD if best.threshold is None else best.threshold
        at = sweep(labels, probabilities, [threshold]).iloc[0]
        rows.append(
            {"epoch": epoch, "threshold": threshold}
            | at[[*METRICS, "flagged_share"]].to_dict()
            | {f"best_{name}": best_row[name] for name in ("threshold", *METRICS)}
            | {"at_grid_edge": edge or "", "state": best.state}
            | {"average_precision": summary(labels, probabilities, threshold)["average_precision"]}
        )
    table = pd.DataFrame(rows)
    table["chosen"] = table.index == table["f1"].idxmax()
    return table


def judge(test: pd.DataFrame, points: pd.DataFrame) -> dict[str, float]:
    """What the chosen epoch does on test at the threshold that validation chose.

    test : columns epoch, label, probability; the test rows of one model
    points : as `operating_points` returns them for the same model
    Returns epoch, threshold, tp, fp, fn, tn and the figures of `summary`.
    """
    chosen = points[points["chosen"]].iloc[0]
    rows = test[test["epoch"] == chosen["epoch"]]
    return {"epoch": int(chosen["epoch"])} | _figures(
        rows["label"].to_numpy(), rows["probability"].to_numpy(), float(chosen["threshold"])
    )


def _figures(labels: np.ndarray, scores: np.ndarray, threshold: float) -> dict[str, float]:
    counts = sweep(labels, scores, [threshold]).iloc[0][["tp", "fp", "fn", "tn"]].astype(int)
    return {"threshold": threshold} | counts.to_dict() | summary(labels, scores, threshold)


def compare_on_test(scores: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """One row a model, and the baseline as the last, all on the test split.

    scores : columns variant, split, epoch, label, probability
    points : `operating_points` of every model, with a column variant
    """
    test = scores[scores["split"] == "test"]
    rows = [
        {"variant": variant} | judge(test[test["variant"] == variant], own)
        for variant, own in points.groupby("variant", sort=False)
    ]
    one_model = test[(test["variant"] == rows[0]["variant"]) & (test["epoch"] == rows[0]["epoch"])]
    labels = one_model["label"].to_numpy()
    everything = _figures(labels, np.ones(len(labels)), 0.0) | {"threshold": math.nan}
    return pd.DataFrame([*rows, {"variant": BASELINE} | everything])


def count_items(items: pd.DataFrame) -> pd.DataFrame:
    """How many items each split has, and all of them together.

    items : columns split, label, group; one modality
    Returns the columns split (train, val, test, all), n, harmful, safe, group (how many),
    harmful_share (precision of calling everything harmful), baseline_f1 (its F1),
    harmful_per_safe, and safe_per_harmful (the balanced `pos_weight`).
    """
    rows = []
    for split in ("train", "val", "test", "all"):
        own = items if split == "all" else items[items["split"] == split]
        n, harmful = len(own), int(own["label"].sum())
        share = harmful / n if n else math.nan
        rows.append(
            {
                "split": split,
                "n": n,
                "harmful": harmful,
                "safe": n - harmful,
                "group": own["group"].nunique(),
                "harmful_share": share,
                "baseline_f1": 2 * share / (1 + share),
                "harmful_per_safe": harmful / (n - harmful) if n > harmful else math.nan,
                "safe_per_harmful": (n - harmful) / harmful if harmful else math.nan,
            }
        )
    return pd.DataFrame(rows)
