import time
from dataclasses import FrozenInstanceError
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.bootstrap import best_thresholds
from harmlib.analysis.choice import PLATEAU_TOLERANCE, choose
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.objectives import Objective
from harmlib.analysis.power import detectable_difference, power_of
from harmlib.analysis.resampling import confusion_draws, interval
from harmlib.analysis.stability import MOVE, epoch_stability
from harmlib.analysis.thresholds import sweep

GRID = np.round(np.arange(0.1, 0.95, 0.1), 2)


def sample(n_groups=40, size=4, seed=0, shift=0.0, signal=2.0):
    """Labels, probabilities and groups; `shift` moves all logits, hence the best threshold."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.random(n_groups) < 0.6, size).astype(int)
    logits = signal * (labels - 0.5) + rng.normal(size=n_groups * size) + shift
    return labels, 1 / (1 + np.exp(-logits)), np.repeat(np.arange(n_groups), size)


def epochs_table(*shifts, jitter=0.0, **options):
    parts = []
    for epoch, shift in enumerate(shifts, start=1):
        labels, probabilities, groups = sample(shift=shift, **options)
        noise = jitter * np.random.default_rng(epoch).normal(size=len(labels))
        columns = {"label": labels, "probability": np.clip(probabilities + noise, 0, 1)}
        parts.append(
            pd.DataFrame(columns | {"group": groups, "item_id": range(len(labels)), "epoch": epoch})
        )
    return pd.concat(parts, ignore_index=True)


STRICT = {"thresholds": [-1.0], "objective": "recall@precision>=0.99", "resamples": 5}


def test_every_epoch_needs_a_feasible_threshold():
    with pytest.raises(ValueError, match=r"epoch 1: no threshold of the grid is feasible for 'rec"):
        epoch_stability(epochs_table(0, 0), **STRICT)


def test_a_clear_shift_is_a_move_and_its_absence_is_noise():
    scores = epochs_table(-1.5, -1.5, 1.5, jitter=0.01)
    found = epoch_stability(scores, GRID, resamples=500)
    assert found.epochs["epoch"].tolist() == [1, 2, 3]
    assert found.changes[["epoch_from", "epoch_to"]].to_numpy().tolist() == [[1, 2], [2, 3]]
    assert found.changes["verdict"].tolist() == ["noise", "moved"]
    still, moved = found.changes.itertuples()
    assert still.low <= 0 <= still.high
    assert moved.low > 0
    assert not moved.plateaus_overlap
    steps = found.epochs["threshold"].diff().iloc[1:]
    np.testing.assert_allclose(found.changes["difference"], steps)


def test_a_different_best_threshold_alone_is_not_a_move():
    found = epoch_stability(epochs_table(0, 0.4, signal=1.0, jitter=0.05), GRID)
    change = found.changes.iloc[0]
    assert change["difference"] != 0
    assert change["verdict"] == "noise"


def test_overlapping_plateaus_veto_a_move():
    """Far apart classes: every middle threshold is perfect, and the tie goes to the lowest."""
    labels = np.tile([0, 1], 30)
    columns = {"label": labels, "group": range(60), "item_id": range(60)}
    low = pd.DataFrame(columns | {"epoch": 1, "probability": np.where(labels, 0.9, 0.05)})
    high = pd.DataFrame(columns | {"epoch": 2, "probability": np.where(labels, 0.9, 0.45)})
    change = epoch_stability(pd.concat([low, high]), GRID, resamples=100).changes.iloc[0]
    assert change["low"] > 0
    assert change["plateaus_overlap"]
    assert change["verdict"] == "noise"


def test_a_downward_move_counts_too():
    change = epoch_stability(epochs_table(1.5, -1.5), GRID, resamples=300).changes.iloc[0]
    assert change["high"] < 0
    assert change["verdict"] == "moved"


def test_epochs_agree_with_the_single_sample_functions():
    scores = epochs_table(0, 0.7)
    found = epoch_stability(scores.sample(frac=1, random_state=0), GRID, resamples=200, seed=6)
    for epoch, row in found.epochs.set_index("epoch").iterrows():
        part = scores[scores["epoch"] == epoch]
        columns = part["label"], part["probability"], GRID, part["group"]
        counts = confusion_draws(*columns, resamples=200, seed=6)
        best = best_thresholds(counts, GRID, Objective.parse("f1"))
        low, high, excluded = interval(best[1:], method="inverted_cdf")
        assert (row["threshold"], row["low"], row["high"]) == (best[0], low, high)
        assert row["excluded"] == excluded
        table = sweep(*columns[:3])
        near = table["threshold"][table["f1"] >= table["f1"].max() - PLATEAU_TOLERANCE]
        assert row["plateau"] == tuple(near)
        assert row["value"] == pytest.approx(table["f1"].max())


@pytest.mark.parametrize("objective", ["mcc", "cost:miss=9,alarm=1", "precision@recall>=0.9"])
def test_epochs_choose_as_choose_does(objective):
    scores = epochs_table(0, 0.7)
    found = epoch_stability(scores, GRID, objective=objective, resamples=50)
    for epoch, row in found.epochs.set_index("epoch").iterrows():
        part = scores[scores["epoch"] == epoch]
        chosen = choose(part["label"], part["probability"], objective, thresholds=GRID)
        assert (row["threshold"], row["value"]) == (chosen.threshold, pytest.approx(chosen.value))
        assert {chosen.plateau.low, chosen.plateau.high} <= set(row["plateau"])


def test_a_plateau_holds_feasible_thresholds_only():
    """Thresholds below 0.5 find as much or more, but miss the precision floor that 0.5 meets."""
    scores = epochs_table(0.0, signal=3.0)
    part = scores[scores["epoch"] == 1]
    table = sweep(part["label"], part["probability"], GRID).set_index("threshold")
    floor = round(float(table["precision"][0.5]) - 1e-6, 6)
    text = f"recall@precision>={floor}"
    plateau = epoch_stability(scores, GRID, objective=text, resamples=20).epochs["plateau"][0]
    assert plateau
    assert (table.loc[list(plateau), "precision"] >= floor).all()
    top = table["recall"][table["precision"] >= floor].max()
    assert (table["recall"][table["precision"] < floor] >= top - PLATEAU_TOLERANCE).any()


def test_intervals_are_of_the_paired_draws_and_end_at_values_that_occurred():
    scores = epochs_table(0, 0.7, jitter=0.05, n_groups=12)
    goal, best = Objective.parse("f1"), []
    for _, part in scores.groupby("epoch"):
        columns = part["label"], part["probability"], GRID, part["group"]
        best.append(best_thresholds(confusion_draws(*columns, resamples=20, seed=4), GRID, goal))
    difference = best[1] - best[0]
    between = set()  # which intervals would end between two values that occurred
    for level in np.arange(1, 20) / 20:
        found = epoch_stability(scores, GRID, resamples=20, level=level, seed=4)
        tails = [(1 - level) / 2, (1 + level) / 2]
        rows = [*found.epochs.itertuples(), *found.changes.itertuples()]
        for i, (row, draws) in enumerate(zip(rows, [*best, difference], strict=True)):
            ends = np.quantile(draws[1:], tails, method="inverted_cdf")
            assert (row.low, row.high) == tuple(ends)
            if not np.allclose(ends, np.quantile(draws[1:], tails)):
                between.add(i)
        assert found.changes["difference"].item() == difference[0]
    assert between == {0, 1, 2}


@pytest.mark.parametrize(("shift", "signal", "end"), [(0.7, 3, "low"), (-0.7, 1, "high")])
def test_a_change_whose_interval_touches_0_is_noise(shift, signal, end):
    scores = epochs_table(0, shift, signal=signal, jitter=0.05)
    change = epoch_stability(scores, GRID, resamples=200).changes.iloc[0]
    assert change[end] == 0
    assert change["low"] != change["high"]
    assert not change["plateaus_overlap"]
    assert change["verdict"] == "noise"


def test_columns_and_defaults_are_those_documented():
    options = {"objective": "f1", "resamples": 2000, "level": 0.95, "seed": 0}
    epochs = epochs_table(0, 0.7, n_groups=20)
    found, again = epoch_stability(epochs, GRID), epoch_stability(epochs, GRID, **options)
    pd.testing.assert_frame_equal(found.epochs, again.epochs)
    pd.testing.assert_frame_equal(found.changes, again.changes)
    assert list(found.epochs) == [
        "epoch", "threshold", "low", "high", "value", "plateau", "excluded",
    ]  # fmt: skip
    assert list(found.changes) == [
        "epoch_from", "epoch_to", "difference", "low", "high", "plateaus_overlap", "verdict",
        "detectable", "power", "excluded",
    ]  # fmt: skip
    with pytest.raises(FrozenInstanceError):
        found.epochs = epochs


def test_a_plateau_reaches_to_its_tolerance_inclusive():
    """Recall 100 and 99 of 200: exactly PLATEAU_TOLERANCE apart, but for rounding."""
    probability = np.repeat([0.1, 0.5, 0.9, 0.1], [100, 1, 99, 50])
    columns = {"label": np.repeat([1, 0], [200, 50]), "probability": probability}
    scores = pd.DataFrame(columns | {"epoch": 1, "group": range(250), "item_id": range(250)})
    found = epoch_stability(scores, [0.3, 0.7], objective="recall@flagged<=1", resamples=2)
    assert found.epochs["plateau"].tolist() == [(0.3, 0.7)]


def test_epochs_share_their_draws():
    scores = epochs_table(0.2, 0.2)
    change = epoch_stability(scores, GRID, resamples=300).changes.iloc[0]
    assert change[["difference", "low", "high"]].eq(0).all()
    single = epoch_stability(scores, GRID, resamples=300).epochs
    assert (single["low"] < single["high"]).all()


@pytest.mark.parametrize("n_groups", [15, 40])
def test_the_power_is_that_of_the_scatter_of_the_paired_draws(n_groups):
    scores = epochs_table(0, 0.4, signal=1.0, jitter=0.05, n_groups=n_groups)
    change = epoch_stability(scores, GRID, resamples=200, seed=3).changes.iloc[0]
    goal, best = Objective.parse("f1"), []
    for _, part in scores.groupby("epoch"):
        columns = part["label"], part["probability"], GRID, part["group"]
        best.append(best_thresholds(confusion_draws(*columns, resamples=200, seed=3), GRID, goal))
    error = np.nanstd((best[1] - best[0])[1:], ddof=1)
    of_class = scores[scores["epoch"] == 1].groupby("label")["group"].nunique().min()
    assert change["detectable"] == pytest.approx(detectable_difference(error, of_class))
    assert change["power"] == pytest.approx(power_of(MOVE, error, of_class))
    assert change["detectable"] > 0.1
    assert change["power"] < 0.5


@pytest.mark.parametrize(("harmful", "safe"), [(4, 20), (20, 4), (1, 1)])
def test_too_few_groups_of_a_class_leave_the_verdict_unknown(harmful, safe):
    """Whatever the scores say: from 0.2 to 0.8 here, in every item."""
    label = np.repeat([1, 0], [harmful, safe]).repeat(3)
    columns = {"label": label, "group": np.arange(harmful + safe).repeat(3)}
    low, high = (
        pd.DataFrame(columns | {"epoch": epoch, "item_id": range(len(label)),
                                "probability": at + 0.1 * label})
        for epoch, at in ((1, 0.15), (2, 0.75))
    )  # fmt: skip
    found = epoch_stability(pd.concat([low, high]), GRID, resamples=50)
    change = found.changes.iloc[0]
    assert change["verdict"] == "unknown"
    assert change["difference"] == pytest.approx(0.6)
    assert change[["low", "high", "detectable", "power"]].isna().all()
    assert found.epochs["threshold"].tolist() == [0.2, 0.8]
    assert found.epochs[["low", "high"]].isna().all(axis=None)
    five = pd.concat([low, high]).assign(group=lambda t: t.groupby("epoch").cumcount())
    assert epoch_stability(five, GRID, resamples=50).changes["verdict"].item() != (
        "unknown" if min(harmful, safe) * 3 >= 5 else "moved"
    )


def test_one_epoch_has_no_changes():
    found = epoch_stability(epochs_table(0.0), GRID, resamples=20)
    assert len(found.epochs) == 1
    assert found.changes.empty
    assert "verdict" in found.changes


def drop_item(scores):
    return scores.iloc[1:]


def flip_label(scores):
    return scores.assign(label=scores["label"].where(scores.index > 0, 1 - scores["label"]))


def regroup(scores):
    return scores.assign(group=scores["group"].where(scores.index > 0, 99))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda scores: scores.drop(columns=["group", "label"]),
            r"lack the columns \['group', 'la",
        ),
        (lambda scores: scores.iloc[:0], "scores are empty"),
        (drop_item, "epochs 1 and 2 differ in items, labels or groups"),
        (flip_label, "epochs 1 and 2 differ"),
        (regroup, "epochs 1 and 2 differ"),
        (lambda scores: pd.concat([scores, scores.iloc[:1]]), "epoch 1 has item 0 twice"),
    ],
)
def test_epochs_must_score_the_same_items(change, message):
    with pytest.raises(ValueError, match=message):
        epoch_stability(change(epochs_table(0, 1)), GRID, resamples=10)


def drawn_by_group(scores, seed):
    """The best thresholds of every resample of whole groups, epoch by epoch, drawn one by one."""
    found = {}
    for epoch, part in scores.groupby("epoch"):
        part = part.sort_values("item_id")
        counts = confusion_draws(
            part["label"], part["probability"], GRID, part["group"], resamples=50, seed=seed
        )
        found[epoch] = best_thresholds(counts, GRID, Objective.parse("f1"))
    return found


@settings(max_examples=15)
@given(st.integers(10, 80), st.integers(1, 4), st.integers(0, 2**31))
def test_up_to_the_bound_every_group_is_redrawn_by_itself(n_groups, size, seed):
    scores = epochs_table(0.0, 0.8, n_groups=n_groups, size=size, seed=seed)
    if not count_groups(*(scores[scores["epoch"] == 1][n] for n in ("label", "group"))).enough:
        return
    drawn = drawn_by_group(scores, seed=3)
    with patch("harmlib.analysis.stability.MOST_REDRAWN", n_groups):
        found = epoch_stability(scores, GRID, resamples=50, seed=3)
    pd.testing.assert_frame_equal(
        found.epochs, epoch_stability(scores, GRID, resamples=50, seed=3).epochs
    )
    for row in found.epochs.itertuples():
        low, high, excluded = interval(drawn[row.epoch][1:], method="inverted_cdf")
        assert (row.threshold, row.low, row.high, row.excluded) == (
            drawn[row.epoch][0], low, high, excluded,
        )  # fmt: skip
    low, high, _ = interval(drawn[2][1:] - drawn[1][1:], method="inverted_cdf")
    assert tuple(found.changes[["low", "high"]].iloc[0]) == (low, high)


def test_blocks_scatter_as_their_groups_do():
    scores = epochs_table(0.0, 0.05, n_groups=4000, size=2, signal=0.7)
    grid = np.arange(0.02, 1, 0.02)
    every = epoch_stability(scores, grid, resamples=1000)
    with patch("harmlib.analysis.stability.MOST_REDRAWN", 400):
        blocks = epoch_stability(scores, grid, resamples=1000)
    for name in ("threshold", "value", "plateau"):
        assert every.epochs[name].tolist() == blocks.epochs[name].tolist(), "of the sample itself"
    widths = [(t["high"] - t["low"]).to_numpy() for t in (every.epochs, blocks.epochs)]
    assert widths[1] == pytest.approx(widths[0], abs=0.041), "two steps of the grid"
    assert blocks.changes["detectable"][0] == pytest.approx(
        every.changes["detectable"][0], rel=0.25
    )


def test_a_million_scores_are_a_matter_of_seconds():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 500_000)
    parts = [
        pd.DataFrame({"epoch": epoch, "item_id": np.arange(500_000), "label": labels,
                      "group": np.arange(500_000),
                      "probability": 1 / (1 + np.exp(-(rng.normal(size=500_000) + labels)))})
        for epoch in (1, 2)
    ]  # fmt: skip
    start = time.process_time()
    found = epoch_stability(pd.concat(parts), GRID)
    assert time.process_time() - start < 60  # 4 s; it was more than 4 minutes
    assert found.changes["verdict"].tolist() == ["noise"]
