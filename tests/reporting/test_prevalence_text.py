"""Words and figures on prevalence and costs: what they say, and what they leave out."""

import io
import re

import matplotlib
import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.net_benefit import cost_curve, decision_curve
from harmlib.analysis.prevalence import PREVALENCES, precision_at_prevalences
from harmlib.reporting.figures import net_benefit as benefit_figures
from harmlib.reporting.figures.prevalence import precision_by_prevalence
from harmlib.reporting.figures.style import use_style
from harmlib.reporting.text import prevalence as says
from harmlib.reporting.text.certainty_tables import shown_prevalence
from harmlib.reporting.text.cited_numbers import plain

LABELS = np.tile([1, 1, 1, 0], 20)
SCORES = np.linspace(0.2, 0.7, 80) + 0.2 * LABELS
GROUPS = np.arange(80) // 4


@pytest.fixture(autouse=True)
def _style():
    with matplotlib.rc_context():
        use_style()
        yield


@pytest.fixture
def table():
    """Two models; the second has half of the false alarms."""
    rows = [("grid", at) for at in PREVALENCES] + [("data", 0.75), ("given", 0.004)]
    origins, shares = zip(*rows, strict=True)
    found = {}
    for variant, threshold in (("model2", 0.3), ("model4", 0.5)):
        found[variant] = precision_at_prevalences(LABELS, SCORES, threshold, shares, GROUPS)
        found[variant].insert(0, "origin", origins)
    joined = pd.concat(found, names=["variant"]).reset_index("variant").reset_index(drop=True)
    again = ["reweighted_threshold", "reweighted_precision", "reweighted_recall"]
    joined[again] = 0.5
    joined.attrs = {"name": "tables/prevalence_video.csv", "rows": len(joined)}
    return joined


def saved(figure):
    figure.savefig(io.BytesIO(), format="svg")


def test_the_sentence_speaks_of_the_traffic_that_was_given(table):
    sentence = says.prevalence_sentence(table, "video")
    given = table[table["origin"] == "given"].set_index("variant")
    assert plain(sentence).startswith("비디오: Precision은 유해가 75.0%인 시험 분할의 값입니다")
    assert "유해가 0.40%인 트래픽이라면" in plain(sentence)
    for variant in ("model2", "model4"):
        row = given.loc[variant]
        assert f"{row.precision:.3f} [{row.low:.3f}, {row.high:.3f}]" in plain(sentence)
    assert 'data-cell="tables/prevalence_video.csv[20].prevalence"' in sentence


def test_without_a_given_share_it_speaks_of_one_percent(table):
    unknown = table[(table["origin"] != "given") & (table["variant"] == "model4")]
    sentence = plain(says.prevalence_sentence(unknown, "image"))
    row = unknown[unknown["prevalence"] == 0.01].iloc[0]
    end = f"유해가 1.0%인 트래픽이라면 {row.precision:.3f} [{row.low:.3f}, {row.high:.3f}]입니다."
    assert sentence.endswith(end)


def test_without_intervals_it_gives_no_number_and_says_why(table):
    sentence = plain(says.prevalence_sentence(table.assign(low=np.nan, high=np.nan), "video"))
    assert sentence.endswith("그룹이 5개보다 적어 얼마나인지 말할 수 없습니다.")
    assert re.findall(r"[01]\.\d{3}", sentence) == []


def test_one_class_says_nothing(table):
    assert says.prevalence_sentence(table[table["origin"] == "grid"], "video") == ""


@pytest.mark.parametrize("modality", ["image", "video"])
def test_words_name_the_modality_and_read_like_sentences(modality, table):
    name = {"image": "이미지", "video": "비디오"}[modality]
    sentence = says.prevalence_sentence(table, modality)
    for alt, caption in (
        says.precision_by_prevalence(sentence, modality),
        says.net_benefit(modality),
        says.cost_curves(modality),
    ):
        assert alt.startswith(name)
        assert caption.startswith(name)
        assert caption.endswith("다.")


def test_the_shown_shares_ascend_within_each_model(table):
    shown = shown_prevalence(table)
    assert shown["variant"].tolist() == ["model2"] * 5 + ["model4"] * 5
    assert shown["prevalence"].tolist() == [0.001, 0.004, 0.01, 0.1, 0.75] * 2


def test_the_figure_marks_the_data_and_the_traffic(table):
    figure = precision_by_prevalence(table)
    assert [axes.get_title() for axes in figure.axes] == ["Model 2", "Model 4"]
    for axes, variant in zip(figure.axes, ("model2", "model4"), strict=True):
        own = table[table["variant"] == variant].set_index("origin")["precision"]
        assert [text.get_text() for text in axes.texts] == [
            f"트래픽 0.4%: {own['given']:.3f}",
            f"시험 분할 75%: {own['data']:.3f}",
        ]
        assert axes.get_xscale() == "log"
        x, y = axes.lines[0].get_data()
        assert (np.diff(x) >= 0).all()
        assert y[np.searchsorted(x, 0.004)] == own["given"]
    saved(figure)


def test_the_band_of_net_benefit_stands_on_the_better_trivial_line():
    curves = decision_curve(LABELS, SCORES, GROUPS).assign(variant="model4")
    figure = benefit_figures.net_benefit(curves)
    (axes,) = figure.axes
    band = axes.collections[0].get_paths()[0].vertices
    row = curves.iloc[10]
    heights = band[np.isclose(band[:, 0], row["threshold"]), 1]
    expected = max(row["treat_all"], 0) + row[["low", "high"]]
    assert sorted({round(y, 6) for y in heights}) == [round(float(y), 6) for y in expected]
    assert len(axes.lines) == 3
    saved(figure)


def test_the_cost_curves_show_the_trivial_choice():
    costs = cost_curve(LABELS, SCORES, 0.5, GROUPS, validation=(LABELS, SCORES))
    figure = benefit_figures.cost_curves(costs.assign(variant="model4"))
    (axes,) = figure.axes
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names[1:] == [line.get_label() for line in axes.lines]
    assert axes.lines[2].get_ydata().max() == 0.5
    saved(figure)


def test_figures_of_one_class_draw_what_there_is():
    ones = np.ones(80, int)
    curves = decision_curve(ones, SCORES, GROUPS).assign(variant="model4")
    saved(benefit_figures.net_benefit(curves))
    costs = cost_curve(ones, SCORES, 0.5, GROUPS, validation=(ones, SCORES))
    saved(benefit_figures.cost_curves(costs.assign(variant="model4")))
    zeros = decision_curve(1 - ones, SCORES, GROUPS).assign(variant="model4")
    saved(benefit_figures.net_benefit(zeros))
