"""Figures along the thresholds: PR curves, metrics, the best threshold of each epoch."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harmlib.reporting.figures.style import (
    COLOURS,
    DASHES,
    GREY,
    MARKERS,
    PLATE,
    panels,
    whole_numbers,
)
from harmlib.reporting.text.korean import BASELINE_NAME, model_name

MAX_LABELLED_EPOCHS = 5


def precision_recall(curves: pd.DataFrame, chosen: pd.DataFrame, prevalence: float) -> Figure:
    """Draw the PR curves of all variants in one panel, with the line of the baseline.

    Parameters
    ----------
    curves : DataFrame
        One row per variant and threshold; columns variant, threshold, precision, recall.
    chosen : DataFrame
        One row per variant; columns variant, threshold (the operating threshold), precision,
        recall.
    prevalence : float
        Share of harmful items, 0 to 1: the precision of the baseline.

    Returns
    -------
    Figure

    Examples
    --------
    >>> curves = pd.DataFrame({"variant": "model4", "threshold": [0.1, 0.6], "precision": [0.7, 0.9],
    ...                        "recall": [1.0, 0.8]})
    >>> (axes,) = precision_recall(curves, curves.tail(1), prevalence=0.7).axes
    >>> axes.get_legend().texts[0].get_text()
    'Model 4 (threshold 0.60)'
    """
    figure, (axes,) = panels(1, width=7.6, height=5.2)
    axes.axhline(prevalence, color=GREY, linestyle=":", zorder=1)
    axes.annotate(
        f"{BASELINE_NAME}: Precision {prevalence:.3f}",
        (0.0, prevalence),
        color=GREY,
        xytext=(0, -14),
        textcoords="offset points",
        fontsize=9.5,
    )
    marks: dict[str, dict[str, Any]] = {}
    for i, variant in enumerate(dict.fromkeys(curves["variant"])):
        rows = curves[curves["variant"] == variant].sort_values("threshold")
        look: dict[str, Any] = {
            "color": COLOURS[i % 6],
            "linestyle": DASHES[i % 6],
            "linewidth": 1.8,
        }
        axes.plot(rows["recall"], rows["precision"], drawstyle="steps-post", **look)
        marks[variant] = {**look, "marker": MARKERS[i % 6], "markersize": 10 - i}
    for variant, look in marks.items():
        for row in chosen[chosen["variant"] == variant].itertuples():
            label = f"{model_name(variant)} (threshold {row.threshold:.2f})"
            axes.plot(row.recall, row.precision, label=label, markeredgecolor="black", **look)
    low = min(curves["precision"].min(), prevalence)
    axes.set(
        title="PR 곡선: 점은 각 모델의 운영 threshold",
        xlabel="Recall (유해 중 찾아낸 비율)",
        ylabel="Precision (유해 판정 중 맞은 비율)",
        xlim=(-0.02, 1.03),
        ylim=(max(0, low - 0.15), 1.03),
    )
    axes.legend(loc="lower left", fontsize=10)
    return figure


def metrics_by_threshold(curves: pd.DataFrame, chosen: pd.DataFrame) -> Figure:
    """Draw precision, recall and F1 against the threshold, one panel per variant.

    Parameters
    ----------
    curves : DataFrame
        One row per variant and threshold; columns variant, threshold, precision, recall, f1.
    chosen : DataFrame
        One row per variant; columns variant, threshold (the operating threshold).

    Returns
    -------
    Figure

    Examples
    --------
    >>> curves = pd.DataFrame({"variant": "model4", "threshold": [0.1, 0.6], "precision": [0.7, 0.9],
    ...                        "recall": [1.0, 0.8], "f1": [0.82, 0.85]})
    >>> [axes.get_title() for axes in metrics_by_threshold(curves, curves.tail(1)).axes]
    ['Model 4']
    """
    variants = list(dict.fromkeys(curves["variant"]))
    figure, columns = panels(len(variants), width=4.3, height=3.9)
    for axes, variant in zip(columns, variants, strict=True):
        rows = curves[curves["variant"] == variant]
        for i, (metric, name) in enumerate(
            {"precision": "Precision", "recall": "Recall", "f1": "F1"}.items()
        ):
            axes.plot(
                rows["threshold"],
                rows[metric],
                linestyle=DASHES[i],
                color=COLOURS[i],
                label=name,
                drawstyle="steps-post",
                linewidth=2.4 if metric == "f1" else 1.5,
            )
        for threshold in chosen.loc[chosen["variant"] == variant, "threshold"]:
            axes.axvline(threshold, color="black", linewidth=1)
            axes.annotate(
                f"운영 {threshold:.2f}",
                (threshold, 0.02),
                rotation=90,
                fontsize=9,
                xytext=(3, 0),
                textcoords="offset points",
            )
        axes.set(title=model_name(variant), xlabel="Threshold", xlim=(0, 1), ylim=(0, 1.03))
    columns[0].set_ylabel("지표")
    columns[-1].legend(loc="lower left")
    return figure


def epoch_thresholds(epochs: pd.DataFrame, grid: tuple[float, float]) -> Figure:
    """Draw the best threshold of each epoch with its interval, and its F1 beside the mark.

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
    ['F1 0.900', 'F1 0.920', '격자의 아래 끝', '격자의 위 끝']
    """
    figure, (axes,) = panels(1, width=7.6, height=4.4)
    variants = list(dict.fromkeys(epochs["variant"]))
    for i, variant in enumerate(variants):
        rows = epochs[epochs["variant"] == variant]
        # A little to the side, so that the marks of two models are both seen.
        x = rows["epoch"] + (i - (len(variants) - 1) / 2) * 0.14
        look: dict[str, Any] = {
            "marker": MARKERS[i % 6],
            "linestyle": DASHES[i % 6],
            "color": COLOURS[i % 6],
        }
        # Not an error bar: a percentile interval need not hold the sample's own best threshold.
        axes.vlines(x, rows["low"], rows["high"], color=COLOURS[i % 6], linewidth=4, alpha=0.3)
        axes.plot(x, rows["threshold"], label=model_name(variant), markersize=8, **look)
        if epochs["epoch"].nunique() <= MAX_LABELLED_EPOCHS:
            for at, row in zip(x, rows.itertuples(), strict=True):
                axes.annotate(
                    f"F1 {row.value:.3f}",
                    (at, row.threshold),
                    xytext=(-7 if i == 0 else 7, 6),
                    textcoords="offset points",
                    ha="right" if i == 0 else "left",
                    fontsize=9,
                    color=COLOURS[i % 6],
                    bbox=PLATE,
                )
    _mark_ends(axes, grid)
    axes.set(
        title="Epoch별 최적 threshold와 95% 신뢰구간",
        xlabel="Epoch",
        ylabel="최적 threshold (검증 F1 기준)",
        ylim=(grid[0] - 0.08, grid[1] + 0.08),
        xlim=(epochs["epoch"].min() - 0.6, epochs["epoch"].max() + 0.6),
    )
    whole_numbers(axes.xaxis)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _mark_ends(axes: Axes, grid: tuple[float, float]) -> None:
    for edge, name, up in zip(grid, ("격자의 아래 끝", "격자의 위 끝"), (-13, 3), strict=True):
        axes.axhline(edge, color=GREY, linestyle=":", linewidth=1)
        axes.annotate(
            name,
            (0.0, edge),
            xycoords=("axes fraction", "data"),
            fontsize=9,
            color=GREY,
            xytext=(3, up),
            textcoords="offset points",
        )
