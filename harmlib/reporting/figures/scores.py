"""The figure of where items score, drawn with seaborn."""

from __future__ import annotations

import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harmlib.language import written
from harmlib.reporting.figures.style import HARMFUL, SAFE, panels, whole_numbers
from harmlib.reporting.text.korean import LABEL, model_name


def draw_histogram(axes: Axes, scores: pd.DataFrame, bins: int) -> None:
    """Draw the probabilities of harmful and of safe items over each other, with outlines.

    Parameters
    ----------
    axes : Axes
        Where to draw; both histograms get a label for a legend.
    scores : DataFrame
        One row per item; columns label (0 or 1), probability (0 to 1), and count where a row
        stands for several items.
    bins : int
        How many bins the range from 0 to 1 is divided into.

    Examples
    --------
    >>> figure, (axes,) = panels(1)
    >>> scores = pd.DataFrame({"label": [0, 1, 1], "probability": [0.2, 0.8, 0.9]})
    >>> draw_histogram(axes, scores, bins=10)
    >>> axes.get_legend_handles_labels()[1]
    ['유해', '안전']
    """
    for label, colour, hatch in ((1, HARMFUL, None), (0, SAFE, "///")):
        seaborn.histplot(
            scores[scores["label"] == label],
            x="probability",
            weights="count" if "count" in scores else None,
            bins=bins,
            binrange=(0, 1),
            element="step",
            alpha=0.3,
            color=colour,
            edgecolor=colour,
            linewidth=1.5,
            hatch=hatch,
            label=LABEL[label],
            ax=axes,
        )
    whole_numbers(axes.yaxis)


def score_distribution(scores: pd.DataFrame, chosen: pd.DataFrame) -> Figure:
    """Draw where harmful and safe items score, one panel per variant, with its threshold.

    Parameters
    ----------
    scores : DataFrame
        One row per item and variant; columns variant, label (0 or 1), probability (0 to 1).
    chosen : DataFrame
        One row per variant; columns variant, threshold (the operating threshold).

    Returns
    -------
    Figure

    Examples
    --------
    >>> scores = pd.DataFrame({"variant": "model4", "label": [0, 1, 1],
    ...                        "probability": [0.2, 0.8, 0.9]})
    >>> chosen = pd.DataFrame({"variant": ["model4"], "threshold": 0.3})
    >>> [axes.get_title() for axes in score_distribution(scores, chosen).axes]
    ['Model 4']
    """
    variants = list(dict.fromkeys(scores["variant"]))
    figure, columns = panels(len(variants), width=4.3, height=3.4)
    for axes, variant in zip(columns, variants, strict=True):
        draw_histogram(axes, scores[scores["variant"] == variant], bins=25)
        for threshold in chosen.loc[chosen["variant"] == variant, "threshold"]:
            axes.axvline(threshold, color="black", linewidth=1.2)
        axes.set(
            title=model_name(variant),
            xlabel=written("Probability of harmful", "유해 확률"),
            ylabel="",
            xlim=(0, 1),
        )
    columns[0].set_ylabel(written("Items", "항목 수"))
    columns[0].legend()
    return figure
