"""Figures along thresholds, of items and of certainty; the same figure is the same file."""

import io

import matplotlib
import pandas as pd
import pytest

from harmlib.analysis.thresholds import sweep
from harmlib.reporting.figures import certainty, thresholds
from harmlib.reporting.figures.epochs import epoch_thresholds
from harmlib.reporting.figures.items import class_balance
from harmlib.reporting.figures.precision_recall import precision_recall
from harmlib.reporting.figures.style import use_style


@pytest.fixture(autouse=True)
def _style():
    with matplotlib.rc_context():
        use_style()
        yield


def svg(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def texts(figure):
    return [t.get_text() for axes in figure.axes for t in axes.texts] + [
        t.get_text() for axes in figure.axes if axes.get_legend() for t in axes.get_legend().texts
    ]


@pytest.fixture
def curves():
    labels, scores = [1, 1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.6, 0.3, 0.1]
    table = sweep(labels, scores)
    return pd.concat([table.assign(variant="model2"), table.assign(variant="model4")])


@pytest.fixture
def chosen():
    return pd.DataFrame(
        {
            "variant": ["model2", "model4"],
            "threshold": [0.5, 0.35],
            "precision": [0.75, 0.6],
            "recall": [1.0, 1.0],
            "average_precision": [0.9, 0.8],
        }
    )


def test_metrics_by_threshold_has_a_panel_per_variant(curves, chosen):
    figure = thresholds.metrics_by_threshold(curves, chosen)
    assert [axes.get_title() for axes in figure.axes] == ["Model 2", "Model 4"]
    assert "운영 0.35" in texts(figure)


def test_class_balance_counts_are_those_of_the_table():
    manifest = pd.DataFrame(
        {"modality": "image", "split": ["train"] * 5 + ["val", "test"], "label": [1] * 4 + [0] * 3}
    )
    assert {"4", "1", "0"} <= set(texts(class_balance(manifest)))


@pytest.fixture
def bands():
    return pd.DataFrame(
        {"variant": ["model2"] * 2 + ["model4"] * 2, "metric": "f1", "threshold": [0.2, 0.8] * 2,
         "value": 0.8, "low": 0.7, "high": 0.9}
    )  # fmt: skip


@pytest.fixture
def plateaus():
    return pd.DataFrame({"variant": ["model4"], "threshold": 0.4, "low": 0.3, "high": 0.6})


def test_a_variant_without_a_best_threshold_has_its_band_alone(bands, plateaus):
    figure = certainty.f1_bands(bands, plateaus)
    first, second = figure.axes
    assert [line.get_label() for line in first.lines] == ["F1"]
    assert [line.get_xdata()[0] for line in second.lines] == [0.2, 0.4]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["95% 신뢰구간", "F1", "항목 하나의 차이", "최고 F1"]


def test_all_of_the_plateau_is_drawn(bands, plateaus):
    _, axes = certainty.f1_bands(bands, plateaus).axes
    (span,) = axes.patches
    assert (span.get_x(), span.get_x() + span.get_width()) == pytest.approx((0.3, 0.6))


@pytest.mark.parametrize("low", [-0.01, float("nan")])
def test_each_part_of_a_gain_has_its_bar_and_its_line(low):
    gains = pd.DataFrame(
        {"a": "model2", "b": ["model3"] * 4 + ["model4"] * 4, "part": list(certainty.PARTS) * 2,
         "value": [0.02, 0.0, 0.01, 0.03] * 2, "low": low, "high": 0.06}
    )  # fmt: skip
    figure = certainty.gain_parts(gains)
    assert [axes.get_title() for axes in figure.axes] == ["Model 2 → Model 3", "Model 2 → Model 4"]
    for axes in figure.axes:
        assert [bar.get_width() for bar in axes.patches] == [0.02, 0.0, 0.01, 0.03]
        assert axes.yaxis_inverted(), "the sum stands at the bottom"
        assert len({bar.get_facecolor() for bar in axes.patches}) == 4
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["가중치", "epoch", "threshold", "합계"]
    svg(figure)


def test_reliability_leaves_out_empty_bins_and_tells_the_count_of_others():
    table = pd.DataFrame(
        {"variant": "model4", "count": [0, 1200], "mean_probability": [0.1, 0.7],
         "observed_share": [0.0, 0.6], "observed_low": [0.0, 0.5], "observed_high": [0.0, 0.65]}
    )  # fmt: skip
    (axes,) = certainty.reliability(table).axes
    (label,) = axes.texts
    assert label.get_text() == "1,200개"
    assert label.xy == (0.7, 0.65), "above the interval, where no line runs through it"


def test_reliability_without_an_interval_has_no_bar_but_a_count():
    table = pd.DataFrame(
        {"variant": "model4", "count": [8], "mean_probability": [0.7], "observed_share": [0.6],
         "observed_low": [float("nan")], "observed_high": [float("nan")]}
    )  # fmt: skip
    (axes,) = certainty.reliability(table).axes
    assert axes.texts[0].xy == (0.7, 0.6)
    assert b"8" in svg(axes.figure)


def test_a_missing_glyph_is_an_error():
    epochs = pd.DataFrame({"variant": "model3", "epoch": [1], "threshold": 0.3, "low": 0.3,
                           "high": 0.6, "value": 0.9})  # fmt: skip
    figure = epoch_thresholds(epochs, (0.3, 0.7))
    figure.axes[0].set_title("한글은 있고 이것은 없다: \U0001f9ff")
    with pytest.raises(UserWarning, match="Glyph"):
        svg(figure)


def test_the_same_figure_gives_the_same_file(curves, chosen):
    first, second = (svg(precision_recall(curves, chosen, 0.5)) for _ in range(2))
    assert first == second
