import io

import matplotlib
import pandas as pd
import pytest

from harmlib.analysis.thresholds import sweep
from harmlib.reporting.figures import report as figures


@pytest.fixture(autouse=True)
def _style():
    with matplotlib.rc_context():
        figures.style()
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
def points():
    return pd.DataFrame(
        {
            "variant": ["model2", "model4"],
            "epoch": [1, 1],
            "threshold": [0.5, 0.35],
            "precision": [0.75, 0.6],
            "recall": [1.0, 1.0],
            "best_threshold": [0.5, 0.35],
            "best_f1": [0.857, 0.75],
        }
    )


def test_precision_recall_shows_every_model_and_the_baseline_line(curves, points):
    figure = figures.precision_recall(curves, points, prevalence=0.5)
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
    figure = figures.epoch_thresholds(moving, (0.3, 0.7))
    assert {"F1 0.857", "F1 0.750", "F1 0.800"} <= set(texts(figure))
    spans = [path for c in figure.axes[0].collections for path in c.get_paths()]
    assert [tuple(path.vertices[:, 1]) for path in spans][0] == (0.35, 0.6)


def test_metrics_by_threshold_has_a_panel_a_model(curves, points):
    figure = figures.metrics_by_threshold(curves, points)
    assert [axes.get_title() for axes in figure.axes] == ["Model 2", "Model 4"]
    assert "운영 0.35" in texts(figure)


def test_class_balance_counts_are_those_of_the_table():
    manifest = pd.DataFrame(
        {"modality": "image", "split": ["train"] * 5 + ["val", "test"], "label": [1] * 4 + [0] * 3}
    )
    assert {"4", "1", "0"} <= set(texts(figures.class_balance(manifest)))


def test_score_distribution_holds_every_item(points):
    scores = pd.DataFrame(
        {"variant": "model2", "label": [0, 1, 1], "probability": [0.0, 0.999, 1.0]}
    )
    figure = figures.score_distribution(scores, points)
    assert sum(bar.get_height() for bar in figure.axes[0].patches) == 3


def test_a_missing_glyph_is_an_error(moving):
    figure = figures.epoch_thresholds(moving, (0.3, 0.7))
    figure.axes[0].set_title("한글은 있고 이것은 없다: \U0001f9ff")
    with pytest.raises(UserWarning, match="Glyph"):
        svg(figure)


def test_the_same_figure_gives_the_same_file(curves, points):
    first, second = (svg(figures.precision_recall(curves, points, 0.5)) for _ in range(2))
    assert first == second
