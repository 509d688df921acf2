"""The figure of what precision and the flagged share become where harmful items are rarer."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harmlib.language import Wordings, written
from harmlib.reporting.figures.style import COLOURS, DASHES, GREY, MARKERS, PLATE, panels
from harmlib.reporting.text.korean import model_name

_ENDS = {"precision": ("low", "high"), "flagged_share": ("flagged_low", "flagged_high")}
_LINES = Wordings(
    {
        "precision": ("Precision with its 95% CI", "Precision과 95% 신뢰구간"),
        "flagged_share": ("Flagged share", "유해 판정 비율"),
    }
)
_ORIGINS = Wordings({"data": ("test split", "시험 분할"), "given": ("traffic", "트래픽")})


def precision_by_prevalence(prevalence: pd.DataFrame) -> Figure:
    """Draw precision and flagged share against the harmful share, one panel per variant.

    Parameters
    ----------
    prevalence : DataFrame
        As `probability_tables.prevalences` returns it; columns variant, origin, prevalence,
        precision, low, high, flagged_share, flagged_low, flagged_high (fractions). Rows of the
        origins `data` and `given` are marked.

    Returns
    -------
    Figure

    Examples
    --------
    >>> table = pd.DataFrame({"variant": "model4", "origin": ["grid", "grid", "data"],
    ...                       "prevalence": [0.01, 0.1, 0.72], "precision": [0.03, 0.28, 0.9]})
    >>> table[["low", "high", "flagged_share", "flagged_low", "flagged_high"]] = 0.5
    >>> (axes,) = precision_by_prevalence(table).axes
    >>> [text.get_text() for text in axes.texts]
    ['시험 분할 72%: 0.900']
    """
    variants = list(dict.fromkeys(prevalence["variant"]))
    figure, columns = panels(len(variants), width=4.6, height=4.2)
    for axes, variant in zip(columns, variants, strict=True):
        rows = prevalence[prevalence["variant"] == variant].sort_values("prevalence")
        for i, (column, (low, high)) in enumerate(_ENDS.items()):
            axes.fill_between(
                rows["prevalence"], rows[low], rows[high], color=COLOURS[i], alpha=0.2, linewidth=0
            )
            axes.plot(
                rows["prevalence"],
                rows[column],
                color=COLOURS[i],
                linestyle=DASHES[i],
                label=_LINES[column],
            )
        _mark(axes, rows)
        axes.set(
            title=model_name(variant),
            xlabel=written("Harmful share (log scale)", "유해 비율(로그 눈금)"),
            xscale="log",
            ylim=(0, 1.08),
        )
        ticks = [0.001, 0.01, 0.1, 0.5]
        axes.set_xticks(ticks, [f"{100 * tick:g}%" for tick in ticks])
        axes.minorticks_off()
    columns[0].set_ylabel(written("Share", "비율"))
    names = columns[0].get_legend_handles_labels()
    figure.legend(*names, loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _mark(axes: Axes, rows: pd.DataFrame) -> None:
    """Mark precision at the harmful share of the data and at that of the traffic."""
    for i, row in enumerate(rows[rows["origin"].isin(list(_ORIGINS))].itertuples()):
        axes.axvline(row.prevalence, color=GREY, linestyle=":", linewidth=1)
        axes.plot(
            row.prevalence, row.precision, MARKERS[i], color=COLOURS[0], markeredgecolor="black"
        )
        right = row.prevalence < 0.03
        axes.annotate(
            f"{_ORIGINS[row.origin]} {100 * row.prevalence:.3g}%: {row.precision:.3f}",
            (row.prevalence, row.precision),
            xytext=(6 if right else -6, 7),
            textcoords="offset points",
            ha="left" if right else "right",
            fontsize=9,
            bbox=PLATE,
        )
