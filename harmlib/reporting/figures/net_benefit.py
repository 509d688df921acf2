"""Figures of what flagging is worth, whatever a miss and a false alarm cost."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from harmlib.language import written
from harmlib.reporting.figures.style import COLOURS, DASHES, GREY, panels
from harmlib.reporting.text.korean import baseline_name, model_name


def net_benefit(curves: pd.DataFrame) -> Figure:
    """Draw net benefit against the threshold probability, one panel per variant.

    Parameters
    ----------
    curves : DataFrame
        As `probability_tables.net_benefits` returns it; columns variant, threshold, net_benefit,
        treat_all, gain, low, high.

    Returns
    -------
    Figure
        The band is drawn around the curve: where it lies above both lines of the trivial choices,
        the gain's interval lies above 0.

    Examples
    --------
    >>> curves = pd.DataFrame({"variant": "model4", "threshold": [0.2, 0.6], "net_benefit": 0.6,
    ...                        "treat_all": [0.5, -0.2], "gain": [0.1, 0.6], "low": 0, "high": 0.7})
    >>> [axes.get_title() for axes in net_benefit(curves).axes]
    ['Model 4']
    """
    variants = list(dict.fromkeys(curves["variant"]))
    figure, columns = panels(len(variants), width=4.3, height=3.9)
    for axes, variant in zip(columns, variants, strict=True):
        rows = curves[curves["variant"] == variant]
        at, trivial = rows["threshold"], rows["treat_all"].clip(lower=0)
        axes.fill_between(
            at, trivial + rows["low"], trivial + rows["high"], color=COLOURS[0], alpha=0.2,
            linewidth=0, label=written("95% CI of gain", "이득의 95% 신뢰구간"),
        )  # fmt: skip
        axes.plot(
            at,
            rows["net_benefit"],
            color=COLOURS[0],
            label=written("model (calibrated)", "모델(보정한 확률)"),
        )
        axes.plot(at, rows["treat_all"], color=GREY, linestyle=DASHES[1], label=baseline_name())
        axes.axhline(0, color="black", linewidth=1, label=written("all passed", "모두 통과"))
        top = max(rows["treat_all"].max(), rows["net_benefit"].max())
        axes.set(
            title=model_name(variant),
            xlabel=written("Threshold probability (ratio of costs)", "Threshold 확률(비용의 비)"),
            xlim=(0, 1),
            ylim=(-0.25 * top, 1.1 * top) if top > 0 else None,
        )
    columns[0].set_ylabel(
        written("Net benefit (harmful found per item)", "순이득(항목당 찾아낸 유해)")
    )
    names = columns[0].get_legend_handles_labels()
    figure.legend(*names, loc="outside lower center", ncols=4, fontsize=9)
    return figure


def cost_curves(costs: pd.DataFrame) -> Figure:
    """Draw the expected cost against the probability cost, one panel per variant.

    Parameters
    ----------
    costs : DataFrame
        As `probability_tables.net_benefits` returns it; columns variant, probability_cost, cost,
        low, high, chosen_cost, trivial_cost.

    Returns
    -------
    Figure

    Examples
    --------
    >>> costs = pd.DataFrame({"variant": "model4", "probability_cost": [0, 1], "cost": [0.3, 0.1],
    ...                       "low": 0, "high": 0.5, "chosen_cost": 0.0, "trivial_cost": 0.0})
    >>> [axes.get_title() for axes in cost_curves(costs).axes]
    ['Model 4']
    """
    variants = list(dict.fromkeys(costs["variant"]))
    figure, columns = panels(len(variants), width=4.3, height=3.9)
    for axes, variant in zip(columns, variants, strict=True):
        rows = costs[costs["variant"] == variant]
        at = rows["probability_cost"]
        axes.fill_between(
            at, rows["low"], rows["high"], color=COLOURS[0], alpha=0.2, linewidth=0,
            label=written("95% CI", "95% 신뢰구간"),
        )  # fmt: skip
        axes.plot(
            at,
            rows["cost"],
            color=COLOURS[0],
            label=written("operating threshold", "운영 threshold"),
        )
        axes.plot(
            at, rows["chosen_cost"], color=COLOURS[1], linestyle=DASHES[2],
            label=written("threshold from validation, by cost", "비용마다 검증에서 고른 threshold"),
        )  # fmt: skip
        axes.plot(
            at, rows["trivial_cost"], color=GREY, linestyle=DASHES[1],
            label=written("all harmful or passed: the cheaper", "모두 유해, 모두 통과 가운데 싼 쪽"),
        )  # fmt: skip
        axes.set(
            title=model_name(variant),
            xlabel=written("Share of the cost that misses make up", "미탐이 비용에서 차지하는 몫"),
            xlim=(0, 1),
            ylim=(0, 0.62),
        )
    columns[0].set_ylabel(written("Expected cost (worst: 1)", "기대 비용(최악 1)"))
    names = columns[0].get_legend_handles_labels()
    figure.legend(*names, loc="outside lower center", ncols=2, fontsize=9)
    return figure
