"""Figures of differences in F1, with their intervals: from the baseline, and between models."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from harmlib.language import written
from harmlib.reporting.figures.style import COLOURS, GREY, panels
from harmlib.reporting.text.cited_numbers import plain
from harmlib.reporting.text.korean import model_name, signed


def from_baseline(against: pd.DataFrame) -> Figure:
    """Draw how far each variant's F1 lies from that of calling everything harmful.

    Parameters
    ----------
    against : DataFrame
        As `comparison_tables.against_baseline` returns it; columns variant, difference,
        corrected_low, corrected_high (NaN with too few groups).

    Returns
    -------
    Figure

    Examples
    --------
    >>> against = pd.DataFrame({"variant": ["model4"], "difference": 0.08, "corrected_low": 0.03,
    ...                         "corrected_high": 0.13})
    >>> (axes,) = from_baseline(against).axes
    >>> axes.texts[0].get_text()
    '+0.080 [+0.030, +0.130]'
    """
    names = [model_name(variant) for variant in against["variant"]]
    zero = written("baseline", "기준선(모두 유해)")
    axis = written("F1 less the baseline's", "F1에서 기준선의 F1을 뺀 값")
    return _dots(against, names, zero, axis)


def between_models(differences: pd.DataFrame) -> Figure:
    """Draw the differences in F1 between all pairs of variants on test.

    Parameters
    ----------
    differences : DataFrame
        As `comparison_tables.differences` returns it; columns split, a, b, metric, difference
        (b - a), corrected_low, corrected_high. At least one pair.

    Returns
    -------
    Figure

    Examples
    --------
    >>> differences = pd.DataFrame({"split": "test", "a": ["model2"], "b": "model4",
    ...     "metric": "f1", "difference": 0.02, "corrected_low": -0.03, "corrected_high": 0.07})
    >>> (axes,) = between_models(differences).axes
    >>> [tick.get_text() for tick in axes.get_yticklabels()]
    ['Model 4 − Model 2']
    """
    rows = differences[(differences["split"] == "test") & (differences["metric"] == "f1")]
    names = [
        f"{model_name(b)} − {model_name(a)}" for a, b in zip(rows["a"], rows["b"], strict=True)
    ]
    zero = written("no difference", "차이 없음")
    return _dots(rows, names, zero, written("Difference in F1", "F1의 차이"))


def _dots(rows: pd.DataFrame, names: list[str], zero: str, axis: str) -> Figure:
    figure, (axes,) = panels(1, width=6.2, height=1.15 + 0.34 * len(rows))
    for i, row in enumerate(rows.itertuples()):
        known = pd.notna(row.corrected_low)
        if known:
            axes.hlines(
                i, row.corrected_low, row.corrected_high, color=COLOURS[0], linewidth=5, alpha=0.35
            )
        axes.plot(row.difference, i, "o", color=COLOURS[0], markersize=7)
        ends = [signed(end, 3) for end in (row.corrected_low, row.corrected_high)]
        interval = f"[{', '.join(ends)}]" if known else written("no interval", "신뢰구간 없음")
        axes.annotate(
            plain(f"{signed(row.difference, 3)} {interval}"), (1.02, i),
            xycoords=("axes fraction", "data"), va="center", fontsize=9, annotation_clip=False,
        )  # fmt: skip
    axes.axvline(0, color=GREY, linestyle=":")
    axes.annotate(
        zero, (0, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 2),
        textcoords="offset points", ha="center", fontsize=8.5, color=GREY, annotation_clip=False,
    )  # fmt: skip
    axes.set_yticks(range(len(rows)), names)
    axes.set(xlabel=axis, ylim=(len(rows) - 0.5, -0.5))
    axes.grid(axis="y", visible=False)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -0.01), max(high, 0.01))  # 0 is in the figure
    return figure
