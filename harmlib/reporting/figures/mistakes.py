"""Figures of what went wrong: misses and false alarms as squares, and the groups that hold them."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from harmlib.language import written
from harmlib.reporting.figures.style import HARMFUL, SAFE, panels, whole_numbers
from harmlib.reporting.text.korean import model_name

MOST_SQUARES = 100  # of one model
MOST_GROUPS = 12  # the ones with the most errors
_DEPTH = 4  # squares that stand above each other
_PALE = 0.25
_GAP = 1.5  # between harmful and safe items, in squares


def items_per_square(results: pd.DataFrame) -> int:
    """Say how many items one square of `mistakes` stands for.

    Parameters
    ----------
    results : DataFrame
        Columns tp, fp, fn, tn.

    Returns
    -------
    int
        1 where there are few items; else 2, 5, 10, 20, 50, …

    Examples
    --------
    >>> few = pd.DataFrame({"tp": [26], "fn": 0, "fp": 2, "tn": 8})
    >>> items_per_square(few), items_per_square(few * 15)
    (1, 10)
    """
    largest = int(results[["tp", "fp", "fn", "tn"]].sum(axis=1).max())
    per = 1
    while largest > MOST_SQUARES * per:  # 1, 2, 5, 10, …
        per = per * 5 // 2 if str(per).startswith("2") else 2 * per
    return per


def mistakes(results: pd.DataFrame) -> Figure:
    """Draw every item as a square, by variant: harmful ones and safe ones, errors filled.

    Parameters
    ----------
    results : DataFrame
        One row per variant, as `compare_on_test` or `pooled_results` returns it; columns variant,
        tp, fp, fn, tn.

    Returns
    -------
    Figure
        A square stands for `items_per_square(results)` items; errors that are fewer have one, too.

    Examples
    --------
    >>> results = pd.DataFrame({"variant": ["model4"], "tp": 24, "fn": 2, "fp": 3, "tn": 7})
    >>> [text.get_text() for text in mistakes(results).axes[0].texts]
    ['Model 4', '유해 26: 미탐 2', '안전 10: 오탐 3']
    """
    per = items_per_square(results)
    harmful, safe = results["tp"] + results["fn"], results["fp"] + results["tn"]
    columns = [_columns(int(of.max()), per) for of in (harmful, safe)]
    # Words need some room, however few the squares are
    columns = [max(own, 10) for own in columns]
    width = sum(columns) + _GAP
    side = 0.135
    left = 1.5 / side
    row_height = _DEPTH + 2.4
    figure = Figure(figsize=(side * (left + width + 0.5), side * row_height * len(results) + 0.1))
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    names = {
        "harmful": written("{n} harmful: {k} missed", "유해 {n}: 미탐 {k}"),
        "safe": written("{n} safe: {k} false alarms", "안전 {n}: 오탐 {k}"),
    }
    for place, row in enumerate(results.itertuples()):
        top = place * row_height
        axes.text(0.4, top + 1.9 + _DEPTH / 2, model_name(row.variant), va="center", fontsize=10)
        blocks = (
            (left, row.fn, row.tp, HARMFUL, names["harmful"]),
            (left + columns[0] + _GAP, row.fp, row.tn, SAFE, names["safe"]),
        )
        for start, wrong, right, colour, words in blocks:
            text = words.format(n=f"{wrong + right:,}", k=f"{wrong:,}")
            axes.text(start, top + 1.5, text, va="bottom", fontsize=9)
            _squares(axes, start, top + 1.9, int(wrong), int(right), per, colour)
    if per > 1:
        axes.text(
            0.4, 1.5, written(f"1 square = {per:,}", f"한 칸 = {per:,}건"), va="bottom", fontsize=9
        )
    axes.set(xlim=(0, left + width + 0.5), ylim=(row_height * len(results), 0))
    axes.set_axis_off()
    return figure


def _columns(items: int, per: int) -> int:
    squares = math.ceil(items / per)
    return math.ceil(squares / _DEPTH) + 1  # one more: errors are rounded up


def _squares(
    axes: Axes, left: float, top: float, wrong: int, right: int, per: int, colour: str
) -> None:
    """The errors first, filled; then the others, pale. One path each keeps the drawing small."""
    filled = math.ceil(wrong / per)
    total = max(math.ceil((wrong + right) / per), filled + (right > 0))
    for first, last, alpha in ((0, filled, 1.0), (filled, total, _PALE)):
        if first == last:
            continue
        corners, codes = [], []
        for i in range(first, last):
            x, y = left + i // _DEPTH, top + i % _DEPTH
            corners += [(x, y), (x + 0.82, y), (x + 0.82, y + 0.82), (x, y + 0.82), (x, y)]
            codes += [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
        axes.add_patch(PathPatch(Path(corners, codes), facecolor=colour, linewidth=0, alpha=alpha))


def errors_by_group(groups: pd.DataFrame) -> Figure:
    """Draw the misses and false alarms of the groups that hold the most errors.

    Parameters
    ----------
    groups : DataFrame
        Of one variant, as `errors_by_group` of `harmlib.analysis.misclassified` returns it; columns
        group, n, misses, false_alarms. At least one group with an error.

    Returns
    -------
    Figure

    Examples
    --------
    >>> groups = pd.DataFrame({"group": ["cam1", "cam2"], "n": [8, 9], "misses": [3, 0],
    ...                        "false_alarms": [1, 0]})
    >>> (axes,) = errors_by_group(groups).axes
    >>> axes.texts[0].get_text(), [tick.get_text() for tick in axes.get_yticklabels()]
    ('4/8', ['cam1'])
    """
    wrong = groups["misses"] + groups["false_alarms"]
    rows = groups[wrong > 0].head(MOST_GROUPS)
    figure, (axes,) = panels(1, width=6.2, height=1.25 + 0.27 * len(rows))
    places = range(len(rows))
    misses = written("misses", "미탐")
    alarms = written("false alarms", "오탐")
    axes.barh(places, rows["misses"], color=HARMFUL, height=0.65, label=misses)
    axes.barh(places, rows["false_alarms"], left=rows["misses"], color=SAFE, height=0.65,
              hatch="///", edgecolor="white", linewidth=0, label=alarms)  # fmt: skip
    for place, row in enumerate(rows.itertuples()):
        both = row.misses + row.false_alarms
        axes.annotate(
            f"{both:,}/{row.n:,}", (both, place), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=9,
        )  # fmt: skip
    names = [name if len(name) <= 24 else f"{name[:23]}…" for name in map(str, rows["group"])]
    axes.set_yticks(places, names, fontsize=9.5)
    axes.set(xlabel=written("Errors/decisions", "오류 수/판정 수"), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xlim(0, 1.12 * max((rows["misses"] + rows["false_alarms"]).max(), 1))
    whole_numbers(axes.xaxis)
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside upper right", ncols=2, fontsize=9)
    return figure
