"""Figures along the epochs: the best threshold of each, and the loss."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harmlib.language import written
from harmlib.reporting.figures.style import COLOURS, DASHES, GREY, PLATE, small_multiples
from harmlib.reporting.text.korean import model_name

MAX_LABELLED_EPOCHS = 4  # in one panel; of more only the best one has its F1 beside it


def epoch_thresholds(epochs: pd.DataFrame, grid: tuple[float, float]) -> Figure:
    """Draw the best threshold of each epoch with its interval, one panel per variant.

    No line joins the epochs: whether a threshold moved, the figure can't tell.

    Parameters
    ----------
    epochs : DataFrame
        One row per variant and epoch; columns variant, epoch, threshold, low, high (interval of
        the threshold), value (the F1 there).
    grid : (float, float)
        Lowest and highest threshold that were tried.

    Returns
    -------
    Figure

    Examples
    --------
    >>> epochs = pd.DataFrame({"variant": "model4", "epoch": [1, 2], "threshold": [0.3, 0.4],
    ...                        "low": 0.3, "high": 0.6, "value": [0.9, 0.92]})
    >>> (axes,) = epoch_thresholds(epochs, (0.3, 0.7)).axes
    >>> [text.get_text() for text in axes.texts]
    ['탐색 상한', '탐색 하한', 'F1 0.900', 'F1 0.920']
    """
    variants = list(dict.fromkeys(epochs["variant"]))
    figure, panels = small_multiples(len(variants), height=2.2)
    names = written("Highest tried", "탐색 상한"), written("Lowest tried", "탐색 하한")
    for axes, variant in zip(panels, variants, strict=True):
        rows = epochs[epochs["variant"] == variant]
        # Not an error bar: a percentile interval need not hold the sample's own best threshold.
        axes.vlines(
            rows["epoch"], rows["low"], rows["high"], color=COLOURS[0], linewidth=4, alpha=0.3
        )
        axes.plot(rows["epoch"], rows["threshold"], "o", color=COLOURS[0], markersize=6)
        for edge, name, up in zip(reversed(grid), names, (2, -11), strict=True):
            axes.axhline(edge, color=GREY, linestyle=":", linewidth=1)
            if axes is panels[0]:
                axes.annotate(
                    name, (0.0, edge), xycoords=("axes fraction", "data"), xytext=(2, up),
                    textcoords="offset points", fontsize=8.5, color=GREY,
                )  # fmt: skip
        labelled = rows if len(rows) <= MAX_LABELLED_EPOCHS else rows.nlargest(1, "value")
        for row in labelled.itertuples():
            axes.annotate(
                f"F1 {row.value:.3f}", (row.epoch, row.threshold), xytext=(0, 6),
                textcoords="offset points", ha="center", fontsize=8.5, bbox=PLATE,
            )  # fmt: skip
        first, last = int(rows["epoch"].min()), int(rows["epoch"].max())
        room = 0.6 if len(rows) <= MAX_LABELLED_EPOCHS else 0.12 * (last - first)
        axes.set(title=model_name(variant), xlabel="Epoch", xlim=(first - room, last + room))
        axes.set_xticks(_whole(first, last))
    reach = 0.2 * max(grid[1] - grid[0], 0.1)
    panels[0].set(
        ylabel=written("Best threshold", "최적 threshold"), ylim=(grid[0] - reach, grid[1] + reach)
    )
    return figure


def loss_by_epoch(history: pd.DataFrame, chosen: pd.DataFrame) -> Figure:
    """Draw the loss on training and on validation, one panel per variant.

    Parameters
    ----------
    history : DataFrame
        One row per variant and epoch of one modality and one training; columns variant, epoch,
        train_loss, val_loss.
    chosen : DataFrame
        One row per variant; columns variant, epoch (the saved one).

    Returns
    -------
    Figure

    Examples
    --------
    >>> history = pd.DataFrame({"variant": "model4", "epoch": [1, 2], "train_loss": [0.6, 0.5],
    ...                         "val_loss": [0.7, 0.6]})
    >>> chosen = pd.DataFrame({"variant": ["model4"], "epoch": [2]})
    >>> [text.get_text() for text in loss_by_epoch(history, chosen).axes[0].texts]
    ['학습', '검증', '저장']
    """
    variants = list(dict.fromkeys(history["variant"]))
    figure, panels = small_multiples(len(variants), height=2.3)
    losses = {
        "train_loss": written("training", "학습"),
        "val_loss": written("validation", "검증"),
    }
    saved = written("saved", "저장")
    for axes, variant in zip(panels, variants, strict=True):
        rows = history[history["variant"] == variant].sort_values("epoch")
        last = rows.iloc[-1]
        val_above = last["val_loss"] >= last["train_loss"]
        for i, (column, name) in enumerate(losses.items()):
            axes.plot(
                rows["epoch"], rows[column], color=COLOURS[i], linestyle=DASHES[i],
                marker="os"[i], markersize=4 if len(rows) <= 10 else 0,
            )  # fmt: skip
            up = 5 if (i == 1) == val_above else -5
            _say(axes, name, (last["epoch"], last[column]), COLOURS[i], (6, up))
        for epoch in chosen.loc[chosen["variant"] == variant, "epoch"]:
            axes.axvline(epoch, color=GREY, linestyle=":", linewidth=1)
            axes.annotate(
                saved, (epoch, 1.0), xycoords=("data", "axes fraction"), xytext=(3, -2),
                textcoords="offset points", va="top", fontsize=8.5, color=GREY,
            )  # fmt: skip
        first, final = int(rows["epoch"].min()), int(rows["epoch"].max())
        # Room at the right for the names of the lines
        right = final + max(0.42 * (final - first), 0.6)
        axes.set(title=model_name(variant), xlabel="Epoch", xlim=(first - 0.3, right))
        axes.set_xticks(_whole(first, final))
    panels[0].set_ylabel("Loss")
    panels[0].margins(y=0.15)
    return figure


def _say(
    axes: Axes, name: str, at: tuple[float, float], colour: str, shift: tuple[int, int]
) -> None:
    axes.annotate(
        name, at, xytext=shift, textcoords="offset points", va="center", fontsize=9, color=colour
    )


def _whole(first: int, last: int) -> range:
    """Ticks at whole epochs, at most six."""
    return range(first, last + 1, max(1, -(-(last - first) // 5)))
