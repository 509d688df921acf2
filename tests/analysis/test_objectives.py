from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmlib.analysis.objectives import TIE, Objective, UnknownObjective
from harmlib.analysis.rates import rates_table

FORMS = ["f1", "mcc", "youden", "fbeta:2", "cost:miss=5,alarm=1", "precision@recall>=0.7",
         "recall@precision>=0.8", "recall@flagged<=0.4"]  # fmt: skip


def row(tp, fp, fn, tn):
    """One row of the sweep."""
    return rates_table(*np.array([[0.5], [tp], [fp], [fn], [tn]], float))


@pytest.mark.parametrize(
    ("text", "gain", "sign", "scale"),
    [
        ("f1", 12 / 18, 1, 1),
        ("mcc", 40 / 9600**0.5, 1, 1),
        ("youden", 6 / 10 + 8 / 10 - 1, 1, 1),
        ("fbeta:2", 30 / 48, 1, 1),  # 5 tp / (5 tp + 4 fn + fp)
        ("fbeta:0.5", 7.5 / 10.5, 1, 1),
        ("cost:miss=5,alarm=1", -22 / 20, -1, 5),
        ("cost:miss=0.5,alarm=3", -8 / 20, -1, 3),
        ("precision@recall>=0.5", 6 / 8, 1, 1),
        ("recall@precision>=0.5", 6 / 10, 1, 1),
        ("recall@flagged<=0.5", 6 / 10, 1, 1),
    ],
)
def test_gain_by_hand(text, gain, sign, scale):
    goal = Objective.parse(text)
    assert goal.text == text
    assert goal.gain(row(6, 2, 4, 8)).tolist() == pytest.approx([gain])
    assert (goal.sign, goal.scale) == (sign, scale)
    assert goal.feasible(row(6, 2, 4, 8)).tolist() == [True]


def test_f_beta_without_hits_is_zero():
    assert Objective.parse("fbeta:2").gain(row(0, 0, 0, 5)).tolist() == [0]
    assert Objective.parse("fbeta:2").gain(row(0, 3, 2, 0)).tolist() == [0]


@pytest.mark.parametrize("text", ["recall@precision>=0.7", "recall@flagged<=0.3"])
def test_recall_alone_is_settled_by_alarms(text):
    assert Objective.parse(text).fewest_alarms_first
    assert [form for form in FORMS if Objective.parse(form).fewest_alarms_first] == FORMS[-2:]


share = st.integers(0, 10**9).map(lambda i: f"0.{i:09d}" if i < 10**9 else "1")


@given(st.integers(0, 50), st.integers(0, 50), share)
def test_floors_and_budgets_are_exact_and_inclusive(part, rest, text):
    """`part` of `part + rest` items, against the number as it is written."""
    floor, whole = Fraction(text), part + rest
    for kind, counts in (
        ("precision@recall>=", (part, 3, rest, 3)),
        ("recall@precision>=", (part, rest, 3, 3)),
    ):
        feasible = Objective.parse(kind + text).feasible(row(*counts)).item()
        assert feasible == (whole > 0 and Fraction(part, max(whole, 1)) >= floor)
    flagged = row(part, 0, 0, rest)
    feasible = Objective.parse("recall@flagged<=" + text).feasible(flagged).item()
    assert feasible == (whole > 0 and Fraction(part, max(whole, 1)) <= floor)


@pytest.mark.parametrize(
    ("text", "floor"), [("0", 0), ("1", 1), ("0.5", 0.5), (".25", 0.25), ("1.0", 1), ("0.0", 0)]
)
def test_fractions_as_people_write_them(text, floor):
    goal = Objective.parse(f"precision@recall>={text}")
    assert goal.feasible(row(1, 0, 1, 0)).item() == (floor <= 0.5)
    assert goal.feasible(row(1, 0, 0, 0)).item()


@pytest.mark.parametrize("text", FORMS)
def test_missing_counts_are_not_feasible(text):
    assert not Objective.parse(text).feasible(row(*[np.nan] * 4)).any()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=8),
    st.sampled_from(FORMS),
)
def test_the_best_are_all_that_tie(points, text):
    """Gains differ by far more than a tie, or by rounding."""
    goal = Objective.parse(text)
    gains = np.array([gain / 3 * goal.scale for gain, _ in points])
    alarms = np.array([alarm for _, alarm in points])
    top = [i for i, (gain, _) in enumerate(points) if gain == max(g for g, _ in points)]
    if goal.fewest_alarms_first:
        top = [i for i in top if alarms[i] == min(alarms[j] for j in top)]
    noisy = gains + np.arange(len(points)) % 2 * 0.4 * TIE * goal.scale
    for found in (goal.best(gains, alarms), goal.best(noisy, alarms)):
        assert np.flatnonzero(found).tolist() == top
    stacked = goal.best(np.stack([gains, gains[::-1]]), np.stack([alarms, alarms[::-1]]))
    assert stacked[0].tolist() == stacked[1][::-1].tolist() == found.tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("f1", [[1, 1, 0], [0, 0, 1]]), ("recall@flagged<=0.4", [[0, 1, 0], [0, 0, 1]])],
)
def test_each_row_has_a_best_of_its_own(text, expected):
    gains = np.array([[0.9, 0.9, 0.1], [0.2, 0.2, 0.3]])
    best = Objective.parse(text).best(gains, np.array([[5, 4, 0], [0, 0, 6]]))
    assert best.tolist() == np.array(expected, bool).tolist()


def test_a_tie_is_measured_in_units_of_the_objective():
    assert Objective.parse("f1").best(np.array([-TIE, 0.0]), [0, 0]).tolist() == [True, True]
    dear = Objective.parse("cost:miss=1000,alarm=1")
    assert dear.best(np.array([-500.0, -500.0 - 1e-10]), [0, 0]).tolist() == [True, True]
    f1 = Objective.parse("f1")
    assert f1.best(np.array([0.5, 0.5 - 1e-10]), [0, 0]).tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("accuracy", "unknown objective 'accuracy'; known.* f1, mcc, youden, fbeta:2"),
        ("F1", "unknown objective"),
        ("fbeta", "unknown objective"),
        ("precision@recall>0.9", "unknown objective"),
        ("recall@flagged>=0.2", "unknown objective"),
        ("cost:miss=5", "unknown objective"),
        ("fbeta:0", "'0' in objective 'fbeta:0' must be a positive number"),
        ("fbeta:two", "positive number"),
        ("fbeta:nan", "positive number"),
        ("cost:miss=-1,alarm=1", "'-1' in objective .* positive number"),
        ("cost:miss=1,alarm=inf", "'inf' in objective .* positive number"),
        ("precision@recall>=95", "'95' .* fraction from 0 to 1"),
        ("precision@recall>=1.01", "fraction from 0 to 1"),
        ("recall@precision>=-0.1", "fraction from 0 to 1"),
        ("recall@precision>=.", "fraction from 0 to 1"),
        ("recall@flagged<=0.1234567891", "at most nine"),
        ("recall@flagged<=20%", "0.95 for 95 percent"),
    ],
)
def test_unreadable_objectives(text, match):
    with pytest.raises(UnknownObjective, match=match):
        Objective.parse(text)
    assert issubclass(UnknownObjective, ValueError)
