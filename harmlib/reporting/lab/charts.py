"""The charts of the threshold lab: the widget, and the rows that it draws."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import anywidget
import numpy as np
import numpy.typing as npt
import traitlets
import vl_convert

from harmlib.analysis.curves import pr_curve
from harmlib.reporting.figures.style import GREY, HARMFUL, SAFE
from harmlib.reporting.text.korean import LABEL

BINS = np.linspace(0, 1, 41)
CURVE_STEPS = 400  # a curve is drawn no finer than this: about its size in pixels
SIDE = 330  # pixels
WHOLE = [0.0, 1.0]  # a range of probabilities that leaves none out
FAINT = 0.25  # opacity of what lies outside of the range that was brushed
PICKED = "#9333ea"
_UNIT = alt.Scale(domain=[0, 1])


def curve_rows(labels: npt.ArrayLike, scores: npt.ArrayLike) -> list[dict[str, float]]:
    """Compute the precision-recall curve, without points that would fall on the same pixel.

    Parameters
    ----------
    labels : array-like of int, shape (n,)
        1 for harmful, 0 for safe.
    scores : array-like of float, shape (n,)
        Probabilities, 0 to 1.

    Returns
    -------
    list of dict
        threshold, recall, precision and order (0, 1, ...), by rising threshold.

    Examples
    --------
    >>> for row in curve_rows([0, 1, 1], [0.25, 0.5, 0.75]):
    ...     print(row)
    {'threshold': 0.125, 'recall': 1.0, 'precision': 0.666..., 'order': 0}
    {'threshold': 0.375, 'recall': 1.0, 'precision': 1.0, 'order': 1}
    {'threshold': 0.625, 'recall': 0.5, 'precision': 1.0, 'order': 2}
    {'threshold': 0.875, 'recall': 0.0, 'precision': 1.0, 'order': 3}
    """
    curve = pr_curve(labels, scores)[["threshold", "recall", "precision"]]
    pixels = (curve[["recall", "precision"]] * CURVE_STEPS).round()
    kept = curve[~pixels.duplicated()]
    rows: list[dict[str, float]] = kept.assign(order=range(len(kept))).to_dict("records")
    return rows


def bar_rows(
    labels: npt.NDArray[np.integer], scores: npt.NDArray[np.floating]
) -> list[dict[str, float | str]]:
    """Count the items of each label in 40 bins of equal width.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 for harmful, 0 for safe.
    scores : ndarray of float, shape (n,)
        Probabilities, 0 to 1.

    Returns
    -------
    list of dict
        low and high (the bin), count and label (in Korean); counts of safe items are negative, to
        be drawn downwards.

    Examples
    --------
    >>> import numpy as np
    >>> rows = bar_rows(np.array([1, 1, 0]), np.array([0.99, 0.98, 0.01]))
    >>> [row["count"] for row in rows if row["count"]]
    [2, -1]
    """
    return [
        {"low": low, "high": high, "count": sign * int(count), "label": LABEL[label]}
        for label, sign in ((1, 1), (0, -1))
        for low, high, count in zip(
            BINS[:-1], BINS[1:], np.histogram(scores[labels == label], BINS)[0], strict=True
        )
    ]


def _vega_lite() -> dict[str, Any]:
    """The precision-recall curve and the distribution of scores; `Charts` brings their data."""
    current = alt.param(name="current", value={"threshold": 0, "recall": 0, "precision": 0})
    brushed = alt.param(name="brushed", value={"low": 0, "high": 1})
    picked = alt.param(name="picked", value={})
    sides = [side.properties(width=SIDE, height=250) for side in (_curve(), _scores())]
    both = alt.hconcat(*sides, description="PR 곡선과 점수 분포. 수치는 위의 표에 있습니다.")
    spec: dict[str, Any] = (
        both.add_params(current, brushed, picked)
        .configure(font="NanumGothic, sans-serif")
        .to_dict()
    )
    return spec


def _curve() -> alt.LayerChart | alt.FacetChart:
    recall = alt.X("recall:Q", scale=_UNIT, title="Recall (유해 중 찾아낸 비율)")
    precision = alt.Y("precision:Q", scale=_UNIT, title="Precision (유해 판정 중 맞은 비율)")
    curve = alt.Chart(alt.NamedData("curve")).encode(x=recall, y=precision, order="order:Q")
    line: dict[str, Any] = {"interpolate": "step-after"}
    baseline = alt.Chart(alt.NamedData("baseline")).encode(y=precision)
    numbers = [
        alt.Tooltip(f"{name}:Q", title=title, format=".4f")
        for name, title in (
            ("threshold", "Threshold"),
            ("recall", "Recall"),
            ("precision", "Precision"),
        )
    ]
    return alt.layer(
        baseline.mark_rule(color=GREY, strokeDash=[3, 3]),
        curve.mark_line(color=SAFE, opacity=FAINT, **line),
        curve.transform_filter(
            "brushed.low <= datum.threshold && datum.threshold <= brushed.high"
        ).mark_line(color=SAFE, strokeWidth=3, **line),
        # Points that nobody sees: a line has one tooltip, and a brush needs something to lie on.
        curve.mark_point(opacity=0, size=80, filled=True)
        .encode(tooltip=numbers)
        .add_params(alt.selection_interval(name="on_curve", encodings=["x"])),
        _mark("picked").mark_point(color=PICKED, shape="diamond", filled=True, size=160)
        .encode(x=recall, y=precision),
        _mark("current").mark_point(color="black", filled=True, size=130)
        .encode(x=recall, y=precision),
        title="PR 곡선: 점은 현재 threshold, 점선은 기준선",
    )  # fmt: skip


def _scores() -> alt.LayerChart | alt.FacetChart:
    colour = alt.Color("label:N", legend=None).scale(
        domain=[LABEL[1], LABEL[0]], range=[HARMFUL, SAFE]
    )
    count = alt.Y("count:Q", title="항목 수").axis(labelExpr="format(abs(datum.value), ',')")
    low = alt.X("low:Q", bin="binned", scale=_UNIT, title="유해 확률")
    inside = "datum.high > brushed.low && datum.low < brushed.high"
    told = [
        alt.Tooltip("label:N", title="라벨"),
        alt.Tooltip("range:N", title="유해 확률"),
        alt.Tooltip("items:Q", title="항목 수", format=","),
    ]
    bars = (
        alt.Chart(alt.NamedData("bars"))
        .transform_calculate(
            range="format(datum.low, '.3f') + '~' + format(datum.high, '.3f')",
            items="abs(datum.count)",
        )
        .mark_bar()
        .encode(
            x=low, x2="high", y=count, color=colour, tooltip=told,
            opacity=alt.condition(inside, alt.value(1), alt.value(FAINT)),
        )
        .add_params(alt.selection_interval(name="on_scores", encodings=["x"]))
    )  # fmt: skip
    return alt.layer(
        bars,
        _mark("picked").mark_rule(color=PICKED, size=2, strokeDash=[4, 2])
        .encode(x="threshold:Q"),
        _mark("current").mark_rule(color="black", size=2).encode(x="threshold:Q"),
        title="점수 분포: 위는 유해, 아래는 안전, 세로선은 threshold",
    )  # fmt: skip


def _mark(name: str) -> alt.Chart:
    """One row that says where a parameter with a threshold, a recall and a precision stands."""
    rates = ("threshold", "recall", "precision")
    return alt.Chart(alt.Data(values=[{}])).transform_calculate(
        **{rate: f"{name}.{rate}" for rate in rates}
    )


@cache
def _program() -> str:
    """Return the script that draws, with all of Vega in it; to put it together takes seconds."""
    return vl_convert.javascript_bundle(
        Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
        vl_version=".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2]),
    )


class Charts(anywidget.AnyWidget):
    """Both charts, drawn by Vega without a network; all but `spec` may change.

    Attributes
    ----------
    spec : dict
        The Vega-Lite specification.
    tables : dict of str to list of dict
        Rows of the data sets `curve` (`curve_rows`), `bars` (`bar_rows`) and `baseline` (one row
        with precision).
    current : dict of str to float
        threshold, recall and precision that the marks show; None for a rate that is undefined.
    picked : dict of str to float
        The same of the item that is picked in the table; empty for none.
    brushed : list of float
        The lowest and the highest probability that are looked at, as brushed in either chart.

    Notes
    -----
    Altair's own JupyterChart takes new data as a new chart only. Such a chart is checked and
    compiled again: the answer takes seven times as long, and the chart flickers.
    """

    @property
    def _esm(self) -> str:  # of the widget, not of its class: who imports this need not wait for it
        return _program()

    spec = traitlets.Dict(_vega_lite()).tag(sync=True)
    tables = traitlets.Dict().tag(sync=True)
    current = traitlets.Dict().tag(sync=True)
    picked = traitlets.Dict().tag(sync=True)
    brushed = traitlets.List(traitlets.Float(), WHOLE).tag(sync=True)
