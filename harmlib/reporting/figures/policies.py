"""The figure of policies: what each catches, and how much people have to look at for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from harmlib.language import written
from harmlib.params.policies import OPERATING
from harmlib.reporting.figures.style import COLOURS, GREY, MARKERS, panels
from harmlib.reporting.text.korean import model_name
from harmlib.reporting.text.policies import policy_name


def policies(table: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Draw recall against the flagged share, with each policy's point and intervals.

    Parameters
    ----------
    table : DataFrame
        As `harmlib.analysis.policies.compare_policies` returns it. A policy without figures has no
        point.
    curves : DataFrame
        As `harmlib.analysis.policies.policy_curve` returns it.

    Returns
    -------
    Figure
        One panel per variant.

    Examples
    --------
    >>> ends = {f"{name}{end}": 0.5 for name in ("recall", "flagged_share")
    ...         for end in ("", "_low", "_high")}
    >>> table = pd.DataFrame({"variant": ["api"], "policy": "night", **ends})
    >>> curves = pd.DataFrame({"variant": "api", "flagged_share": [1.0, 0.0], "recall": [1.0, 0.0]})
    >>> [axes.get_title() for axes in policies(table, curves).axes]
    ['api']
    """
    variants = list(dict.fromkeys(table["variant"]))
    names = list(dict.fromkeys(table["policy"]))
    figure, columns = panels(len(variants), width=4.8, height=4.4)
    for axes, variant in zip(columns, variants, strict=True):
        curve = curves[curves["variant"] == variant]
        axes.plot(curve["flagged_share"], curve["recall"], color=GREY, linewidth=1.2)
        for one in table[table["variant"] == variant].itertuples():
            if np.isnan(one.recall):
                continue
            place = names.index(one.policy)
            plain = one.policy == OPERATING
            axes.errorbar(
                one.flagged_share, one.recall,
                xerr=_reach(one.flagged_share, one.flagged_share_low, one.flagged_share_high),
                yerr=_reach(one.recall, one.recall_low, one.recall_high),
                fmt=MARKERS[place % len(MARKERS)], markersize=8, capsize=3, elinewidth=1.2,
                color="black" if plain else COLOURS[(place - 1) % len(COLOURS)],
                label=policy_name(one.policy),
            )  # fmt: skip
        axes.set(
            title=model_name(variant),
            xlabel=written(
                "Flagged share (what people would look at)", "유해 판정 비율(사람이 볼 비율)"
            ),
        )
        axes.set_xlim(left=0)
        axes.set_ylim(top=1.02)
    columns[0].set_ylabel("Recall")
    handles = {
        label: handle
        for axes in columns
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=4, fontsize=9)
    return figure


def _reach(value: float, low: float, high: float) -> list[list[float]] | None:
    """How far an interval reaches below and above; None where there are too few groups."""
    if np.isnan(low):
        return None
    return [[max(0.0, value - low)], [max(0.0, high - value)]]
