from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import fbeta_score, matthews_corrcoef

from harmlib.analysis.checks import EmptyScores
from harmlib.analysis.choice import choose
from harmlib.analysis.objectives import UnknownObjective
from harmlib.analysis.thresholds import sweep

# Ten items: harmful at 0.9 0.8 0.7 0.6 0.3, safe at 0.65 0.5 0.4 0.2 0.1
LABELS = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
SCORES = [0.9, 0.8, 0.7, 0.6, 0.3, 0.65, 0.5, 0.4, 0.2, 0.1]
GRID = [0.25, 0.45, 0.55, 0.75, 0.85]


@pytest.mark.parametrize(
    ("objective", "threshold", "tp", "fp", "value"),
    [
        ("f1", 0.55, 4, 1, 0.8),
        ("mcc", 0.675, 3, 0, 3 * 5 / (5 * 5 * 3 * 7) ** 0.5),
        ("youden", 0.55, 4, 1, 0.6),
        ("fbeta:2", 0.25, 5, 3, 25 / 28),
        ("fbeta:0.5", 0.675, 3, 0, 3.75 / 4.25),
        ("cost:miss=5,alarm=1", 0.25, 5, 3, 0.3),
        ("cost:miss=1,alarm=5", 0.675, 3, 0, 0.2),
        ("precision@recall>=0.8", 0.55, 4, 1, 0.8),
        ("precision@recall>=0.81", 0.25, 5, 3, 0.625),
        ("precision@recall>=1", 0.25, 5, 3, 0.625),
        ("recall@precision>=0.8", 0.55, 4, 1, 0.8),
        ("recall@precision>=0.81", 0.675, 3, 0, 0.6),
        ("recall@precision>=0.625", 0.25, 5, 3, 1.0),
        ("recall@flagged<=0.3", 0.675, 3, 0, 0.6),
        ("recall@flagged<=0.5", 0.55, 4, 1, 0.8),
        ("recall@flagged<=0.49", 0.675, 3, 0, 0.6),
        ("recall@flagged<=1", 0.25, 5, 3, 1.0),
        ("recall@flagged<=0", 0.95, 0, 0, 0.0),
    ],
)
def test_each_objective_on_ten_items(objective, threshold, tp, fp, value):
    choice = choose(LABELS, SCORES, objective)
    assert choice.state == "ok"
    assert choice.objective == objective
    assert choice.threshold == pytest.approx(threshold)
    assert (choice.row["tp"], choice.row["fp"]) == (tp, fp)
    assert choice.row["threshold"] == choice.threshold
    assert choice.value == pytest.approx(value)
    assert choice.at_grid_edge is None


def brute_force(objective, labels, flagged):
    """Value (higher is better) of one set of decisions, or None; by definition, exactly."""
    tp, fp = int((labels & flagged).sum()), int((~labels & flagged).sum())
    harmful, n = int(labels.sum()), labels.size
    if objective == "fbeta:2":
        return fbeta_score(labels, flagged, beta=2, zero_division=0)
    if objective == "mcc":
        return matthews_corrcoef(labels, flagged)
    if objective == "youden":
        return Fraction(tp, harmful) - Fraction(fp, n - harmful)
    if objective == "cost:miss=5,alarm=1":
        return -Fraction(5 * (harmful - tp) + fp, n)
    if objective == "precision@recall>=0.7":
        return Fraction(tp, max(tp + fp, 1)) if 10 * tp >= 7 * harmful else None
    if objective == "recall@precision>=0.7":
        return Fraction(tp, harmful) if tp + fp and 10 * tp >= 7 * (tp + fp) else None
    return Fraction(tp, harmful) if 10 * (tp + fp) <= 3 * n else None


OBJECTIVES = ["fbeta:2", "mcc", "youden", "cost:miss=5,alarm=1", "precision@recall>=0.7"]
OBJECTIVES += ["recall@precision>=0.7", "recall@flagged<=0.3"]


@pytest.mark.parametrize("grid", [None, [0.5, 1.5, 2.0, 5.5, 7.0]], ids=["all", "grid"])
@pytest.mark.parametrize("objective", OBJECTIVES)
@settings(max_examples=25)
@given(items=st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=15))
def test_nothing_beats_the_choice(objective, grid, items):
    labels, scores = map(np.array, zip(*items, strict=True))
    choice = choose(labels, scores, objective, thresholds=grid)
    if labels.all() or not labels.any() or (scores == scores[0]).all():
        assert choice.state in ("one_class", "constant_scores")
        return
    thresholds = sweep(labels, scores, grid)["threshold"]
    values = {t: brute_force(objective, labels, scores > t) for t in thresholds}
    feasible = {t: float(value) for t, value in values.items() if value is not None}
    if not feasible:
        assert choice.state == "infeasible"
        assert choice.threshold is None
        return
    best = max(feasible.values())
    ties = [t for t in feasible if feasible[t] >= best - 1e-9]
    if objective.startswith("recall"):
        ties.sort(key=lambda t: (scores[~labels] > t).sum())
    assert choice.threshold == ties[0]
    assert (-choice.value if "cost" in objective else choice.value) == pytest.approx(best, abs=1e-9)
    baseline = brute_force(objective, labels, np.ones_like(labels))
    assert choice.above_baseline == (baseline is None or best > float(baseline) + 1e-9)
    assert choice.plateau.low <= choice.threshold <= choice.plateau.high


