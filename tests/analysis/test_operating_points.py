import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from harmlib.analysis.baseline import BASELINE
from harmlib.analysis.checks import NonFiniteThresholds
from harmlib.analysis.operating_points import (
    UNDECIDED_THRESHOLD,
    compare_on_test,
    count_items,
    evaluate,
    operating_points,
    sweep_epochs,
)

GRID = [0.3, 0.4, 0.5, 0.6, 0.7]

# epoch: (label, probability) of eight items, four of them harmful
EPOCHS = {
    # a safe item leaves at 0.6, one harmful item is out of reach of the whole grid
    1: [(1, 0.9), (1, 0.8), (1, 0.65), (1, 0.25), (0, 0.55), (0, 0.2), (0, 0.2), (0, 0.1)],
    # no threshold of the grid beats another one
    2: [(1, 0.9), (1, 0.9), (1, 0.8), (0, 0.8), (0, 0.1), (0, 0.1), (0, 0.1), (1, 0.1)],
    # perfect between 0.3 and 0.4
    3: [(1, 0.9), (1, 0.8), (1, 0.7), (1, 0.45), (0, 0.35), (0, 0.2), (0, 0.2), (0, 0.1)],
    # all scores are equal
    4: [(1, 0.6)] * 4 + [(0, 0.6)] * 4,
}


def scores(*epochs, split="val", variant="model4"):
    rows = [
        {"variant": variant, "split": split, "epoch": e, "label": label, "probability": p}
        for e in epochs
        for label, p in EPOCHS[e]
    ]
    return pd.DataFrame(rows)


# fixed threshold (None: automatic), epoch, then threshold, precision, recall, f1, flagged share
# there, and the grid's best threshold, its f1, edge and state
GOLDEN = [
    (None, 1, 0.6, 1, 0.75, 6 / 7, 3 / 8, 0.6, 6 / 7, "", "ok"),
    (None, 2, 0.3, 0.75, 0.75, 0.75, 0.5, 0.3, 0.75, "low", "ok"),
    (None, 3, 0.4, 1, 1, 1, 0.5, 0.4, 1, "", "ok"),
    (None, 4, 0.5, 0.5, 1, 2 / 3, 1, np.nan, np.nan, "", "constant_scores"),
    (0.5, 1, 0.5, 0.75, 0.75, 0.75, 0.5, 0.6, 6 / 7, "", "ok"),
    (0.3, 3, 0.3, 0.8, 1, 8 / 9, 5 / 8, 0.4, 1, "", "ok"),
    (0.8, 2, 0.8, 1, 0.5, 2 / 3, 0.25, 0.3, 0.75, "low", "ok"),
    (0.7, 4, 0.7, 0, 0, 0, 0, np.nan, np.nan, "", "constant_scores"),
]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda c: f"{c[0]}-epoch{c[1]}")
def test_points_by_hand(case):
    fixed, epoch, threshold, precision, recall, f1, share, best, best_f1, edge, state = case
    row = operating_points(scores(epoch), GRID, fixed).iloc[0]
    found = row[["threshold", "precision", "recall", "f1", "flagged_share"]].tolist()
    assert found == pytest.approx([threshold, precision, recall, f1, share])
    assert row[["best_threshold", "best_f1"]].tolist() == pytest.approx(
        [best, best_f1], nan_ok=True
    )
    assert (row["epoch"], row["at_grid_edge"], row["state"]) == (epoch, edge, state)
    assert row["chosen"]


def test_columns_and_the_rows_order():
    table = operating_points(scores(3, 1), GRID, None)
    assert table["epoch"].tolist() == [1, 3]
    assert set(table.columns) == {
        "epoch", "threshold", "precision", "recall", "f1", "flagged_share", "best_threshold",
        "best_precision", "best_recall", "best_f1", "at_grid_edge", "state", "average_precision",
        "chosen",
    }  # fmt: skip
    assert table.loc[1, ["best_precision", "best_recall"]].tolist() == [1, 1]
    assert table["average_precision"].tolist() == pytest.approx([(3 + 4 / 5) / 4, 1])


@pytest.mark.parametrize(("grid", "edge"), [([0.1, 0.3], "high"), ([0.6, 0.65, 0.8], "low")])
def test_the_edge_of_the_grid_is_named(grid, edge):
    assert operating_points(scores(3), grid, 0.5)["at_grid_edge"].tolist() == [edge]


def test_a_grid_of_one_threshold_has_no_edge():
    assert operating_points(scores(3), [0.5], None)["at_grid_edge"].tolist() == [""]
    assert operating_points(scores(3), [0.5, 0.8], None)["at_grid_edge"].tolist() == ["low"]


@pytest.mark.parametrize(
    ("epochs", "fixed", "chosen"),
    [
        ((1, 2, 3), None, 3),
        ((1, 2, 4), None, 1),
        ((1, 2), 0.5, 1),  # both have 0.75: the earliest
        ((2, 4), 0.85, 2),
        ((1, 2, 3), 0.85, 2),
        ((4,), None, 4),
    ],
)
def test_the_chosen_epoch_is_best_at_its_operating_threshold(epochs, fixed, chosen):
    table = operating_points(scores(*epochs), GRID, fixed)
    assert table.loc[table["chosen"], "epoch"].tolist() == [chosen]


