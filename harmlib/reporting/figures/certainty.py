"""Figures of how sure we are: bands, parts of a gain, tried thresholds, calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harmlib.language import Wordings, written
from harmlib.reporting.figures.style import (
    COLOURS,
    GREY,
    MARKERS,
    PLATE,
    panels,
    small_multiples,
)
from harmlib.reporting.text.korean import model_name

PARTS = Wordings(
    {
        "weights": ("weights", "가중치"),
        "epoch": ("epoch", "epoch"),
        "threshold": ("threshold", "threshold"),
        "total": ("total", "합계"),
    }
)


def f1_bands(bands: pd.DataFrame, plateaus: pd.DataFrame) -> Figure:
    """Draw F1 along the thresholds with its band, and the thresholds that are about as good.

    Parameters
    ----------
    bands : DataFrame
        As `threshold_bands` returns it; columns variant, threshold, metric, value, low, high.
    plateaus : DataFrame
        As `harmlib.analysis.plateaus.item_plateaus` returns it; columns variant, threshold (the
        best), low, high. A variant without a best threshold has its band alone.

    Returns
    -------
    Figure
        One panel per variant.

    Examples
    --------
    >>> bands = pd.DataFrame({"variant": "model4", "threshold": [0.2, 0.8], "metric": "f1",
    ...                       "value": 0.9, "low": 0.8, "high": 0.95})
    >>> plateaus = pd.DataFrame({"variant": ["model4"], "threshold": 0.4, "low": 0.3, "high": 0.5})
    >>> [axes.get_title() for axes in f1_bands(bands, plateaus).axes]
    ['Model 4']
    """
    rows = bands[bands["metric"] == "f1"]
    variants = list(dict.fromkeys(rows["variant"]))
    figure, columns = small_multiples(len(variants), height=2.9)
    for axes, variant in zip(columns, variants, strict=True):
        own = rows[rows["variant"] == variant]
        axes.fill_between(own["threshold"], own["low"], own["high"], color=COLOURS[0], alpha=0.2,
                          linewidth=0, label=written("95% interval", "95% 신뢰구간"))  # fmt: skip
        axes.plot(own["threshold"], own["value"], color=COLOURS[0], label="F1")
        for row in plateaus[plateaus["variant"] == variant].itertuples():
            axes.axvspan(row.low, row.high, color=COLOURS[5], alpha=0.35, linewidth=0,
                         label=written("one item decides", "항목 하나의 차이"))  # fmt: skip
            axes.axvline(row.threshold, color="black", linewidth=1,
                         label=written("highest F1", "최고 F1"))  # fmt: skip
        axes.set(title=model_name(variant), xlabel="Threshold", xlim=(0, 1), ylim=(0, 1.03))
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    columns[0].set_ylabel(written("F1 on validation", "검증 F1"))
    names: dict[str, Any] = {}
    for axes in columns:  # the first variant may have no best threshold
        names |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(names.values(), names, loc="outside lower center", ncols=4, fontsize=9)
    return figure


def gain_parts(gains: pd.DataFrame) -> Figure:
    """Draw where each gain in F1 came from, one panel per pair of variants.

    Parameters
    ----------
    gains : DataFrame
        As `comparison_tables.gains` returns it; columns a, b, part (PARTS), value, low, high.

    Returns
    -------
    Figure

    Examples
    --------
    >>> gains = pd.DataFrame({"a": "model2", "b": "model4",
    ...                       "part": ["weights", "epoch", "threshold", "total"],
    ...                       "value": [0.02, 0.0, 0.01, 0.03], "low": -0.01, "high": 0.06})
    >>> [axes.get_title() for axes in gain_parts(gains).axes]
    ['Model 2 → Model 4']
    """
    pairs = list(gains[["a", "b"]].drop_duplicates().itertuples(index=False))
    figure, columns = small_multiples(len(pairs), height=2.2)
    for axes, (a, b) in zip(columns, pairs, strict=True):
        rows = gains[(gains["a"] == a) & (gains["b"] == b)]
        names = [PARTS[part] for part in rows["part"]]
        axes.barh(names, rows["value"], color=[*COLOURS[:3], GREY], height=0.55)
        axes.hlines(names, rows["low"], rows["high"], color="black", linewidth=1.5)
        axes.axvline(0, color="black", linewidth=1)
        axes.grid(axis="y", visible=False)
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axes.set(
            title=f"{model_name(a)} → {model_name(b)}",
            xlabel=written("Change in F1 on test", "시험 F1의 변화"),
        )
    columns[0].invert_yaxis()  # the others share it
    return figure


def tried_differences(tried: pd.DataFrame) -> Figure:
    """Draw F1 at each tried threshold less F1 at 0.5, with intervals corrected for the trials.

    Parameters
    ----------
    tried : DataFrame
        As `tried_thresholds` returns it; columns variant, threshold, difference, corrected_low,
        corrected_high.

    Returns
    -------
    Figure
        One panel per variant.

    Examples
    --------
    >>> tried = pd.DataFrame({"variant": "model4", "threshold": [0.3, 0.4], "difference": 0.02,
    ...                       "corrected_low": -0.01, "corrected_high": 0.05})
    >>> [axes.get_title() for axes in tried_differences(tried).axes]
    ['Model 4']
    """
    variants = list(dict.fromkeys(tried["variant"]))
    figure, columns = panels(len(variants), width=5.0, height=3.2)
    for i, (axes, variant) in enumerate(zip(columns, variants, strict=True)):
        rows = tried[tried["variant"] == variant]
        bounds = rows["corrected_low"], rows["corrected_high"]
        axes.vlines(rows["threshold"], *bounds, color=COLOURS[i % 6], linewidth=3, alpha=0.4)
        axes.plot(rows["threshold"], rows["difference"], MARKERS[i % 6], color=COLOURS[i % 6])
        axes.axhline(0, color=GREY, linestyle=":")
        axes.set(title=model_name(variant), xlabel="Threshold")
    columns[0].set_ylabel(written("Difference in F1 (from 0.5)", "F1의 차이 (0.5 대비)"))
    return figure


def reliability(table: pd.DataFrame) -> Figure:
    """Draw the observed share of harmful items against the predicted probability.

    Parameters
    ----------
    table : DataFrame
        One row per variant and bin, as `reliability_table` returns it; columns variant, count,
        mean_probability, observed_share, observed_low, observed_high (fractions). Without an
        interval there is no bar.

    Returns
    -------
    Figure
        One panel per variant; the number of items stands above the interval of each bin.

    Examples
    --------
    >>> table = pd.DataFrame({"variant": ["model4"], "count": 12, "mean_probability": 0.7,
    ...                       "observed_share": 0.6, "observed_low": 0.4, "observed_high": 0.8})
    >>> (axes,) = reliability(table).axes
    >>> axes.texts[0].get_text()
    '12개'
    """
    variants = list(dict.fromkeys(table["variant"]))
    figure, columns = panels(len(variants), width=4.2, height=4.0)
    for i, (axes, variant) in enumerate(zip(columns, variants, strict=True)):
        rows = table[(table["variant"] == variant) & (table["count"] > 0)]
        bounds = rows["observed_low"], rows["observed_high"]
        axes.vlines(rows["mean_probability"], *bounds, color=COLOURS[i % 6], linewidth=3, alpha=0.4)
        axes.plot(
            rows["mean_probability"],
            rows["observed_share"],
            color=COLOURS[i % 6],
            marker=MARKERS[i % 6],
        )
        for row in rows.itertuples():
            axes.annotate(
                written(f"n = {row.count:,}", f"{row.count:,}개"),
                (row.mean_probability, np.fmax(row.observed_high, row.observed_share)),
                xytext=(0, 5),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                bbox=PLATE,
            )
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
        axes.set(
            title=model_name(variant),
            xlabel=written("Predicted probability of harmful", "예측한 유해 확률"),
            xlim=(0, 1.08),
            ylim=(-0.03, 1.12),
        )
    columns[0].set_ylabel(written("Observed share of harmful items", "실제 유해 비율"))
    return figure