@pytest.mark.parametrize(
    ("labels", "scores", "objective", "thresholds", "state"),
    [
        ([1, 1, 1], [0.1, 0.2, 0.3], "f1", None, "one_class"),
        ([0, 0], [0.1, 0.2], "precision@recall>=0.9", None, "one_class"),
        ([0], [0.1], "youden", [0.5], "one_class"),
        ([1, 1], [0.5, 0.5], "mcc", None, "one_class"),
        ([0, 1], [0.5, 0.5], "f1", None, "constant_scores"),
        ([0, 1, 1], [0.0, -0.0, 0.0], "cost:miss=5,alarm=1", [0.5], "constant_scores"),
        ([0, 1], [0.9, 0.1], "recall@precision>=0.9", None, "infeasible"),
        (LABELS, SCORES, "precision@recall>=0.9", [0.5, 0.6], "infeasible"),
        (LABELS, SCORES, "recall@flagged<=0.2", [0.1, 0.2], "infeasible"),
        (LABELS, SCORES, "recall@precision>=0.01", [2.0], "infeasible"),
        (LABELS, SCORES, "recall@precision>=0", [2.0], "infeasible"),
    ],
)
def test_no_choice_is_a_state_not_a_number(labels, scores, objective, thresholds, state):
    choice = choose(labels, scores, objective, thresholds=thresholds)
    assert choice.state == state
    assert choice.threshold is choice.row is choice.value is None
    assert choice.plateau is choice.at_grid_edge is None
    assert choice.above_baseline is False


@pytest.mark.parametrize(
    ("thresholds", "chosen", "edge"),
    [
        ([0.45, 0.55, 0.75], 0.55, None),
        ([0.55, 0.75], 0.55, "low"),
        ([0.25, 0.45, 0.55], 0.55, "high"),
        ([0.25, 0.45, 0.55, 0.58], 0.55, "high"),  # 0.58 is as good: the best may lie beyond it
        ([0.52, 0.55, 0.75], 0.52, "low"),
        ([0.05, 0.85], 0.05, None),  # flags everything: a lower threshold changes nothing
        ([0.55], 0.55, "low"),
    ],
)
def test_edge_of_the_grid(thresholds, chosen, edge):
    choice = choose(LABELS, SCORES, "f1", thresholds=thresholds)
    assert (choice.threshold, choice.at_grid_edge) == (chosen, edge)


def test_an_edge_that_flags_nothing_is_no_edge():
    assert choose(LABELS, SCORES, "recall@flagged<=0", thresholds=[0.5, 2.0]).at_grid_edge is None


def test_lowest_of_equally_good_thresholds_wins():
    labels, scores = [0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5]
    assert choose(labels, scores, "youden", thresholds=[0.15, 0.35]).threshold == 0.35
    labels, scores = [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]
    assert sweep(labels, scores, [0.15, 0.35])["mcc"].tolist() == pytest.approx([3**-0.5] * 2)
    assert choose(labels, scores, "mcc", thresholds=[0.35, 0.15]).threshold == 0.15


def plateau_items(drops):
    """1000 harmful and 1000 safe items; between scores 0, 1, 2, ... recall falls by `drops`/1000.

    All safe items score -1, so Youden's index at threshold i is 1 - sum(drops[: i + 1]) / 1000.
    """
    scores = np.repeat(np.arange(len(drops) + 1), [*drops, 1000 - sum(drops)])
    return np.repeat([1, 0], 1000), np.append(scores, np.full(1000, -1))


@pytest.mark.parametrize(
    ("drops", "low", "high"),
    [
        ([0, 5, 1, 0], -0.5, 1.5),  # exactly 0.005 below still belongs
        ([0, 6, 0, 0], -0.5, 0.5),
        ([0, 1, 1, 1], -0.5, 3.5),
        ([0, 0, 9, 0], -0.5, 1.5),
    ],
)
def test_plateau_of_a_grid(drops, low, high):
    labels, scores = plateau_items(drops)
    choice = choose(labels, scores, "youden", thresholds=np.arange(-2, 4) + 0.5)
    assert (choice.plateau.low, choice.plateau.high) == (low, high)
    assert choice.plateau.width == high - low


