"""Figures of the study: seeds and epochs, imbalance, strata, and how much data it would take."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harmlib.language import Wordings, written
from harmlib.reporting.figures.style import (
    COLOURS,
    DASHES,
    GREY,
    HARMFUL,
    MARKERS,
    PLATE,
    SAFE,
    panels,
    whole_numbers,
)
from harmlib.reporting.text.korean import LABEL
from harmlib.reporting.text.study_imbalance import METHOD

_SOURCES = ("seed", "fold", "epoch")
_RULES = Wordings(
    {
        "fixed": ("threshold 0.5", "threshold 0.5"),
        "validation": ("threshold from validation", "검증에서 고른 threshold"),
    }
)


def spread_and_flips(values: pd.DataFrame, flips: pd.DataFrame) -> Figure:
    """Draw F1 over seeds, folds and epochs, and on how many items the seeds disagree.

    Parameters
    ----------
    values : DataFrame
        As `seed_stability.spread_values` returns it.
    flips : DataFrame
        As `seed_stability.item_flips` returns it.

    Returns
    -------
    Figure
        Two panels. In the first, the line is the mean of the dots. In the second, items on which
        all seeds agree are a number in the title.

    Examples
    --------
    >>> values = pd.DataFrame({"quantity": "f1", "source": ["seed", "fold", "epoch"], "at": 1,
    ...                        "held": "", "value": [0.7, 0.6, 0.7]})
    >>> flips = pd.DataFrame({"label": [0, 1, 1], "seeds": 10, "flagged": [3, 5, 10]})
    >>> [axes.get_title() for axes in spread_and_flips(values, flips).axes]
    ['시험 F1', '판정이 바뀌는 항목 2개(전체 3개)']
    """
    figure, (left, right) = panels(2, width=5.6, height=4.0)
    f1 = values[values["quantity"] == "f1"]
    for i, source in enumerate(_SOURCES):
        own = f1.loc[f1["source"] == source, "value"]
        # Spread evenly by rank, so that equal values don't hide each other
        places = i + 0.3 * (own.rank(method="first", pct=True) - 0.5)
        left.plot(places, own, MARKERS[i], color=COLOURS[i], alpha=0.6, markersize=6)
        left.hlines(own.mean(), i - 0.3, i + 0.3, color="black", linewidth=1.5)
    left.set_xticks(
        range(len(_SOURCES)), [written(f"by {source}", f"{source}마다") for source in _SOURCES]
    )
    left.set(title=written("F1 on test", "시험 F1"), xlim=(-0.6, len(_SOURCES) - 0.4), ylabel="F1")
    left.grid(axis="x", visible=False)
    _flips(right, flips)
    return figure


def _flips(axes: Axes, flips: pd.DataFrame) -> None:
    """How many items of each class are flagged by so many seeds, of those that flip."""
    seeds = int(flips["seeds"].max())
    varies = flips[(flips["flagged"] > 0) & (flips["flagged"] < flips["seeds"])]
    counts = [
        np.bincount(varies.loc[varies["label"] == label, "flagged"], minlength=seeds + 1)
        for label in (1, 0)
    ]
    places = np.arange(1, seeds)
    axes.bar(places, counts[0][1:-1], color=HARMFUL, label=LABEL[1], width=0.8)
    axes.bar(places, counts[1][1:-1], bottom=counts[0][1:-1], color=SAFE, label=LABEL[0],
             width=0.8, hatch="//", edgecolor="white")  # fmt: skip
    axes.set(
        title=written(
            f"Items whose decision changes: {len(varies):,} of {len(flips):,}",
            f"판정이 바뀌는 항목 {len(varies):,}개(전체 {len(flips):,}개)",
        ),
        xlabel=written(
            f"Seeds that call it harmful (of {seeds})", f"유해로 판정한 seed 수(전체 {seeds}개)"
        ),
        ylabel=written("Items", "항목 수"),
    )
    whole_numbers(axes.xaxis)
    whole_numbers(axes.yaxis)
    axes.grid(axis="x", visible=False)
    axes.legend(loc="best", fontsize=9)


def epoch_choices(choices: pd.DataFrame) -> Figure:
    """Draw how often each epoch is chosen, and what choosing gains on test.

    Parameters
    ----------
    choices : DataFrame
        As `seed_stability.epoch_choices` returns it.

    Returns
    -------
    Figure

    Examples
    --------
    >>> choices = pd.DataFrame({"epoch": [1, 2], "chosen": [4, 6], "best_on_test": 5, "gain": 0.01,
    ...                         "low": -0.02, "high": 0.04, "trainings": 10})
    >>> [axes.get_title() for axes in epoch_choices(choices).axes]
    ['epoch이 뽑힌 횟수(학습 10회)', '검증으로 고를 때의 이득']
    """
    figure, (left, right) = panels(2, width=5.2, height=3.8)
    epochs = choices["epoch"]
    left.bar(
        epochs - 0.2,
        choices["chosen"],
        0.4,
        color=COLOURS[0],
        label=written("chosen on validation", "검증이 고름"),
    )
    left.bar(epochs + 0.2, choices["best_on_test"], 0.4, color=COLOURS[5], hatch="//",
             edgecolor="white", label=written("best on test", "시험에서 가장 좋음"))  # fmt: skip
    trainings = int(choices["trainings"].max())
    left.set(
        title=written(
            f"How often each epoch is chosen ({trainings} trainings)",
            f"epoch이 뽑힌 횟수(학습 {trainings}회)",
        ),
        xlabel="Epoch",
        ylabel=written("Times", "횟수"),
    )
    left.margins(y=0.25)
    left.legend(loc="upper center", ncols=2, fontsize=9)
    left.grid(axis="x", visible=False)
    right.vlines(epochs, choices["low"], choices["high"], color=COLOURS[2], linewidth=4, alpha=0.4)
    right.plot(epochs, choices["gain"], MARKERS[2], color=COLOURS[2])
    right.axhline(0, color=GREY, linestyle=":")
    right.set(
        title=written("Gain from choosing on validation", "검증으로 고를 때의 이득"),
        xlabel=written("Compared with always taking that epoch", "그 epoch에 고정할 때와 비교"),
        ylabel=written(
            "Difference in F1 on test (corrected 95% CI)", "시험 F1의 차이(보정한 95% 신뢰구간)"
        ),
    )
    for axes in (left, right):
        whole_numbers(axes.xaxis)
    whole_numbers(left.yaxis)
    return figure


def imbalance(effects: pd.DataFrame) -> Figure:
    """Draw F1 and average precision of each method against the harmful : safe ratio in training.

    Parameters
    ----------
    effects : DataFrame
        As `study_imbalance` returns it, of at least one ratio.

    Returns
    -------
    Figure
        F1 at a fixed threshold, F1 at the one from validation, average precision. The first two
        share their scale. The band is the interval of doing nothing.

    Examples
    --------
    >>> effects = pd.DataFrame({"harmful_per_safe": 1.0, "method": "none", "value": 0.7, "low": 0.6,
    ...     "high": 0.8, "rule": ["fixed", "validation", "validation"],
    ...     "metric": ["f1", "f1", "average_precision"]})
    >>> [axes.get_title() for axes in imbalance(effects).axes]
    ['threshold 0.5', '검증에서 고른 threshold', 'threshold와 무관(AP)']
    """
    figure, columns = panels(3, width=4.3, height=4.2)
    shown = [("f1", rule, title) for rule, title in _RULES.items()]
    shown.append(
        (
            "average_precision",
            "validation",
            written("without a threshold (AP)", "threshold와 무관(AP)"),
        )
    )
    for axes, (metric, rule, title) in zip(columns, shown, strict=True):
        own = effects[(effects["metric"] == metric) & (effects["rule"] == rule)]
        _methods(axes, own)
        axes.set(
            title=title,
            xlabel=written("Harmful : safe in training", "학습 항목의 유해:안전"),
            ylabel="AP" if metric != "f1" else "F1",
        )
    ends = [end for axes in columns[:2] for end in axes.get_ylim()]
    for axes in columns[:2]:
        axes.set_ylim(min(ends), max(ends))
    names = columns[0].get_legend_handles_labels()
    figure.legend(*names, loc="outside lower center", ncols=6, fontsize=9)
    return figure


def _methods(axes: Axes, own: pd.DataFrame) -> None:
    """One line per method; the ratios at even distances, as they double."""
    ratios = sorted(own["harmful_per_safe"].unique())
    nothing = own[own["method"] == "none"].sort_values("harmful_per_safe")
    axes.fill_between(range(len(ratios)), nothing["low"], nothing["high"], color=COLOURS[0],
                      alpha=0.12, linewidth=0)  # fmt: skip
    for i, (method, name) in enumerate(METHOD.items()):
        rows = own[own["method"] == method].sort_values("harmful_per_safe")
        axes.plot([ratios.index(ratio) for ratio in rows["harmful_per_safe"]], rows["value"],
                  marker=MARKERS[i], linestyle=DASHES[i], color=COLOURS[i], label=name)  # fmt: skip
    axes.set_xticks(range(len(ratios)), [f"{ratio:g}:1" for ratio in ratios])


def strata(table: pd.DataFrame) -> Figure:
    """Draw average precision and AUC of each stratum, trained on and never seen.

    Parameters
    ----------
    table : DataFrame
        As `study_strata` returns it, with at least one stratum that was measured.

    Returns
    -------
    Figure
        The grey tick is what chance would give.

    Examples
    --------
    >>> table = pd.DataFrame({"stratum": "불", "metric": ["average_precision", "roc_auc"] * 2,
    ...     "trained": ["with", "with", "without", "without"], "value": 0.7, "low": 0.6,
    ...     "high": 0.8, "harmful_share": 0.2, "state": "ok"})
    >>> [axes.get_title() for axes in strata(table).axes]
    ['AP', 'AUC']
    """
    known = table[table["metric"].notna()]
    names = list(dict.fromkeys(known["stratum"]))
    figure, columns = panels(2, width=4.8, height=1.6 + 0.65 * len(names))
    trainings = {
        "with": written("in training", "학습에 있음"),
        "without": written("left out of training", "학습에서 뺌"),
    }
    for axes, (metric, title) in zip(
        columns, (("average_precision", "AP"), ("roc_auc", "AUC")), strict=True
    ):
        own = known[known["metric"] == metric]
        for i, (trained, label) in enumerate(trainings.items()):
            rows = own[own["trained"] == trained].set_index("stratum").loc[names]
            places = np.arange(len(names)) + 0.3 * (i - 0.5)
            axes.hlines(places, rows["low"], rows["high"], color=COLOURS[i], linewidth=4, alpha=0.4)
            axes.plot(rows["value"], places, MARKERS[i], color=COLOURS[i], label=label)
        once = own[own["trained"] == "with"].set_index("stratum").loc[names]
        by_share = metric == "average_precision"
        chance = once["harmful_share"] if by_share else np.full(len(names), 0.5)
        middle = np.arange(len(names))
        axes.vlines(
            chance,
            middle - 0.35,
            middle + 0.35,
            color=GREY,
            linestyle=":",
            label=written("chance", "우연"),
        )
        axes.set(
            title=title,
            xlim=(0, 1.02),
            ylim=(len(names) - 0.45, -0.55),
            xlabel=written("95% CI", "95% 신뢰구간"),
        )
        axes.set_yticks(middle, names if metric == "average_precision" else [])
        axes.grid(axis="y", visible=False)
    handles = columns[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=9)
    return figure


def width_by_groups(widths: pd.DataFrame, wanted: float, needed: float) -> Figure:
    """Draw half the width of the interval against the number of groups.

    Parameters
    ----------
    widths : DataFrame
        As `data_needed.width_by_groups` returns it; not empty.
    wanted : float
        The difference that matters.
    needed : float
        How many groups would tell it; NaN or infinite where nobody can say.

    Returns
    -------
    Figure

    Examples
    --------
    >>> widths = pd.DataFrame({"groups": [20, 53, 200], "half_width": [0.1, 0.07, float("nan")],
    ...     "low": [0.08, 0.07, float("nan")], "high": [0.13, 0.07, float("nan")],
    ...     "expected": [0.11, 0.07, 0.04], "kind": ["observed", "observed", "extrapolated"]})
    >>> (axes,) = width_by_groups(widths, 0.02, 1406.0).axes
    >>> [text.get_text() for text in axes.texts]
    ['지금 53개', '필요 1,406개']
    """
    figure, (axes,) = panels(1, width=7.4, height=4.2)
    seen = widths[widths["kind"] == "observed"]
    now = int(seen["groups"].max())
    axes.fill_between(
        seen["groups"],
        seen["low"],
        seen["high"],
        color=COLOURS[0],
        alpha=0.2,
        linewidth=0,
        label=written("10 to 90% of subsets", "부분 그룹의 10~90%"),
    )
    axes.plot(
        seen["groups"],
        seen["half_width"],
        "o-",
        color=COLOURS[0],
        label=written("observed (median)", "관측(중앙값)"),
    )
    axes.plot(
        widths["groups"],
        widths["expected"],
        "--",
        color="black",
        label=written("square-root law", "그룹 수의 제곱근 법칙"),
    )
    axes.axhline(
        wanted,
        color=COLOURS[1],
        linestyle=":",
        label=written(f"difference to tell: {wanted:g}", f"알아보려는 차이 {wanted:g}"),
    )
    marks = {written("now", "지금"): float(now)}
    if np.isfinite(needed):
        marks[written("needed", "필요")] = needed
    for place, (name, groups) in enumerate(marks.items()):  # near each other, one below the other
        left = groups == max(marks.values()) and len(marks) > 1
        axes.axvline(groups, color=GREY, linewidth=1)
        words = written(f"{name}: {groups:,.0f}", f"{name} {groups:,.0f}개")
        axes.annotate(words, (groups, 0.97 - 0.08 * place), xycoords=("data", "axes fraction"),
                      xytext=(-5 if left else 5, 0), textcoords="offset points",
                      ha="right" if left else "left", va="top", fontsize=9.5,
                      bbox=PLATE)  # fmt: skip
    axes.set(
        title=written(
            "Half-width of the 95% CI of a difference in F1", "F1 차이의 95% 신뢰구간 반폭"
        ),
        xlabel=written("Groups (log scale)", "그룹 수(로그 눈금)"),
        ylabel=written("Half-width (log scale)", "반폭(로그 눈금)"),
        xscale="log",
        yscale="log",
    )
    _plain_ticks(axes)
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9
    )
    return figure


def _plain_ticks(axes: Axes) -> None:
    """Numbers as people write them on both logarithmic scales."""
    steps = [scale * 10.0**power for power in range(-4, 6) for scale in (1, 1.5, 2, 3, 5, 7)]
    for axis, (low, high), form in (
        (axes.xaxis, axes.get_xlim(), "{:,.0f}"),
        (axes.yaxis, axes.get_ylim(), "{:g}"),
    ):
        inside = [step for step in steps if low <= step <= high]
        axis.set_ticks(inside, [form.format(step) for step in inside])
        axis.set_ticks([], minor=True)
