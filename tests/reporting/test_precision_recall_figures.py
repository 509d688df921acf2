"""The PR curve is drawn where the models differ, and no operating point is cut."""

import io

import matplotlib
import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.thresholds import sweep
from harmlib.reporting.figures.precision_recall import (
    precision_recall,
    precision_recall_band,
    shown_part,
)
from harmlib.reporting.figures.style import use_style


@pytest.fixture(autouse=True)
def _style():
    with matplotlib.rc_context():
        use_style()
        yield


def curve_of(variant, noise, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1], [30, 90])
    table = sweep(labels, labels + noise * rng.normal(size=120))
    return table[table["tp"] + table["fp"] > 0].assign(variant=variant)


@pytest.fixture
def curves():
    return pd.concat([curve_of("model2", 0.5), curve_of("model4", 0.9)])


@pytest.fixture
def chosen(curves):
    rows = [own[own["recall"] >= 0.9].tail(1) for _, own in curves.groupby("variant")]
    return pd.concat(rows).assign(average_precision=[0.98, 0.9])


@pytest.mark.parametrize("recall", [0.05, 0.4, 0.9])
def test_every_operating_point_lies_in_what_is_drawn(curves, chosen, recall):
    low = curves[curves["recall"] >= recall].tail(1).assign(average_precision=0.9)
    points = pd.concat([chosen, low])
    left, bottom = shown_part(curves, points, 0.75)
    assert left <= points["recall"].min()
    assert bottom <= points["precision"].min()
    axes = precision_recall(curves, points, 0.75).axes[0]
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    assert points["recall"].between(x0, x1).all()
    assert points["precision"].between(y0, y1).all()


def test_what_is_drawn_begins_where_the_models_differ():
    alike = pd.DataFrame({"recall": [1.0, 0.9, 0.7, 0.3], "precision": [0.75, 0.9, 1.0, 1.0]})
    other = alike.assign(precision=[0.75, 0.8, 1.0, 1.0])
    curves = pd.concat([alike.assign(variant="a"), other.assign(variant="b")])
    points = curves[curves["recall"] == 0.9]
    left, _ = shown_part(curves, points, 0.75)
    assert 0.6 <= left <= 0.7, "up to a recall of 0.7 both are the same"


def test_the_whole_range_stands_in_a_corner(curves, chosen):
    (inset,) = precision_recall(curves, chosen, 0.75).axes[0].child_axes
    assert inset.get_title() == "전체 범위"
    assert inset.get_xlim()[0] == inset.get_ylim()[0] == 0
    assert min(inset.get_xlim()[1], inset.get_ylim()[1]) >= 1


def test_each_model_has_its_average_precision_and_threshold_in_the_legend(curves, chosen):
    figure = precision_recall(curves, chosen.assign(threshold=[0.5, 0.35]), 0.75)
    labels = [text.get_text() for text in figure.legends[0].texts]
    assert labels == ["Model 2: AP 0.980, threshold 0.50", "Model 4: AP 0.900, threshold 0.35"]


def test_lines_of_equal_f1_are_of_equal_f1(curves, chosen):
    axes = precision_recall(curves, chosen, 0.75).axes[0]
    named = [float(t.get_text()[3:]) for t in axes.texts if t.get_text().startswith("F1 ")]
    assert named
    lines = [line for line in axes.lines if line.get_linewidth() == 0.7]
    for f1, line in zip(named, lines, strict=True):
        x, y = line.get_data()
        assert 2 * x * y / (x + y) == pytest.approx(f1)


def test_the_baseline_is_a_line_and_named_where_it_is_seen(curves, chosen):
    axes = precision_recall(curves, chosen, 0.75).axes[0]
    assert any(set(line.get_ydata()) == {0.75} for line in axes.lines)
    assert any("기준선) 0.750" in text.get_text() for text in axes.texts)
    far = precision_recall(curves, chosen, 0.01).axes[0]
    assert not any("기준선" in text.get_text() for text in far.texts)


def test_one_model_alone_is_drawn(curves, chosen):
    figure = precision_recall(curves.query("variant == 'model2'"), chosen.head(1), 0.75)
    assert len(figure.legends[0].texts) == 1


def test_the_band_is_that_of_precision_where_anything_is_flagged():
    values = {"precision": [0.75, 0.9, 0.0], "recall": [1.0, 0.8, 0.0],
              "flagged_share": [1.0, 0.7, 0.0]}  # fmt: skip
    bands = pd.concat(
        pd.DataFrame({"variant": "model4", "threshold": [0.1, 0.5, 0.9], "metric": metric,
                      "value": value, "low": [0.6, 0.7, 0.0], "high": [0.9, 0.97, 0.5]})
        for metric, value in values.items()
    )  # fmt: skip
    chosen = pd.DataFrame({"variant": ["model4"], "precision": 0.9, "recall": 0.8})
    (axes,) = precision_recall_band(bands, chosen, 0.75).axes
    assert list(axes.lines[0].get_xdata()) == [1.0, 0.8]
    assert list(axes.lines[0].get_ydata()) == [0.75, 0.9]
    (band,) = axes.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert {0.6, 0.7, 0.9, 0.97} == set(heights.round(2))
    assert axes.get_ylim()[0] <= 0.6


def test_without_intervals_the_curve_stands_alone():
    bands = pd.concat(
        pd.DataFrame({"variant": "model4", "threshold": [0.1, 0.5], "metric": metric,
                      "value": [1.0, 0.8], "low": float("nan"), "high": float("nan")})
        for metric in ("precision", "recall", "flagged_share")
    )  # fmt: skip
    chosen = pd.DataFrame({"variant": ["model4"], "precision": 0.8, "recall": 0.8})
    (axes,) = precision_recall_band(bands, chosen, 0.75).axes
    assert np.isfinite(axes.get_ylim()).all()


def test_an_operating_point_far_below_the_curves_leaves_room_to_the_panel(recwarn):
    bands = pd.concat(
        pd.DataFrame({"variant": "model4", "threshold": [0.2, 0.8], "metric": metric,
                      "value": [1.0, 0.9], "low": np.nan, "high": np.nan})
        for metric in ("precision", "recall", "flagged_share")
    )  # fmt: skip
    chosen = pd.DataFrame({"variant": ["model4"], "precision": 0.0, "recall": 0.0})
    precision_recall_band(bands, chosen, 0.7).savefig(io.BytesIO(), format="svg")
    assert not [w for w in recwarn if "constrained_layout" in str(w.message)]
