"""The table of promised recalls on made-up scores: the right rows reach the right functions."""

import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.floor_table import FLOOR_CONFIDENCE, RECALL_FLOORS, floors
from harmlib.analysis.recall_floor import group_recalls, single_run_shortfall
from harmlib.analysis.risk_control import confident_recall_floor
from harmlib.analysis.saved_scores import epoch_scores
from harmlib.analysis.selected_floors import Candidate, selected_recall_floors

OFFERED = {"model2": [0.5], "model4": [0.3, 0.4, 0.5, 0.6]}
POINTS = pd.DataFrame(
    {"variant": np.repeat(list(OFFERED), 3), "epoch": [1, 2, 3] * 2, "threshold": 0.5,
     "chosen": [False, True, False, False, False, True]}
)  # fmt: skip


def made_up(n_groups, group="source{}"):
    """Two models, three epochs, items of four a group, in no order."""
    rng = np.random.default_rng(5)
    rows = []
    for split, n in (("val", 4 * n_groups), ("test", 80)):
        labels = rng.random(n) < 0.7
        for variant in OFFERED:
            for epoch in (1, 2, 3):
                for i in rng.permutation(n):
                    logit = 2 * labels[i] - 1 + rng.normal()
                    rows.append((variant, epoch, split, f"{split}{i:04d}", int(labels[i]), logit,
                                 group.format(f"{split}{i // 4}")))  # fmt: skip
    columns = ["variant", "epoch", "split", "item_id", "label", "logit", "group"]
    scored = pd.DataFrame(rows, columns=columns)
    return scored.assign(probability=1 / (1 + np.exp(-scored["logit"])))


@pytest.fixture(scope="module")
def scored():
    return made_up(60)


@pytest.fixture(scope="module")
def table(scored):
    return floors(scored, POINTS, OFFERED).set_index(["variant", "promise", "min_recall"])


def test_one_row_for_each_variant_promise_and_floor(table):
    assert len(table) == 2 * 2 * len(RECALL_FLOORS)
    assert table.index.is_unique
    assert (table["units"] == table["units"].iloc[0]).all()


@pytest.mark.parametrize("min_recall", RECALL_FLOORS)
def test_the_table_holds_what_the_functions_behind_it_return(scored, table, min_recall):
    epochs = {
        variant: [epoch_scores(scored, variant, epoch, "val") for epoch in (1, 2, 3)]
        for variant in OFFERED
    }
    chosen = {"model2": 1, "model4": 2}
    models = {
        variant: Candidate(
            np.stack([e["probability"] for e in own]), chosen[variant], OFFERED[variant]
        )
        for variant, own in epochs.items()
    }
    labels, groups = (epochs["model2"][0][name].to_numpy() for name in ("label", "group"))
    average = selected_recall_floors(labels, models, min_recall, groups)
    for variant, model in models.items():
        confident = confident_recall_floor(
            labels, model.scores[model.chosen], min_recall, groups,
            confidence=FLOOR_CONFIDENCE, candidates=6,
        )  # fmt: skip
        test = epoch_scores(scored, variant, chosen[variant] + 1, "test")
        said = {"average": single_run_shortfall(min_recall, confident.units), "confidence": 0.1}
        for promise, floor in (("average", average[variant]), ("confidence", confident)):
            row = table.loc[(variant, promise, min_recall)]
            assert (row["units"], row["feasible"]) == (floor.units, floor.feasible)
            if not floor.feasible:
                assert row.drop(["units", "feasible"]).isna().all()
                continue
            assert (row["threshold"], row["recall"]) == (floor.threshold, floor.recall)
            assert row["flagged_share"] == floor.flagged_share
            assert row["shortfall"] == pytest.approx(said[promise])
            recalls = group_recalls(
                test["label"], test["probability"], floor.threshold, test["group"]
            )
            assert row["test_recall"] == pytest.approx(recalls.mean())
            assert row["test_low"] < row["test_recall"] <= row["test_high"]
            flagged = (test["probability"] > floor.threshold).mean()
            assert row["test_flagged_share"] == pytest.approx(flagged)


def test_one_source_promises_nothing(scored):
    """However many items it has: what holds for its items says nothing about the next source."""
    found = floors(scored.assign(group="the only one"), POINTS, OFFERED)
    assert (found["units"] == 1).all()
    assert not found["feasible"].any()
    assert found["threshold"].isna().all()


def test_few_test_groups_have_no_interval(scored):
    fewer = scored["group"].where(
        scored["split"] == "val", scored["item_id"].str[-1].astype(int).gt(4)
    )
    found = floors(scored.assign(group=fewer), POINTS, OFFERED)
    feasible = found[found["feasible"]]
    assert feasible["test_recall"].notna().all()
    assert feasible[["test_low", "test_high"]].isna().all(axis=None)
