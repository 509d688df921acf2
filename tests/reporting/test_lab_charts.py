import numpy as np
import pandas as pd
from lab_scores import validation

from harmlib.analysis.curves import pr_curve
from harmlib.reporting.lab import views as lab_views


def test_the_curve_is_the_analysis_curve_to_the_pixel(scored, explorer):
    rows = validation(scored, explorer)
    drawn = pd.DataFrame(explorer.charts.tables["curve"])
    whole = pr_curve(rows["label"], rows["probability"])
    for name in ("recall", "precision"):
        nearest = np.abs(whole[name].to_numpy()[:, None] - drawn[name].to_numpy()).min(axis=1)
        assert nearest.max() <= 1 / lab_views.CURVE_STEPS
    assert drawn.iloc[0][["recall", "precision"]].tolist() == [1, rows["label"].mean()]
    assert drawn["order"].tolist() == list(range(len(drawn)))
    assert drawn["recall"].is_monotonic_decreasing


def test_many_items_make_a_curve_of_pixels():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 10_000), rng.random(10_000)
    assert len(lab_views.curve_rows(labels, scores)) < 2_000


def test_bars_count_every_item_once(scored, explorer):
    rows = validation(scored, explorer)
    bars = pd.DataFrame(explorer.charts.tables["bars"])
    up, down = bars[bars["label"] == "유해"], bars[bars["label"] == "안전"]
    assert up["count"].sum() == rows["label"].sum()
    assert -down["count"].sum() == (1 - rows["label"]).sum()
    inside = rows["probability"].between(0.5, 0.525, inclusive="left") & (rows["label"] == 1)
    assert up.loc[np.isclose(up["low"], 0.5), "count"].item() == inside.sum()


def test_a_moved_line_leaves_the_curves_alone(explorer):
    sent = []
    explorer.charts.observe(lambda change: sent.append(change["name"]), ["spec", "tables", "line"])
    explorer.slider.value = 0.77
    assert sent == ["line"]


def test_the_charts_bring_vega_along():
    code = str(lab_views.Charts._esm)
    assert len(code) > 500_000
    assert "esm.sh" not in code