def test_an_exact_threshold_is_chosen_among_all():
    """By hand: in epoch 1 the harmful item at 0.25 is worth the alarm at 0.55."""
    found = operating_points(scores(1, 3, 4), GRID, None, exact=True)
    assert found["threshold"].tolist() == pytest.approx([0.225, 0.4, UNDECIDED_THRESHOLD])
    between = operating_points(scores(1, 3), [0.1, 0.7], None, exact=True)
    assert between["threshold"].tolist() == pytest.approx([0.225, 0.4])
    assert between["best_threshold"].tolist() == [0.1, 0.1]
    assert operating_points(scores(1), GRID, 0.3, exact=True)["threshold"].item() == 0.3


def test_one_class_leaves_an_automatic_model_undecided():
    harmful = scores(3).query("label == 1")
    row = operating_points(harmful, GRID, None).iloc[0]
    assert (row["state"], row["threshold"]) == ("one_class", UNDECIDED_THRESHOLD)
    assert np.isnan(row["best_threshold"])


def test_sweep_of_every_epoch():
    table = sweep_epochs(scores(1, 3), [0.5, 0.3])
    assert table[["epoch", "threshold", "tp", "fp"]].to_numpy().tolist() == [
        [1, 0.3, 3, 1],
        [1, 0.5, 3, 1],
        [3, 0.3, 4, 1],
        [3, 0.5, 3, 0],
    ]
    assert table.columns[0] == "epoch"
    assert table.index.tolist() == [0, 1, 2, 3]


def test_test_is_evaluated_at_validations_epoch_and_threshold():
    points = operating_points(scores(1, 3), GRID, None)  # epoch 3 at 0.4
    test = scores(1, 3, split="test")
    harder = test["epoch"].eq(3) & test["probability"].eq(0.45)
    test.loc[harder, "probability"] = 0.39
    found = evaluate(test, points)
    assert list(found) == [
        "epoch", "threshold", "tp", "fp", "fn", "tn", "accuracy", "precision", "recall", "f1",
        "average_precision", "roc_auc", "n",
    ]  # fmt: skip
    assert (found["epoch"], found["threshold"]) == (3, 0.4)
    assert [found[name] for name in ("tp", "fp", "fn", "tn")] == [3, 0, 1, 4]
    assert found["f1"] == pytest.approx(6 / 7)
    assert found["accuracy"] == pytest.approx(7 / 8)
    assert found["n"] == 8


def test_the_comparison_ends_with_the_baseline_classifier():
    both = pd.concat(
        [scores(1, 3, split=s, variant=v) for v in ("model4", "model2") for s in ("val", "test")]
    )
    # A safe item fewer in test, so that its prevalence differs from validation's
    both = both.reset_index(drop=True)
    gone = both["split"].eq("test") & both["probability"].eq(0.1)
    both = both[~gone]
    points = pd.concat(
        [
            operating_points(both.query("split == 'val' and variant == @v"), GRID, fixed).assign(
                variant=v
            )
            for v, fixed in (("model4", None), ("model2", 0.5))
        ]
    )
    table = compare_on_test(both, points)
    assert table["variant"].tolist() == ["model4", "model2", BASELINE]
    assert table["threshold"].tolist()[:2] == [0.4, 0.5]
    baseline = table.iloc[2]
    prevalence = 4 / 7
    assert baseline[["tp", "fp", "fn", "tn"]].tolist() == [4, 3, 0, 0]
    for name in ("precision", "accuracy", "average_precision"):
        assert baseline[name] == pytest.approx(prevalence)
    assert baseline["recall"] == 1
    assert baseline["f1"] == pytest.approx(2 * prevalence / (1 + prevalence))
    assert baseline["roc_auc"] == pytest.approx(0.5)
    assert np.isnan(baseline["threshold"])


def test_figures_are_scikit_learns():
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 2, 400)
    probabilities = np.round((labels * 0.3 + rng.random(400)) / 1.3, 2)
    points = pd.DataFrame({"epoch": [4], "threshold": [0.6], "chosen": [True]})
    found = evaluate(
        pd.DataFrame({"epoch": 4, "label": labels, "probability": probabilities}), points
    )
    flagged = probabilities > 0.6
    assert found == pytest.approx(
        {
            "epoch": 4,
            "threshold": 0.6,
            "tp": (flagged & (labels == 1)).sum(),
            "fp": (flagged & (labels == 0)).sum(),
            "fn": (~flagged & (labels == 1)).sum(),
            "tn": (~flagged & (labels == 0)).sum(),
            "accuracy": metrics.accuracy_score(labels, flagged),
            "precision": metrics.precision_score(labels, flagged),
            "recall": metrics.recall_score(labels, flagged),
            "f1": metrics.f1_score(labels, flagged),
            "average_precision": metrics.average_precision_score(labels, probabilities),
            "roc_auc": metrics.roc_auc_score(labels, probabilities),
            "n": 400,
        }
    )


