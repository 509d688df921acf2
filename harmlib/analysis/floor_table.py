"""The table of promised recalls: thresholds set on validation, and what they do on test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from harmlib.analysis.jackknife import jackknife_interval
from harmlib.analysis.recall_floor import RecallFloor, group_recalls, single_run_shortfall
from harmlib.analysis.risk_control import confident_recall_floor
from harmlib.analysis.saved_scores import SavedScores, saved_scores
from harmlib.analysis.selected_floors import Candidate, selected_recall_floors

RECALL_FLOORS = (0.8, 0.9, 0.95)
FLOOR_CONFIDENCE = 0.9
FLOOR_COLUMNS = ("variant", "promise", "min_recall", "units", "feasible", "threshold",
                 "flagged_share", "recall", "shortfall", "test_recall", "test_low", "test_high",
                 "test_flagged_share")  # fmt: skip


def floors(
    scored: pd.DataFrame,
    operating_points: pd.DataFrame,
    offered: Mapping[str, Sequence[float]],
) -> pd.DataFrame:
    """Thresholds that promise each of RECALL_FLOORS, set on validation, and their figures on test.

    Parameters
    ----------
    scored : pandas.DataFrame
        One row per item, variant and epoch, as `saved_scores` reads them.
    operating_points : pandas.DataFrame
        One row per variant and epoch: variant, epoch, threshold, chosen.
    offered : mapping of str to sequence of float
        Variant -> the thresholds among which it chose, probabilities; one where it is fixed.

    Returns
    -------
    pandas.DataFrame
        Columns variant, promise, min_recall, units, feasible, threshold, flagged_share, recall (see
        `recall_floor.RecallFloor`; on validation), shortfall (how often one run falls below the
        floor), test_recall (of the average group), test_low, test_high (its 95 % interval),
        test_flagged_share. What is not feasible is NaN.

        promise is `average` (made up for the choice of epoch and variant, see
        `selected_floors.selected_recall_floors`; shortfall as without these choices) or
        `confidence` (of FLOOR_CONFIDENCE, for all epochs and variants at once).

    Examples
    --------
    >>> import numpy as np
    >>> label = np.arange(100) % 2
    >>> items = pd.DataFrame({"variant": "mine", "epoch": 1, "label": label, "logit": 0.0,
    ...                       "probability": 0.2 + 0.6 * label, "item_id": np.arange(100)})
    >>> items["group"] = items["item_id"] // 2
    >>> scored = pd.concat([items.assign(split="val"), items.assign(split="test")])
    >>> points = pd.DataFrame({"variant": ["mine"], "epoch": 1, "threshold": 0.5, "chosen": True})
    >>> found = floors(scored, points, {"mine": [0.5]}).set_index(["min_recall", "promise"])
    >>> found.loc[0.9, ["feasible", "threshold", "test_recall", "test_low"]].round(2)
                feasible  threshold  test_recall  test_low
    promise
    average         True       0.50          1.0      0.93
    confidence      True       0.79          1.0      0.93
    """
    tests = saved_scores(scored, operating_points, "test")
    vals = saved_scores(scored, operating_points, "val")
    models = _candidates(scored, operating_points, offered)
    labels, groups = next(iter(vals.values())).labels, next(iter(vals.values())).groups
    tried = sum(len(model.scores) for model in models.values())
    rows = []
    averages = {r: selected_recall_floors(labels, models, r, groups) for r in RECALL_FLOORS}
    for variant, val in vals.items():
        for min_recall, found in averages.items():
            confident = confident_recall_floor(
                labels,
                val.probabilities,
                min_recall,
                groups,
                confidence=FLOOR_CONFIDENCE,
                candidates=tried,
            )
            missed = single_run_shortfall(min_recall, confident.units), 1 - FLOOR_CONFIDENCE
            for promise, floor, shortfall in zip(
                ("average", "confidence"), (found[variant], confident), missed, strict=True
            ):
                row = {"variant": variant, "promise": promise} | asdict(floor)
                del row["allowed"]
                if floor.feasible:
                    row |= {"shortfall": shortfall} | _floor_on_test(tests[variant], floor)
                rows.append(row)
    return pd.DataFrame(rows, columns=list(FLOOR_COLUMNS))


def _candidates(
    scored: pd.DataFrame,
    operating_points: pd.DataFrame,
    offered: Mapping[str, Sequence[float]],
) -> dict[str, Candidate]:
    """Each variant's validation scores in all of its epochs, items in the order of their ids."""
    found = {}
    for point in operating_points[operating_points["chosen"]].itertuples():
        own = scored[(scored["variant"] == point.variant) & (scored["split"] == "val")]
        own = own.sort_values(["epoch", "item_id"])  # every epoch scores the same items
        epochs = own["epoch"].unique()
        values = own["probability"].to_numpy().reshape(len(epochs), -1)
        place = int(np.flatnonzero(epochs == point.epoch)[0])
        found[point.variant] = Candidate(values, place, offered[point.variant])
    return found


def _floor_on_test(test: SavedScores, floor: RecallFloor) -> dict[str, float]:
    """What a floor's threshold does on test: recall is that of the average group."""
    recalls = group_recalls(test.labels, test.probabilities, floor.threshold, test.groups)
    if not len(recalls):
        return {"test_flagged_share": float((test.probabilities > floor.threshold).mean())}
    without = (recalls.sum() - recalls) / max(len(recalls) - 1, 1)
    low, high = jackknife_interval(recalls.mean(), without.clip(0, 1))
    return {
        "test_recall": float(recalls.mean()),
        "test_low": float(low),
        "test_high": float(high),
        "test_flagged_share": float((test.probabilities > floor.threshold).mean()),
    }
