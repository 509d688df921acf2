import matplotlib
import pandas as pd
import pytest

from harmlib.reporting.figures.scores import score_distribution
from harmlib.reporting.figures.style import use_style


@pytest.fixture(autouse=True)
def _style():
    with matplotlib.rc_context():
        use_style()
        yield


def heights(collection):
    """Of the bins of a histogram drawn as steps."""
    (path,) = collection.get_paths()
    return sorted(set(path.vertices[:, 1]))


def test_score_distribution_holds_every_item_at_both_ends():
    scores = pd.DataFrame(
        {"variant": "model2", "label": [0, 1, 1], "probability": [0.0, 0.999, 1.0]}
    )
    chosen = pd.DataFrame({"variant": ["model2"], "threshold": [0.5]})
    (axes,) = score_distribution(scores, chosen).axes
    harmful, safe = axes.collections
    assert heights(harmful) == [0, 2]
    assert heights(safe) == [0, 1]
    assert safe.get_hatch(), "told apart without colour, too"
    assert not harmful.get_hatch()
    assert [text.get_text() for text in axes.get_legend().texts] == ["유해", "안전"]
    assert [line.get_xdata()[0] for line in axes.lines] == [0.5]


def test_one_class_alone_is_drawn_as_what_it_is():
    scores = pd.DataFrame({"variant": "model2", "label": [0, 0], "probability": [0.2, 0.3]})
    chosen = pd.DataFrame({"variant": ["model2"], "threshold": [0.5]})
    (axes,) = score_distribution(scores, chosen).axes
    drawn = [c for c in axes.collections if c.get_paths() and heights(c)[-1] > 0]
    assert [c.get_label() for c in drawn] == ["안전"]