@pytest.mark.parametrize(
    ("label", "average_precision"), [(1, 1.0), (0, np.nan)], ids=["harmful", "safe"]
)
def test_one_class_has_no_roc_auc(label, average_precision):
    points = pd.DataFrame({"epoch": [1], "threshold": [0.5], "chosen": [True]})
    test = pd.DataFrame({"epoch": 1, "label": [label] * 2, "probability": [0.2, 0.9]})
    found = evaluate(test, points)
    assert (found["average_precision"], found["roc_auc"]) == pytest.approx(
        (average_precision, np.nan), nan_ok=True
    )
    assert operating_points(test, GRID, 0.5)["average_precision"].tolist() == pytest.approx(
        [average_precision], nan_ok=True
    )


def test_a_bad_threshold_is_named():
    points = pd.DataFrame({"epoch": [1], "threshold": [np.nan], "chosen": [True]})
    with pytest.raises(NonFiniteThresholds, match=r"thresholds\[0\] is nan"):
        evaluate(scores(1, split="test"), points)


def test_items_are_counted():
    items = pd.DataFrame(
        [("train", 1, "a"), ("train", 1, "a"), ("train", 1, "b"), ("train", 0, "b"),
         ("val", 1, "d"), ("val", 1, "e")],
        columns=["split", "label", "group"],
    )  # fmt: skip
    table = count_items(items)
    assert list(table.columns) == [
        "split", "n", "harmful", "safe", "group", "harmful_groups", "safe_groups",
        "harmful_share", "baseline_f1", "harmful_per_safe", "safe_per_harmful",
    ]  # fmt: skip
    rows = {row[0]: list(row[1:]) for row in table.itertuples(index=False)}
    assert list(rows) == ["train", "val", "test", "all"]
    assert rows["train"] == [4, 3, 1, 2, 2, 1, 3 / 4, 6 / 7, 3.0, 1 / 3]
    assert rows["val"] == pytest.approx([2, 2, 0, 2, 2, 0, 1, 1, np.nan, 0], nan_ok=True)
    assert rows["test"] == pytest.approx([0, 0, 0, 0, 0, 0] + [np.nan] * 4, nan_ok=True)
    assert rows["all"] == [6, 5, 1, 4, 4, 1, 5 / 6, 10 / 11, 5.0, 1 / 5]
    safe = count_items(items.assign(label=0)).iloc[0]
    assert safe[["harmful_groups", "safe_groups"]].tolist() == [0, 2]
    assert safe[["harmful", "harmful_share", "baseline_f1", "harmful_per_safe"]].tolist() == [0] * 4
    assert np.isnan(safe["safe_per_harmful"])


probability = st.integers(0, 20).map(lambda i: i / 20)
items = st.lists(st.tuples(st.integers(0, 1), probability, probability), min_size=1, max_size=12)


def frame(rows, split):
    """Two epochs over the same items."""
    tables = [
        pd.DataFrame(
            {"epoch": e, "label": [r[0] for r in rows], "probability": [r[e] for r in rows]}
        )
        for e in (1, 2)
    ]
    return pd.concat(tables).assign(variant="m", split=split)


@settings(max_examples=40)
@given(items, st.sampled_from([None, 0.4]))
def test_points_keep_their_promises(rows, fixed):
    validation = frame(rows, "val")
    table = operating_points(validation, GRID, fixed)
    swept = sweep_epochs(validation, GRID).groupby("epoch")
    for row in table.itertuples():
        grid = swept.get_group(row.epoch)
        if row.state == "ok":
            best = grid[grid["f1"] >= grid["f1"].max() - 1e-12]
            assert row.best_threshold == best["threshold"].min()  # the lowest of equals
            assert row.best_f1 == pytest.approx(grid["f1"].max())
        else:
            assert np.isnan(row.best_threshold)
        automatic = row.best_threshold if row.state == "ok" else UNDECIDED_THRESHOLD
        assert row.threshold == (automatic if fixed is None else fixed)
    assert table["chosen"].sum() == 1
    assert table.loc[table["chosen"], "epoch"].item() == (
        1 if table["f1"][0] >= table["f1"][1] else 2
    )


@settings(max_examples=40)
@given(items, items, items)
def test_test_scores_never_move_the_operating_point(val, test, other):
    validation = frame(val, "val")
    points = operating_points(validation, GRID, None).assign(variant="m")
    chosen = points[points["chosen"]].iloc[0]
    for rows in (test, other):
        found = compare_on_test(pd.concat([validation, frame(rows, "test")]), points).iloc[0]
        assert (found["epoch"], found["threshold"]) == (chosen["epoch"], chosen["threshold"])
        assert found["n"] == len(rows)
        above = [row[0] for row in rows if row[chosen["epoch"]] > chosen["threshold"]]
        assert (found["tp"], found["fp"]) == (sum(above), len(above) - sum(above))
