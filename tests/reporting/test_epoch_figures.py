"""Along the epochs nothing is joined that a figure can't show to belong together."""

import matplotlib
import pandas as pd
import pytest

from harmlib.reporting.figures.epochs import MAX_LABELLED_EPOCHS, epoch_thresholds, loss_by_epoch
from harmlib.reporting.figures.style import use_style


@pytest.fixture(autouse=True)
def _style():
    with matplotlib.rc_context():
        use_style()
        yield


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


@pytest.fixture
def losses():
    return pd.DataFrame(
        {"variant": ["model3"] * 3 + ["model4"], "epoch": [1, 2, 3, 1],
         "train_loss": [0.6, 0.4, 0.3, 0.2], "val_loss": [0.5, 0.45, 0.5, 0.1]}
    )  # fmt: skip


def ticks(axes):
    low, high = axes.get_xlim()
    return [float(tick) for tick in axes.get_xticks() if low <= tick <= high]


def said(axes):
    return [text.get_text() for text in axes.texts]


def test_each_variant_has_a_panel_with_its_epochs_and_their_f1(moving):
    first, second = epoch_thresholds(moving, (0.3, 0.7)).axes
    assert (first.get_title(), second.get_title()) == ("Model 3", "Model 4")
    assert {"F1 0.857", "F1 0.750"} <= set(said(first))
    assert said(second) == ["F1 0.800"]
    bars = [path for c in first.collections for path in c.get_paths()]
    assert tuple(bars[0].vertices[:, 1]) == (0.35, 0.6)


def test_no_line_joins_the_epochs(moving):
    for axes in epoch_thresholds(moving, (0.3, 0.7)).axes:
        points = [line for line in axes.lines if line.get_marker() == "o"]
        assert [line.get_linestyle() for line in points] == ["None"]
        others = [line for line in axes.lines if line.get_marker() != "o"]
        assert all(len(set(line.get_ydata())) == 1 for line in others), "the ends of the grid"


@pytest.mark.parametrize("last", [1, 2, 3, 12, 40])
def test_ticks_are_whole_epochs(moving, losses, last):
    epochs = range(1, last + 1)
    long = pd.concat([moving.head(1).assign(epoch=epoch) for epoch in epochs])
    history = pd.concat([losses.head(1).assign(epoch=epoch) for epoch in epochs])
    chosen = pd.DataFrame({"variant": ["model3"], "epoch": [last]})
    for figure in (epoch_thresholds(long, (0.3, 0.7)), loss_by_epoch(history, chosen)):
        found = ticks(figure.axes[0])
        assert set(found) <= set(epochs)
        assert 1 <= len(found) <= 6
        figure.canvas.draw()
        labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
        assert all(label.isdigit() for label in labels)


def test_of_many_epochs_the_best_one_alone_has_its_f1(moving):
    many = pd.concat(
        [
            moving.head(1).assign(epoch=e, value=0.5 + e / 100)
            for e in range(MAX_LABELLED_EPOCHS + 1)
        ]
    )
    (axes,) = epoch_thresholds(many, (0.3, 0.7)).axes
    assert [text for text in said(axes) if text.startswith("F1")] == ["F1 0.540"]


def test_a_row_of_panels_is_half_as_high_as_one_panel_was(moving):
    assert epoch_thresholds(moving, (0.3, 0.7)).get_size_inches()[1] == pytest.approx(2.2)


def test_losses_have_names_beside_their_lines_and_a_mark_at_the_saved_epoch(losses):
    chosen = pd.DataFrame({"variant": ["model3", "model4"], "epoch": [2, 1]})
    first, second = loss_by_epoch(losses, chosen).axes
    assert said(first) == ["학습", "검증", "저장"]
    training, validation, saved = first.lines
    assert list(training.get_ydata()) == [0.6, 0.4, 0.3]
    assert list(validation.get_ydata()) == [0.5, 0.45, 0.5]
    assert set(saved.get_xdata()) == {2}
    assert ticks(second) == [1.0]
