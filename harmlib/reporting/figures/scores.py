"""Figures of scores and of what becomes of them at a threshold, drawn with seaborn."""

from __future__ import annotations

import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harmlib.reporting.figures.style import COLOURS, HARMFUL, SAFE, panels, whole_numbers
from harmlib.reporting.text.korean import LABEL, model_name


def draw_histogram(axes: Axes, scores: pd.DataFrame, bins: int) -> None:
    """Draw the probabilities of harmful and of safe items over each other, with outlines.

    Parameters
    ----------
    axes : Axes
        Where to draw; both histograms get a label for a legend.
    scores : DataFrame
        One row per item; columns label (0 or 1), probability (0 to 1).
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
            scores.loc[scores["label"] == label, "probability"],
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
        axes.set(title=model_name(variant), xlabel="유해 확률", ylabel="", xlim=(0, 1))
    columns[0].set_ylabel("항목 수")
    columns[0].legend()
    return figure


def confusion_matrices(test: pd.DataFrame) -> Figure:
    """Draw the confusion matrix of each variant, and of the baseline, as a heatmap.

    Parameters
    ----------
    test : DataFrame
        One row per variant, as `compare_on_test` returns it; columns variant, tp, fp, fn, tn.

    Returns
    -------
    Figure
        One panel per row of `test`. A cell holds the count and its share of the actual class; its
        colour is that share.

    Examples
    --------
    >>> import matplotlib
    >>> from harmlib.reporting.figures.style import use_style
    >>> test = pd.DataFrame({"variant": ["model4"], "tp": 8, "fp": 1, "fn": 2, "tn": 4})
    >>> with matplotlib.rc_context():
    ...     use_style()  # seaborn measures the words
    ...     [text.get_text().split() for text in confusion_matrices(test).axes[0].texts]
    [['8', '80%'], ['2', '20%'], ['1', '20%'], ['4', '80%']]
    """
    figure, columns = panels(len(test), width=3.0, height=3.0)
    for axes, row in zip(columns, test.itertuples(), strict=True):
        counts = pd.DataFrame(
            [[row.tp, row.fn], [row.fp, row.tn]],
            index=[LABEL[1], LABEL[0]],
            columns=["유해로", "안전으로"],
        )
        shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
        words = counts.map("{:,.0f}".format) + "\n" + shares.map("{:.0%}".format)
        seaborn.heatmap(
            shares,
            vmin=0,
            vmax=1,
            cmap=seaborn.light_palette(COLOURS[4], as_cmap=True),
            annot=words,
            fmt="",
            annot_kws={"color": "black", "fontsize": 12},
            linewidths=1.5,
            cbar=False,
            ax=axes,
        )
        axes.set(title=model_name(row.variant), xlabel="판정")
        axes.tick_params(length=0, rotation=0)
        axes.grid(visible=False)
    columns[0].set_ylabel("실제")
    return figure
