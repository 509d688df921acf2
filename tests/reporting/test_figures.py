import io

import matplotlib
import pandas as pd
import pytest

from harmlib.analysis.thresholds import sweep
from harmlib.reporting.figures import certainty, thresholds
from harmlib.reporting.figures.items import class_balance
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
        }
    )


def test_precision_recall_shows_every_model_and_the_baseline_line(curves, chosen):
    figure = thresholds.precision_recall(curves, chosen, prevalence=0.5)
    assert "Model 4 (threshold 0.35)" in texts(figure)
    assert any("모두 유해(기준선): Precision 0.500" in text for text in texts(figure))
    line = figure.axes[0].lines[0]
    assert set(line.get_ydata()) == {0.5}


@pytest.fixture
def moving():
    # The first interval does not hold its own point: percentile intervals need not.
    return pd.DataFrame(
        {
            "variant": ["model3", "model3", "model4"],
            "epoch": [1, 2, 1],
            "threshold": [0.3, 0.65, 0.45],
            "low": [0.35, 0.5, 0.3],
            "high": [0.6, 0.7, 0.55],
            "value": [0.857, 0.75, 0.8],
        }
    )


def test_epoch_thresholds_marks_each_epoch_with_its_f1(moving):
    figure = thresholds.epoch_thresholds(moving, (0.3, 0.7))
    assert {"F1 0.857", "F1 0.750", "F1 0.800"} <= set(texts(figure))
    (axes,) = figure.axes
    bars = [path for c in axes.collections for path in c.get_paths()]
    assert tuple(bars[0].vertices[:, 1]) == (0.35, 0.6)
    low, high = axes.get_xlim()
    assert all(tick == round(tick) for tick in axes.get_xticks() if low <= tick <= high)


def test_with_many_epochs_the_marks_have_no_text(moving):
    many = pd.concat([moving.assign(epoch=moving["epoch"] + 2 * k) for k in range(3)])
    assert "F1 0.857" not in texts(thresholds.epoch_thresholds(many, (0.3, 0.7)))


def test_metrics_by_threshold_has_a_panel_per_variant(curves, chosen):
    figure = thresholds.metrics_by_threshold(curves, chosen)
    assert [axes.get_title() for axes in figure.axes] == ["Model 2", "Model 4"]
    assert "운영 0.35" in texts(figure)


def test_class_balance_counts_are_those_of_the_table():
    manifest = pd.DataFrame(
        {"modality": "image", "split": ["train"] * 5 + ["val", "test"], "label": [1] * 4 + [0] * 3}
    )
    assert {"4", "1", "0"} <= set(texts(class_balance(manifest)))


def test_a_variant_without_a_best_threshold_has_its_band_alone():
    bands = pd.DataFrame(
        {"variant": ["model2"] * 2 + ["model4"] * 2, "metric": "f1", "threshold": [0.2, 0.8] * 2,
         "value": 0.8, "low": 0.7, "high": 0.9}
    )  # fmt: skip
    choices = pd.DataFrame(
        {"variant": ["model2", "model4", "model4"], "objective": ["f1", "mcc", "f1"],
         "threshold": [None, 0.1, 0.4], "plateau_low": [None, 0.1, 0.3],
         "plateau_high": [None, 0.1, 0.6]}
    )  # fmt: skip
    figure = certainty.f1_bands(bands, choices)
    first, second = figure.axes
    assert [line.get_label() for line in first.lines] == ["F1"]
    assert [line.get_xdata()[0] for line in second.lines] == [0.2, 0.4]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["95% 신뢰구간", "F1", "최고와 0.005 이내", "최고 F1"]


def test_a_variant_without_an_interval_is_drawn_without_a_bar():
    f1 = pd.DataFrame(
        {"variant": ["model2", "model4"], "value": [0.9, 0.95], "low": [0.8, None],
         "high": [0.97, None]}
    )  # fmt: skip
    figure = certainty.interval_dots(f1, reference=0.84)
    labels = [text.get_text() for text in figure.axes[0].texts]
    assert labels == ["0.900 [0.800, 0.970]", "0.950 (구간 없음: 그룹 부족)"]
    assert b"nan" not in svg(figure)


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
        names = [label.get_text() for label in axes.get_yticklabels()]
        assert names == ["가중치", "epoch", "threshold", "합계"]
        assert len({bar.get_facecolor() for bar in axes.patches}) == 4
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


def test_a_missing_glyph_is_an_error(moving):
    figure = thresholds.epoch_thresholds(moving, (0.3, 0.7))
    figure.axes[0].set_title("한글은 있고 이것은 없다: \U0001f9ff")
    with pytest.raises(UserWarning, match="Glyph"):
        svg(figure)


def test_the_same_figure_gives_the_same_file(curves, chosen):
    first, second = (svg(thresholds.precision_recall(curves, chosen, 0.5)) for _ in range(2))
    assert first == second
