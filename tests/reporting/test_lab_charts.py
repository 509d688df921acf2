"""The charts of the threshold lab: what they draw, and what is sent to the browser."""

import numpy as np
import pandas as pd
from lab_scores import validation

from harmlib.analysis.curves import pr_curve
from harmlib.reporting.lab.charts import CURVE_STEPS, Charts, curve_rows


def test_the_curve_is_the_analysis_curve_to_the_pixel(scored, lab):
    rows = validation(scored, lab)
    drawn = pd.DataFrame(lab.charts.tables["curve"])
    whole = pr_curve(rows["label"], rows["probability"])
    points, kept = (table[["recall", "precision"]].to_numpy() for table in (whole, drawn))
    nearest = np.abs(points[:, None] - kept).max(axis=2).min(axis=1)
    assert nearest.max() <= 1 / CURVE_STEPS, "in both directions at once"
    assert drawn.iloc[0][["recall", "precision"]].tolist() == [1, rows["label"].mean()]
    assert drawn["order"].tolist() == list(range(len(drawn)))
    assert drawn["recall"].is_monotonic_decreasing


def test_many_items_make_a_curve_of_pixels():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 10_000), rng.random(10_000)
    assert len(curve_rows(labels, scores)) < 2_000


def test_bars_count_every_item_once(scored, lab):
    rows = validation(scored, lab)
    bars = pd.DataFrame(lab.charts.tables["bars"])
    up, down = bars[bars["label"] == "유해"], bars[bars["label"] == "안전"]
    assert up["count"].sum() == rows["label"].sum()
    assert -down["count"].sum() == (1 - rows["label"]).sum()
    inside = rows["probability"].between(0.5, 0.525, inclusive="left") & (rows["label"] == 1)
    assert up.loc[np.isclose(up["low"], 0.5), "count"].item() == inside.sum()


def test_a_moved_threshold_leaves_the_curves_alone(lab):
    sent = []
    lab.charts.observe(lambda change: sent.append(change["name"]), ["spec", "tables", "current"])
    lab.slider.value = 0.77
    assert sent == ["current"]


def test_the_charts_bring_vega_along():
    code = Charts()._esm
    assert len(code) > 500_000
    assert "esm.sh" not in code
