"""The two plots of the threshold explorer as Vega specs; threshold_explorer.js gives them data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import vl_convert

from harmlib.language import written
from harmlib.reporting.figures.fonts import FAMILY
from harmlib.reporting.figures.style import HARMFUL, SAFE

Spec = dict[str, Any]  # a part of a Vega or Vega-Lite specification, as JSON


def plot_specs() -> dict[str, Spec]:
    """Compile the Vega specs `pr` and `scores` here, so that the browser needs no Vega-Lite.

    Returns
    -------
    dict of str to dict
        By name:

        - `pr` (the precision-recall curve): data sets `level` and `curve` (recall, precision) and
          `points` (also kind: `baseline`, `operating`, `goal` or `current`); signal `lowest`, the
          lower end of the precision axis.
        - `scores` (the distribution of scores): data sets `bars` (from, to, low, high, label,
          flagged), `threshold` and `stop` (from; the operating threshold) and `parts` (from, low,
          text, align, dx, dy); signals `top` and `bottom`, the ends of the count axis.

        Colours of text and lines are in threshold_explorer.css: they follow light, dark and print.

    Examples
    --------
    >>> sorted(plot_specs())
    ['pr', 'scores']
    """
    score = written("Probability of harmful", "유해 확률")
    return _compiled(score, written("Items", "항목 수"))


@cache
def _compiled(score: str, items: str) -> dict[str, Spec]:
    """Both specs, with these titles of the axes of the second."""
    specs = {"pr": _pr_spec(), "scores": _scores_spec(score, items)}
    return {name: vl_convert.vegalite_to_vega(spec) for name, spec in specs.items()}


def _axis(field: str, title: str, scale: Spec, **axis: str | int) -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"nice": False, "zero": False} | scale,
        "axis": {"title": title, "tickCount": 5} | axis,
    }


def _layer(name: str, data: str, mark: Spec, encoding: Spec) -> Spec:
    return {"name": name, "data": {"name": data}, "mark": mark, "encoding": encoding}


def _spec(params: Sequence[str], layers: Sequence[Spec]) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": 400,
        "height": 280,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": 4,
        "background": None,
        "params": [{"name": name, "value": 0} for name in params],
        "config": {
            "aria": False,
            "font": f"{FAMILY}, 'Apple SD Gothic Neo', 'Malgun Gothic', sans-serif",
            "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
            "view": {"stroke": None},
        },
        "layer": list(layers),
    }


def _point(kind: str, shape: str, size: int) -> Spec:
    """The layer that marks the point of one kind on the precision-recall curve."""
    mark = {"type": "point", "filled": True, "opacity": 1, "strokeWidth": 2}
    layer = _layer(kind, "points", mark | {"shape": shape, "size": size}, _POINT)
    return layer | {"transform": [{"filter": f"datum.kind === '{kind}'"}]}


_POINT = {
    "x": _axis("recall", "Recall", {"domain": [0, 1]}),
    "y": _axis("precision", "Precision", {"domainMin": {"expr": "lowest"}, "domainMax": 1}),
}
_CLASS = {"expr": f"datum.label ? '{HARMFUL}' : '{SAFE}'"}


def _pr_spec() -> Spec:
    curve = {"type": "line", "interpolate": "step-after", "strokeWidth": 2}
    in_order = _POINT | {"order": {"field": "k", "type": "quantitative"}}
    return _spec(
        ["lowest"],
        [
            _layer("level", "level", {"type": "line", "strokeDash": [2, 4]}, _POINT),
            _layer("curve", "curve", curve, in_order),
            _point("baseline", "square", 110),
            _point("operating", "diamond", 190),
            _point("goal", "triangle-down", 130),
            _point("current", "circle", 150),
        ],
    )


def _scores_spec(score_title: str, items_title: str) -> Spec:
    score = {"x": _axis("from", score_title, {"domain": [0, 1]})}
    count = _axis(
        "low",
        items_title,
        {"domainMin": {"expr": "bottom"}, "domainMax": {"expr": "top"}},
        labelExpr="format(abs(datum.value), ',d')",
        tickMinStep=1,
    )
    flagged = {"condition": {"test": "datum.flagged", "value": 0.95}, "value": 0.25}
    bar = {"type": "rect", "strokeWidth": 1, "fill": _CLASS, "stroke": _CLASS}
    words = {"type": "text", "fontSize": 13, "fontWeight": "bold"} | {
        name: {"expr": f"datum.{name}"} for name in ("align", "dx", "dy")
    }
    ends = {"x2": {"field": "to"}, "y": count, "y2": {"field": "high"}, "fillOpacity": flagged}
    return _spec(
        ["top", "bottom"],
        [
            _layer("bar", "bars", bar, score | ends),
            _layer("zero", "threshold", {"type": "rule"}, {"y": {"datum": 0}}),
            _layer("stop", "stop", {"type": "rule", "strokeDash": [4, 4]}, score),
            _layer("threshold", "threshold", {"type": "rule", "strokeWidth": 2}, score),
            _layer("text", "parts", words, score | {"y": count, "text": {"field": "text"}}),
        ],
    )
