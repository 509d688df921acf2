import matplotlib
import numpy as np
import pandas as pd
import pytest

from harmlib.reporting.figures import study_spread as figures
from harmlib.reporting.figures.style import use_style
from harmlib.reporting.text.study_imbalance import METHOD


@pytest.fixture(autouse=True)
def _style():
    with matplotlib.rc_context():
        use_style()
        yield


def test_every_value_is_a_dot_and_agreed_items_are_not_drawn():
    values = pd.DataFrame(
        {
            "quantity": ["f1"] * 6 + ["best_threshold"],
            "source": ["seed"] * 2 + ["fold"] * 3 + ["epoch"] * 2,
            "value": [0.7, 0.8, 0.5, 0.6, 0.9, 0.7, 0.3],
        }
    )
    flips = pd.DataFrame({"label": [1, 1, 0, 0], "seeds": 4, "flagged": [0, 3, 3, 4]})
    left, right = figures.spread_and_flips(values, flips).axes
    assert [sorted(line.get_ydata()) for line in left.lines] == [[0.7, 0.8], [0.5, 0.6, 0.9], [0.7]]
    harmful, safe = right.containers
    assert [bar.get_height() for bar in harmful] == [0, 0, 1]
    assert [bar.get_height() for bar in safe] == [0, 0, 1]
    assert [bar.get_y() for bar in safe] == [0, 0, 1], "on top of the harmful ones"
    assert "2개(전체 4개)" in right.get_title()


def test_no_flips_are_a_figure_as_well():
    values = pd.DataFrame({"quantity": "f1", "source": ["seed", "fold", "epoch"], "value": 0.7})
    flips = pd.DataFrame({"label": [1, 0], "seeds": 2, "flagged": [2, 0]})
    _, right = figures.spread_and_flips(values, flips).axes
    assert "0개(전체 2개)" in right.get_title()


def test_epochs_stand_side_by_side():
    choices = pd.DataFrame(
        {"epoch": [1, 2], "chosen": [4, 6], "best_on_test": [7, 3], "gain": [0.01, -0.01],
         "low": -0.02, "high": 0.04, "trainings": 10}
    )  # fmt: skip
    left, right = figures.epoch_choices(choices).axes
    assert [[bar.get_height() for bar in own] for own in left.containers] == [[4, 6], [7, 3]]
    assert right.lines[0].get_ydata().tolist() == [0.01, -0.01]


def test_every_method_has_a_line_and_f1_one_scale():
    rows = [
        (ratio, method, rule, metric, 0.5 + 0.1 * i)
        for i, method in enumerate(METHOD)
        for ratio in (8.0, 1.0)
        for rule, metric in (
            ("fixed", "f1"),
            ("validation", "f1"),
            ("validation", "average_precision"),
        )
        if not (method == "moved_threshold" and metric == "average_precision")
    ]
    effects = pd.DataFrame(rows, columns=["harmful_per_safe", "method", "rule", "metric", "value"])
    figure = figures.imbalance(effects.assign(low=0.4, high=0.9))
    first, second, third = figure.axes
    assert first.get_ylim() == second.get_ylim()
    assert [len(line.get_xdata()) for line in third.lines] == [2, 2, 2, 2, 0]
    assert [label.get_text() for label in first.get_xticklabels()] == ["1:1", "8:1"]


def test_strata_that_were_not_measured_are_left_out():
    table = pd.DataFrame(
        {
            "stratum": ["밤"] * 4 + ["낮"],
            "metric": ["average_precision", "roc_auc"] * 2 + [None],
            "trained": ["with", "with", "without", "without", None],
            "value": [0.7, 0.8, 0.3, 0.5, np.nan],
            "low": np.nan,
            "high": np.nan,
            "harmful_share": 0.2,
            "state": ["few_groups"] * 4 + ["no_items"],
        }
    )
    left, right = figures.strata(table).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["밤"]
    assert [line.get_xdata().tolist() for line in right.lines] == [[0.8], [0.5]]


@pytest.mark.parametrize(
    ("needed", "marks"),
    [(1406.0, ["지금 53개", "필요 1,406개"]), (np.inf, ["지금 53개"]), (np.nan, ["지금 53개"])],
)
def test_the_needed_groups_are_marked_where_they_are_known(needed, marks):
    nothing = [np.nan] * 2
    widths = pd.DataFrame(
        {"groups": [20, 53, 106, 212], "half_width": [0.1, 0.07, *nothing],
         "low": [0.08, 0.07, *nothing], "high": [0.13, 0.07, *nothing],
         "expected": [0.11, 0.07, 0.05, 0.035], "kind": ["observed"] * 2 + ["extrapolated"] * 2}
    )  # fmt: skip
    (axes,) = figures.width_by_groups(widths, 0.02, needed).axes
    assert [text.get_text() for text in axes.texts] == marks
    assert axes.get_xscale() == axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert all(low <= tick <= high for tick in axes.get_yticks())
    assert len(axes.get_yticks()) >= 3
