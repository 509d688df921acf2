"""Figures of the study: the way from one variant to another, backbones, and ignored groups."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harmlib.analysis.factor_effects import TOTAL
from harmlib.language import written
from harmlib.reporting.figures.style import COLOURS, GREY, MARKERS, PLATE, panels
from harmlib.reporting.text.korean import backbone_name, model_name
from harmlib.reporting.text.study_effects import WAYS, factor_name

UP, DOWN = COLOURS[2], COLOURS[1]


def waterfall(effects: pd.DataFrame, first: str, last: str) -> Figure:
    """Draw F1 on the way from one variant to another, one change after the other.

    Parameters
    ----------
    effects : DataFrame
        As `factor_effects` returns it; its rows "in_order" of F1 are drawn.
    first, last : str
        The variants' names.

    Returns
    -------
    Figure
        The black line at each change is the interval of its effect, from where it began.

    Examples
    --------
    >>> effects = pd.DataFrame({"way": "in_order", "factor": ["loss", "total"], "metric": "f1",
    ...     "before": 0.7, "after": 0.75, "difference": 0.05, "low": 0.01, "high": 0.09})
    >>> (axes,) = waterfall(effects, "model2", "model4").axes
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['Model 2', 'sigmoid와 손실 함수', 'Model 4']
    """
    rows = effects[(effects["way"] == "in_order") & (effects["metric"] == "f1")]
    steps = rows[rows["factor"] != TOTAL]
    total = rows[rows["factor"] == TOTAL].iloc[0]
    figure, (axes,) = panels(1, width=8.4, height=1.5 + 0.55 * (len(steps) + 2))
    names = [model_name(first), *map(factor_name, steps["factor"]), model_name(last)]
    for i, level in ((0, total["before"]), (len(names) - 1, total["after"])):
        axes.plot(level, i, "s", color=GREY, markersize=9)
        axes.annotate(f"{level:.3f}", (level, i), xytext=(0, 9), textcoords="offset points",
                      ha="center", fontsize=9.5, bbox=PLATE)  # fmt: skip
    for i, row in enumerate(steps.itertuples(), start=1):
        axes.barh(i, row.difference, left=row.before, height=0.4, alpha=0.75,
                  color=UP if row.difference >= 0 else DOWN)  # fmt: skip
        axes.hlines(i, row.before + row.low, row.before + row.high, color="black", linewidth=1.5)
        axes.vlines(row.before, i - 1, i + 0.25, color=GREY, linewidth=1, linestyle=":")
        axes.annotate(_signed(row.difference), (row.after, i), xytext=(0, 11), ha="center",
                      textcoords="offset points", fontsize=9.5, bbox=PLATE)  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.set(
        title=written(f"From {names[0]} to {names[-1]}", f"{names[0]}에서 {names[-1]}까지"),
        xlabel=written(
            "F1 of all folds pooled (black line: 95% CI of the change)",
            "모든 fold를 합친 F1 (검은 선: 변화의 95% 신뢰구간)",
        ),
        ylim=(len(names) - 0.5, -0.8),
    )
    axes.grid(axis="y", visible=False)
    return figure


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def effects_by_order(effects: pd.DataFrame) -> Figure:
    """Draw what each change does to F1: in order, alone, and on average over all orders.

    Parameters
    ----------
    effects : DataFrame
        As `factor_effects` returns it.

    Returns
    -------
    Figure

    Examples
    --------
    >>> effects = pd.DataFrame({"way": ["in_order", "alone", "shapley"], "factor": "loss",
    ...     "metric": "f1", "difference": 0.05, "low": 0.01, "high": 0.09})
    >>> (axes,) = effects_by_order(effects).axes
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['sigmoid와 손실 함수']
    """
    rows = effects[(effects["metric"] == "f1") & (effects["factor"] != TOTAL)]
    factors = list(dict.fromkeys(rows["factor"]))
    figure, (axes,) = panels(1, width=8.4, height=1.6 + 0.75 * len(factors))
    for i, (way, label) in enumerate(WAYS.items()):
        own = rows[rows["way"] == way].set_index("factor").loc[factors]
        places = [place + 0.24 * (i - 1) for place in range(len(factors))]
        axes.hlines(places, own["low"], own["high"], color=COLOURS[i], linewidth=3, alpha=0.4)
        axes.plot(own["difference"], places, MARKERS[i], color=COLOURS[i], label=label)
    axes.axvline(0, color="black", linewidth=1)
    axes.set_yticks(range(len(factors)), [factor_name(factor) for factor in factors])
    axes.set(
        title=written("Effect of each change on F1", "변경마다 F1에 준 효과"),
        xlabel=written("Change in F1, with 95% CI", "F1의 변화와 95% 신뢰구간"),
        ylim=(len(factors) - 0.5, -0.5),
    )
    axes.grid(axis="y", visible=False)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def fusion_levels(fusion: pd.DataFrame, baseline_f1: float) -> Figure:
    """Draw AUC and F1 of each combination of backbones.

    Parameters
    ----------
    fusion : DataFrame
        As `levels` returns it; the settings are backbones joined by "+".
    baseline_f1 : float
        F1 of calling everything harmful.

    Returns
    -------
    Figure
        Two panels; in the first, the dotted line is chance.

    Examples
    --------
    >>> fusion = pd.DataFrame({"setting": ["clip", "clip", "clip+yolo", "clip+yolo"],
    ...     "metric": ["roc_auc", "f1"] * 2, "value": 0.7, "low": 0.6, "high": 0.8})
    >>> figure = fusion_levels(fusion, 0.66)
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['CLIP', 'CLIP+YOLO']
    """
    settings = list(dict.fromkeys(fusion["setting"]))
    names = ["+".join(map(backbone_name, setting.split("+"))) for setting in settings]
    sizes = sorted({setting.count("+") for setting in settings})
    figure, columns = panels(2, width=5.4, height=1.4 + 0.34 * len(settings))
    for axes, metric, title, line in (
        (columns[0], "roc_auc", "AUC", 0.5),
        (columns[1], "f1", "F1", baseline_f1),
    ):
        own = fusion[fusion["metric"] == metric].set_index("setting").loc[settings]
        colours = [COLOURS[sizes.index(setting.count("+")) % 6] for setting in settings]
        axes.hlines(range(len(own)), own["low"], own["high"], color=colours, linewidth=4, alpha=0.4)
        axes.scatter(own["value"], range(len(own)), color=colours, zorder=3)
        axes.axvline(line, color=GREY, linestyle=":")
        axes.set(title=title, ylim=(len(own) - 0.5, -0.5))
        axes.grid(axis="y", visible=False)
    columns[0].set_yticks(range(len(names)), names)
    columns[0].set_xlabel(written("95% CI (dotted line: chance)", "95% 신뢰구간 (점선: 우연)"))
    columns[1].set_yticks(range(len(names)), [])
    columns[1].set_xlabel(
        written(
            "95% CI (dotted line: calling everything harmful)",
            "95% 신뢰구간 (점선: 모두 유해로 판정)",
        )
    )
    return figure


def ignored_groups(claims: pd.DataFrame) -> Figure:
    """Draw what a split that ignores groups claims, against one that keeps them.

    Parameters
    ----------
    claims : DataFrame
        As `differences` returns it; the names are variants, `before` is with groups, `after`
        without.

    Returns
    -------
    Figure
        One panel per metric. The black line is the interval of the difference, from where it began.

    Examples
    --------
    >>> claims = pd.DataFrame({"name": "model4", "metric": ["accuracy", "roc_auc", "f1"],
    ...                        "before": 0.7, "after": 0.8, "low": 0.02, "high": 0.18})
    >>> [axes.get_title() for axes in ignored_groups(claims).axes]
    ['정확도', 'AUC', 'F1']
    """
    variants = list(dict.fromkeys(claims["name"]))
    figure, columns = panels(3, width=3.4, height=1.9 + 0.5 * len(variants))
    for axes, metric, title in zip(
        columns,
        ("accuracy", "roc_auc", "f1"),
        (written("Accuracy", "정확도"), "AUC", "F1"),
        strict=True,
    ):
        own = claims[claims["metric"] == metric].set_index("name").loc[variants]
        _arrows(axes, own)
        axes.set(title=title, ylim=(len(variants) - 0.5, -0.6))
        axes.set_yticks(range(len(variants)), [])
        axes.grid(axis="y", visible=False)
        axes.margins(x=0.2)
    columns[0].set_yticks(range(len(variants)), [model_name(variant) for variant in variants])
    columns[1].set_xlabel(
        written("Black line: 95% CI of the difference", "검은 선: 차이의 95% 신뢰구간")
    )
    figure.legend(*columns[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _arrows(axes: Axes, own: pd.DataFrame) -> None:
    places = range(len(own))
    ends = own["before"] + own["low"], own["before"] + own["high"]
    axes.hlines(places, *ends, color="black", linewidth=1.5)
    labels = {
        "before": written("groups kept together", "그룹을 지킴"),
        "after": written("groups ignored", "그룹을 무시함"),
    }
    for i, (column, label) in enumerate(labels.items()):
        axes.plot(own[column], places, MARKERS[i], color=COLOURS[i], markersize=9, label=label)
        for place, value in zip(places, own[column], strict=True):
            axes.annotate(f"{value:.3f}", (value, place), xytext=(0, 9 if i else -17), ha="center",
                          textcoords="offset points", fontsize=9.5, bbox=PLATE)  # fmt: skip
