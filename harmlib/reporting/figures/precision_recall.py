"""PR curves: of all models in one panel where they differ, and of each with its band."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harmlib.analysis.checks import FloatArray
from harmlib.language import written
from harmlib.reporting.figures.style import (
    COLOURS,
    DASHES,
    GREY,
    MARKERS,
    PLATE,
    panels,
    small_multiples,
)
from harmlib.reporting.text.korean import model_name

ISO_F1 = (0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
_RECALLS = np.linspace(0.02, 1, 99)  # where the models are compared, to find where they differ
_SMALLEST = 0.2  # width of the part that is drawn: in less of it a reader loses the place


def precision_recall(curves: pd.DataFrame, chosen: pd.DataFrame, prevalence: float) -> Figure:
    """Draw the PR curves of all variants in one panel, where they differ; in a corner the whole.

    Parameters
    ----------
    curves : DataFrame
        One row per variant and threshold; columns variant, threshold, precision, recall.
    chosen : DataFrame
        One row per variant; columns variant, threshold (the operating threshold), precision,
        recall, average_precision.
    prevalence : float
        Share of harmful items, 0 to 1: the precision of the baseline.

    Returns
    -------
    Figure
        Every operating point lies in the part that is drawn; grey lines join points of equal F1.

    Examples
    --------
    >>> curves = pd.DataFrame({"variant": "model4", "threshold": [0.1, 0.6], "precision": [0.7, 0.9],
    ...                        "recall": [1.0, 0.8]})
    >>> chosen = curves.tail(1).assign(average_precision=0.88)
    >>> figure = precision_recall(curves, chosen, prevalence=0.7)
    >>> [text.get_text() for text in figure.legends[0].texts]
    ['Model 4: AP 0.880, threshold 0.60']
    """
    figure, (axes,) = panels(1, width=6.2, height=4.9)
    recall_from, precision_from = shown_part(curves, chosen, prevalence)
    axes.set(
        xlabel=written("Recall", "Recall (유해 중 찾아낸 비율)"),
        ylabel=written("Precision", "Precision (유해 판정 중 맞은 비율)"),
        xlim=(recall_from, 1.0 + 0.03 * (1 - recall_from)),
        ylim=(precision_from, 1.0 + 0.04 * (1 - precision_from)),
    )
    _iso_f1(axes)
    looks: dict[str, dict[str, Any]] = {}
    whole = axes.inset_axes((0.03, 0.05, 0.3, 0.32))
    for i, variant in enumerate(dict.fromkeys(curves["variant"])):
        rows = curves[curves["variant"] == variant].sort_values("threshold")
        looks[variant] = {"color": COLOURS[i % 6], "linestyle": DASHES[i % 6]}
        for part, width in ((axes, 1.8), (whole, 1.0)):
            part.plot(rows["recall"], rows["precision"], drawstyle="steps-post",
                      linewidth=width, **looks[variant])  # fmt: skip
    for i, (variant, look) in enumerate(looks.items()):
        for row in chosen[chosen["variant"] == variant].itertuples():
            label = (
                f"{model_name(variant)}: AP {row.average_precision:.3f}, "
                f"threshold {row.threshold:.2f}"
            )
            # The first ones larger, so that several at one place are all seen
            axes.plot(row.recall, row.precision, label=label, marker=MARKERS[i % 6],
                      markersize=max(5, 11 - 1.5 * i), markeredgecolor="black", clip_on=False,
                      zorder=4, **look)  # fmt: skip
            whole.plot(row.recall, row.precision, "o", markersize=3, color=look["color"])
    _baseline(axes, prevalence)
    _whole_range(whole, axes, prevalence)
    figure.legend(loc="outside lower center", ncols=2 if len(looks) > 1 else 1, fontsize=9)
    return figure


def shown_part(
    curves: pd.DataFrame, chosen: pd.DataFrame, prevalence: float
) -> tuple[float, float]:
    """Find the part of the plane in which the curves differ and the operating points lie.

    Parameters
    ----------
    curves, chosen : DataFrame
    prevalence : float
        As `precision_recall` takes them.

    Returns
    -------
    (float, float)
        The lowest recall and the lowest precision that are drawn; both go up to 1.

    Examples
    --------
    >>> curves = pd.DataFrame({"variant": ["a", "a", "b", "b"], "recall": [1, 0.9, 1, 0.9],
    ...                        "precision": [0.7, 0.95, 0.7, 0.8]})
    >>> shown_part(curves, curves.iloc[[1, 3]], 0.7)
    (0.0, 0.65)
    """
    best = np.array([_best_precision(rows) for _, rows in curves.groupby("variant", sort=False)])
    apart = best.max(axis=0) - best.min(axis=0)
    differs = apart >= max(apart.max() / 3, 1e-9)
    starts = [chosen["recall"].min(), *_RECALLS[differs][:1]]
    recall_from = _below(min(*starts, 1 - _SMALLEST))
    inside = best[:, recall_from <= _RECALLS]
    lowest = min(chosen["precision"].min(), inside.min(), 1 - _SMALLEST)
    if lowest - prevalence < 0.2:  # near enough for the baseline to be seen
        lowest = min(lowest, prevalence)
    return recall_from, _below(lowest)


def _best_precision(rows: pd.DataFrame) -> FloatArray:
    """The highest precision with at least each of _RECALLS."""
    reached = rows["recall"].to_numpy()[None] >= _RECALLS[:, None]
    best: FloatArray = np.where(reached, rows["precision"].to_numpy()[None], 0.0).max(axis=1)
    return best


def _below(value: float) -> float:
    """A round number a little below."""
    return max(0.0, float(np.floor(20 * (value - 0.02)) / 20))


def _iso_f1(axes: Axes) -> None:
    """Lines of equal F1; each is named where it ends, at a recall of 1."""
    (left, right), (bottom, _) = axes.get_xlim(), axes.get_ylim()
    recalls = np.linspace(max(left, 1e-3), 1, 200)
    for f1 in ISO_F1:
        end = f1 / (2 - f1)
        if end < bottom + 0.01:
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            precisions = f1 * recalls / (2 * recalls - f1)
        known = (recalls > f1 / 2) & (precisions <= 1)
        axes.plot(recalls[known], precisions[known], color=GREY, linewidth=0.7, alpha=0.6, zorder=1)
        axes.annotate(
            f"F1 {f1:g}", (right, end), xytext=(3, 0), textcoords="offset points", fontsize=8.5,
            va="center", color=GREY, annotation_clip=False,
        )  # fmt: skip


def _baseline(axes: Axes, prevalence: float) -> None:
    axes.axhline(prevalence, color=GREY, linestyle=":", zorder=1)
    if prevalence > axes.get_ylim()[0]:
        name = written("flag everything (baseline)", "모두 유해(기준선)")
        axes.annotate(
            f"{name} {prevalence:.3f}", (0.4, prevalence), xycoords=("axes fraction", "data"),
            xytext=(0, 3), textcoords="offset points", fontsize=8.5, color=GREY, bbox=PLATE,
        )  # fmt: skip


def _whole_range(whole: Axes, part: Axes, prevalence: float) -> None:
    """In a corner: all of both axes, and which part of them is drawn large."""
    (left, _), (bottom, _) = part.get_xlim(), part.get_ylim()
    whole.axhline(prevalence, color=GREY, linestyle=":", linewidth=1)
    whole.plot(
        [left, left, 1, 1, left], [bottom, 1, 1, bottom, bottom], color="black", linewidth=0.8
    )
    whole.set(xlim=(0, 1.02), ylim=(0, 1.04), facecolor="white")
    whole.set_title(written("whole range", "전체 범위"), fontsize=8.5, fontweight="normal", pad=2)
    whole.set_xticks([0, 1], ["0", "1"], fontsize=8)
    whole.set_yticks([0, 1], ["0", "1"], fontsize=8)
    whole.grid(visible=False)


def precision_recall_band(bands: pd.DataFrame, chosen: pd.DataFrame, prevalence: float) -> Figure:
    """Draw each variant's PR curve with the band of its precision.

    Parameters
    ----------
    bands : DataFrame
        As `threshold_bands` returns it; columns variant, threshold, metric, value, low, high. Its
        rows of the metrics `precision`, `recall` and `flagged_share` are used.
    chosen : DataFrame
        One row per variant; columns variant, precision, recall (at the operating threshold).
    prevalence : float
        Share of harmful items, 0 to 1: the precision of the baseline.

    Returns
    -------
    Figure
        One panel per variant. The band is pointwise: it holds at one threshold at a time.

    Examples
    --------
    >>> bands = pd.concat(pd.DataFrame({"variant": "model4", "threshold": [0.2, 0.8],
    ...     "metric": metric, "value": [1.0, 0.5], "low": 0.4, "high": 1.0})
    ...     for metric in ("precision", "recall", "flagged_share"))
    >>> chosen = pd.DataFrame({"variant": ["model4"], "precision": 1.0, "recall": 1.0})
    >>> [axes.get_title() for axes in precision_recall_band(bands, chosen, 0.7).axes]
    ['Model 4']
    """
    variants = list(dict.fromkeys(bands["variant"]))
    figure, axes_of = small_multiples(len(variants), height=2.9)
    for axes, variant in zip(axes_of, variants, strict=True):
        own = bands[bands["variant"] == variant].pivot(index="threshold", columns="metric")
        own = own[own["value", "flagged_share"] > 0].sort_index()
        recall = own["value", "recall"]
        if own["low", "precision"].notna().any():  # a band of gaps alone would upset the layout
            axes.fill_between(recall, own["low", "precision"], own["high", "precision"],
                              color=COLOURS[0], alpha=0.2, linewidth=0)  # fmt: skip
        axes.plot(recall, own["value", "precision"], color=COLOURS[0])
        for row in chosen[chosen["variant"] == variant].itertuples():
            axes.plot(row.recall, row.precision, "o", color=COLOURS[0], markeredgecolor="black",
                      clip_on=False, zorder=4)  # fmt: skip
        axes.axhline(prevalence, color=GREY, linestyle=":")
        axes.set(title=model_name(variant), xlabel="Recall", xlim=(0, 1.02))
    ends = bands.loc[bands["metric"] == "precision", "low"].replace(0, np.nan)
    # Points are drawn whole: one below the axis would leave no room to it.
    bottom = _below(np.nanmin([ends.min(), chosen["precision"].min(), prevalence]))
    axes_of[0].set(ylabel="Precision", ylim=(min(bottom, 0.8), 1.02))
    axes_of[0].annotate(
        written("baseline", "기준선"), (0.02, prevalence), xytext=(0, -11),
        textcoords="offset points", fontsize=8.5, color=GREY,
    )  # fmt: skip
    return figure
