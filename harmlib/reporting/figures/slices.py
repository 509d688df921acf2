"""The figure of slices: how far the rates of each lie from those of all other items."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from harmlib.language import Wordings
from harmlib.reporting.figures.style import COLOURS, GREY, MARKERS, panels
from harmlib.reporting.text.slices import slice_name

MOST = 24  # slices, the worst ones: more can't be read
_PANELS = Wordings(
    {
        "false_alarm_rate_difference": (
            "Difference in false alarm rate (lower is better)",
            "오탐 비율의 차이(낮을수록 좋음)",
        ),
        "recall_difference": (
            "Difference in recall (higher is better)",
            "Recall의 차이(높을수록 좋음)",
        ),
    }
)


def slices(table: pd.DataFrame) -> Figure:
    """Draw each slice's differences from all other items with their intervals, the worst on top.

    Parameters
    ----------
    table : DataFrame
        Of one variant, as `harmlib.analysis.slices.slice_table` returns it; slices with too few
        groups are not drawn.

    Returns
    -------
    Figure

    Examples
    --------
    >>> ends = {f"{rate}_difference{end}": 0.1 for rate in ("recall", "false_alarm_rate")
    ...         for end in ("", "_low", "_high")}
    >>> row = {"column": "camera", "value": "c0", "state": "ok"} | ends
    >>> [text.get_text() for text in slices(pd.DataFrame([row])).axes[0].get_yticklabels()]
    ['camera: c0']
    """
    shown = table[table["state"] == "ok"].head(MOST)
    figure, columns = panels(2, width=5.2, height=1.4 + 0.32 * len(shown))
    for place, (axes, (name, words)) in enumerate(zip(columns, _PANELS.items(), strict=True)):
        colour = COLOURS[1 - place]
        for i, (_, one) in enumerate(shown.iterrows()):
            axes.hlines(
                i, one[f"{name}_low"], one[f"{name}_high"], color=colour, linewidth=4, alpha=0.35
            )
            axes.plot(one[name], i, MARKERS[place], color=colour, markersize=6)
        axes.axvline(0, color=GREY, linestyle=":")
        axes.set(xlabel=words, ylim=(len(shown) - 0.5, -0.5))
    names = [
        slice_name(column, value)
        for column, value in zip(shown["column"], shown["value"], strict=True)
    ]
    columns[0].set_yticks(range(len(shown)), names)
    columns[1].set_yticks(range(len(shown)), [""] * len(shown))
    return figure
