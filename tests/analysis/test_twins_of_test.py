import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.near_twins import figures_without


def judged(count=60):
    label = np.arange(count) % 2
    return pd.DataFrame(
        {"variant": "m", "epoch": 1, "split": "test", "label": label, "logit": 0.0,
         "item_id": [f"i{i}" for i in range(count)], "group": [f"g{i}" for i in range(count)],
         "probability": np.where(np.arange(count) < 30, label, 1 - label) * 0.8 + 0.1}
    )  # fmt: skip


POINTS = pd.DataFrame({"variant": ["m"], "epoch": 1, "threshold": 0.5, "chosen": True})


def test_figures_without_the_twins_are_those_of_the_others():
    twins = {f"i{i}" for i in range(30)}  # all of them judged rightly, all others wrongly
    table = figures_without(judged(), POINTS, twins).set_index("metric")
    assert table.index.tolist() == ["precision", "recall", "f1"]
    assert (table["items"] == 60).all()
    assert (table["items_without"] == 30).all()
    assert table.loc["recall", "value"] == pytest.approx(0.5)
    assert table.loc["recall", "value_without"] == 0


def test_too_few_groups_left_give_no_interval():
    table = figures_without(judged(), POINTS, {f"i{i}" for i in range(56)})
    assert table["low_without"].isna().all()
    assert (table["groups_without"] == 2).all()
    table = figures_without(judged(), POINTS, {f"i{i}" for i in range(60)})
    assert table["value_without"].isna().all()
    assert (table["items_without"] == 0).all()


def test_with_folds_every_item_is_measured_once_per_seed():
    whole = judged().drop(columns="split")
    fold = whole["item_id"].map(lambda name: int(name[1:]) % 3)
    scored = pd.concat(
        [whole.assign(split="test", fold=fold, seed=seed) for seed in (1, 2)], ignore_index=True
    )
    points = pd.DataFrame(
        {"variant": "m", "seed": [1, 1, 1, 2, 2, 2], "fold": [0, 1, 2] * 2, "epoch": 1,
         "threshold": 0.5, "chosen": True}
    )  # fmt: skip
    table = figures_without(scored, points, {f"i{i}" for i in range(30)}).set_index("metric")
    assert table["items"].tolist() == [60] * 3
    assert table["items_without"].tolist() == [30] * 3
    assert table.loc["recall", ["value", "value_without"]].tolist() == [0.5, 0.0]
