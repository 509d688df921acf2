import matplotlib
import numpy as np
import pandas as pd
import pytest

from harmlib.reporting.figures.scores import confusion_matrices, score_distribution
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


@pytest.fixture
def counted():
    return pd.DataFrame(
        {"variant": ["model4", "baseline"], "tp": [1200, 1500], "fp": [1, 5], "fn": [300, 0],
         "tn": [4, 0]}
    )  # fmt: skip


def test_confusion_matrices_tell_counts_and_shares_of_the_actual_class(counted):
    model, baseline = confusion_matrices(counted).axes
    assert [axes.get_title() for axes in (model, baseline)] == ["Model 4", "모두 유해(기준선)"]
    words = ["1,200\n80%", "300\n20%", "1\n20%", "4\n80%"]
    assert [text.get_text() for text in model.texts] == words
    assert [text.get_text() for text in baseline.texts][1::2] == ["0\n0%", "0\n0%"]
    assert [tick.get_text() for tick in model.get_yticklabels()] == ["유해", "안전"]
    (mesh,) = model.collections
    assert np.asarray(mesh.get_array()).ravel() == pytest.approx([0.8, 0.2, 0.2, 0.8])
    assert mesh.get_clim() == (0, 1), "the same share has the same colour in every panel"


def test_a_class_without_items_gives_no_share(counted):
    (axes,) = confusion_matrices(counted.head(1).assign(fp=0, tn=0)).axes
    assert [text.get_text() for text in axes.texts][2:] == ["0\n0%", "0\n0%"]
