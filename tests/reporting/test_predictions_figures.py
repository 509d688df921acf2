import matplotlib
import pandas as pd
import pytest

from harmlib.analysis.bands import Bands
from harmlib.reporting.figures import predictions as predict_figures
from harmlib.reporting.figures.style import use_style


@pytest.fixture(autouse=True)
def _style():
    with matplotlib.rc_context():
        use_style()
        yield


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ((0.2, 0.8), ["통과", "검토", "차단"]),
        ((None, 0.8), ["검토", "차단"]),
        ((0.5, 0.5), ["통과", "차단"]),
        ((None, None), ["검토"]),
    ],
)
def test_bands_that_hold_something_are_named(lines, shown):
    validation = pd.DataFrame({"label": [0, 1, 1], "probability": [0.1, 0.7, 0.9]})
    bands = Bands(0.9, 0.9, "ok", *lines, pd.DataFrame())
    figure = predict_figures.scores_and_bands(validation, [0.3, 0.9], 0.45, bands, "video")
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["유해", "안전", "Threshold 0.450", "이 폴더", *shown]
    upper, lower = figure.axes
    assert [line.get_xdata()[0] for line in upper.lines] == [0.45]
    heights = [patch.get_height() for patch in lower.containers[0]]
    assert sum(heights) == 2
    empty = predict_figures.scores_and_bands(validation, [], 0.45, bands, "video")
    assert sum(patch.get_height() for patch in empty.axes[1].containers[0]) == 0


def test_contributions_say_their_sign():
    figure = predict_figures.contribution_bars({"clip": 0.25, "slowfast": -0.5})
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.containers[0]] == [0.25, -0.5]
    assert [text.get_text() for text in axes.texts] == ["+0.250", "−0.500"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["CLIP", "SlowFast"]
    assert axes.yaxis_inverted()
