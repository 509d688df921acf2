"""Misses and false alarms as squares, the groups that hold them, and differences in F1."""

import matplotlib
import pandas as pd
import pytest

from harmlib.reporting.figures.differences import between_models, from_baseline
from harmlib.reporting.figures.mistakes import (
    MOST_GROUPS,
    MOST_SQUARES,
    errors_by_group,
    items_per_square,
    mistakes,
)
from harmlib.reporting.figures.review import review_share
from harmlib.reporting.figures.style import use_style


@pytest.fixture(autouse=True)
def _style():
    with matplotlib.rc_context():
        use_style()
        yield


def results(**counts):
    return pd.DataFrame({"variant": ["model4"], **{name: [n] for name, n in counts.items()}})


def squares(axes):
    """How many squares each drawn part has, by colour and opacity, in the order of drawing."""
    return [len(patch.get_path().vertices) // 5 for patch in axes.patches]


def said(axes):
    return [text.get_text() for text in axes.texts]


def test_few_items_are_a_square_each():
    (axes,) = mistakes(results(tp=24, fn=2, fp=3, tn=7)).axes
    assert squares(axes) == [2, 24, 3, 7]
    assert said(axes) == ["Model 4", "유해 26: 미탐 2", "안전 10: 오탐 3"]
    filled = [patch.get_alpha() for patch in axes.patches]
    assert filled == [1.0, 0.25, 1.0, 0.25]


def test_no_error_is_no_square():
    (axes,) = mistakes(results(tp=26, fn=0, fp=10, tn=0)).axes
    assert squares(axes) == [26, 10]


@pytest.mark.parametrize("times", [1, 7, 300, 10**6])
def test_many_items_share_squares_and_the_figure_says_so(times):
    table = results(tp=24 * times, fn=2 * times, fp=3 * times, tn=7 * times)
    per = items_per_square(table)
    (axes,) = mistakes(table).axes
    assert sum(squares(axes)) <= MOST_SQUARES + 2  # errors are rounded up
    note = [text for text in said(axes) if text.startswith("한 칸")]
    assert note == ([] if per == 1 else [f"한 칸 = {per:,}건"])


def test_a_single_error_among_many_is_seen():
    (axes,) = mistakes(results(tp=5000, fn=1, fp=1, tn=1000)).axes
    assert squares(axes)[0] == squares(axes)[2] == 1


def test_squares_fit_a_page_and_a_phone():
    wide = mistakes(results(tp=70, fn=5, fp=5, tn=20)).get_size_inches()[0]
    assert wide <= 6.4


def groups(count):
    return pd.DataFrame(
        {"group": [f"cam{i}" for i in range(count)], "n": 9, "misses": range(count, 0, -1),
         "false_alarms": 1}
    )  # fmt: skip


def test_the_groups_with_the_most_errors_have_their_counts_beside():
    (axes,) = errors_by_group(groups(40)).axes
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    assert names == [f"cam{i}" for i in range(MOST_GROUPS)]
    assert said(axes)[0] == "41/9"
    assert axes.yaxis_inverted()


def test_a_group_without_errors_is_not_drawn():
    table = pd.concat([groups(1), groups(1).assign(group="calm", misses=0, false_alarms=0)])
    (axes,) = errors_by_group(table).axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["cam0"]


def test_a_long_name_is_cut():
    (axes,) = errors_by_group(groups(1).assign(group="x" * 80)).axes
    assert axes.get_yticklabels()[0].get_text() == "x" * 23 + "…"


def test_misses_are_told_from_false_alarms_without_colour():
    (axes,) = errors_by_group(groups(1)).axes
    misses, alarms = axes.containers
    assert misses[0].get_hatch() is None
    assert alarms[0].get_hatch()


def test_a_difference_without_an_interval_is_a_point_that_says_so():
    against = pd.DataFrame(
        {"variant": ["model2", "model4"], "difference": [0.08, -0.05],
         "corrected_low": [0.03, None], "corrected_high": [0.13, None]}
    )  # fmt: skip
    (axes,) = from_baseline(against).axes
    assert said(axes)[:2] == ["+0.080 [+0.030, +0.130]", "−0.050 신뢰구간 없음"]
    assert len(axes.collections) == 1
    low, high = axes.get_xlim()
    assert low < 0 < high


def test_pairs_are_those_of_f1_on_test():
    table = pd.DataFrame(
        {"split": ["test", "test", "val"], "a": "model2", "b": "model4",
         "metric": ["f1", "recall", "f1"], "difference": [0.02, 0.5, 0.7],
         "corrected_low": -0.03, "corrected_high": 0.07}
    )  # fmt: skip
    (axes,) = between_models(table).axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["Model 4 − Model 2"]
    assert said(axes)[0] == "+0.020 [−0.030, +0.070]"


def test_review_marks_the_operating_point_and_draws_the_band():
    review = pd.DataFrame(
        {"variant": "model4", "flagged_share": [0.0, 0.5, 1.0], "recall": [0.0, 0.7, 1.0],
         "low": [0.0, 0.6, 1.0], "high": [0.0, 0.8, 1.0]}
    )  # fmt: skip
    (axes,) = review_share(review, results(tp=6, fp=1, fn=2, tn=1)).axes
    assert said(axes) == ["운영: 70% 보고 75% 찾음"]
    mark = axes.lines[-1]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (0.7, 0.75)
    assert {0.6, 0.8} <= set(axes.collections[0].get_paths()[0].vertices[:, 1].round(2))