def test_plateau_is_unbroken_and_feasible():
    # Youden's index at the grid: 0.899, 0.799, 0.9; precision: 0.91, 0.90, 1.
    labels = np.repeat([1, 0], 1000)
    scores = np.repeat([1, 5, 0, 2], [100, 900, 899, 101])
    for objective in ("youden", "recall@precision>=0.95"):
        plateau = choose(labels, scores, objective, thresholds=[0.5, 1.5, 2.5]).plateau
        assert (plateau.low, plateau.high) == (2.5, 2.5)


def test_equal_recall_is_not_bought_with_alarms():
    labels, scores = [0, 0, 1, 1], [0.1, 0.3, 0.5, 0.7]
    for objective in ("recall@precision>=0.1", "recall@flagged<=1"):
        assert choose(labels, scores, objective).threshold == pytest.approx(0.4)
        assert choose(labels, scores, objective, thresholds=[0.2, 0.35, 0.45]).threshold == 0.35


def test_plateau_of_every_threshold_reaches_to_the_scores():
    choice = choose([0, 0, 1, 1], [0.05, 0.1, 0.9, 0.95], "f1")
    assert choice.threshold == pytest.approx(0.5)
    assert (choice.plateau.low, choice.plateau.high) == (0.1, 0.9)
    assert choice.plateau.width == pytest.approx(0.8)


def test_plateau_between_adjacent_floats():
    upper = np.nextafter(0.5, 1)
    choice = choose([0, 1], [0.5, upper], "f1")
    assert (choice.threshold, choice.plateau.low, choice.plateau.high) == (0.5, 0.5, upper)


def test_plateau_that_flags_everything_ends_at_its_threshold():
    choice = choose([0, 1, 1, 1], [0.9, 0.2, 0.3, 0.4], "f1")
    assert choice.threshold == choice.plateau.low == pytest.approx(0.15)
    assert choice.plateau.high == 0.2


@pytest.mark.parametrize("unit", [1, 1000])
def test_plateau_of_a_cost_is_free_of_its_unit(unit):
    labels, scores = plateau_items([0, 5, 1, 0])
    objective = f"cost:miss={unit},alarm={unit}"
    choice = choose(labels, scores, objective, thresholds=np.arange(-2, 4) + 0.5)
    assert choice.value == 0
    assert (choice.plateau.low, choice.plateau.high) == (-0.5, 3.5)  # 6 of 2000 items cost
    strict = choose(labels, scores, f"cost:miss={unit},alarm={unit}", thresholds=[0.5, 9.0])
    assert strict.plateau.width == 0


@pytest.mark.parametrize(
    ("labels", "scores", "objective", "baseline", "better"),
    [
        (LABELS, SCORES, "f1", 2 / 3, True),
        (LABELS, SCORES, "cost:miss=5,alarm=1", 0.5, True),
        (LABELS, SCORES, "cost:miss=100,alarm=1", 0.5, True),
        (LABELS, SCORES, "mcc", 0.0, True),
        (LABELS, SCORES, "recall@flagged<=0.3", None, True),
        (LABELS, SCORES, "recall@precision>=0.6", None, True),
        (LABELS, SCORES, "recall@precision>=0.5", 1.0, False),
        ([0, 1, 1, 1], [0.9, 0.2, 0.3, 0.4], "f1", 6 / 7, False),
        ([0, 1, 1, 1], [0.9, 0.2, 0.3, 0.4], "youden", 0.0, False),
        ([0, 1, 1, 1], [0.9, 0.2, 0.3, 0.4], "cost:miss=1,alarm=1", 0.25, False),
    ],
)
def test_compared_with_calling_everything_harmful(labels, scores, objective, baseline, better):
    choice = choose(labels, scores, objective)
    assert choice.baseline_value == (None if baseline is None else pytest.approx(baseline))
    assert choice.above_baseline is better


def test_floors_are_exact():
    # 0.07 * 100 is 7.000000000000001 in floats; 7 of 100 still meets the floor.
    labels, scores = np.repeat([1, 0], 100), np.append(np.arange(100), np.full(100, 92.5))
    choice = choose(labels, scores, "precision@recall>=0.07")
    assert choice.row["recall"] == 0.07
    assert choice.row["precision"] == 1.0
    assert choose(labels, scores, "precision@recall>=0.070000001").row["precision"] < 1


def test_bad_input_is_named():
    with pytest.raises(UnknownObjective, match="unknown objective 'accuracy'"):
        choose(LABELS, SCORES, "accuracy")

    with pytest.raises(EmptyScores, match="pass at least one item"):
        choose([], [], "f1")


def test_float32_and_arguments_left_alone():
    labels, scores = np.array(LABELS), np.array(SCORES, np.float32)
    kept = labels.copy(), scores.copy()
    assert choose(labels, scores, "f1").row["tp"] == 4
    np.testing.assert_array_equal(labels, kept[0])
    np.testing.assert_array_equal(scores, kept[1])
