"""The two plots of the threshold explorer as Vega specs; explorer.js gives them their data."""

from __future__ import annotations

from functools import cache

import vl_convert

from harmlib.reporting.figures.fonts import FAMILY
from harmlib.reporting.figures.report import HARMFUL, SAFE


@cache
def plot_specs() -> dict[str, dict]:
    """The Vega specs `pr` and `scores`, compiled here so that the browser needs no Vega-Lite.

    Data sets: level and curve (recall, precision), points (also kind); bars (from, to, low,
    high, label, flagged), line (from), parts (from, low, text, align, dx, dy). Signals: lowest;
    top, bottom. Colours of text and lines are in explorer.css: they follow light, dark and print.
    """
    return {name: vl_convert.vegalite_to_vega(spec) for name, spec in _SPECS.items()}


def _axis(field: str, title: str, scale: dict, **axis) -> dict:
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"nice": False, "zero": False} | scale,
        "axis": {"title": title, "tickCount": 5} | axis,
    }


def _layer(name: str, data: str, mark: dict, encoding: dict) -> dict:
    return {"name": name, "data": {"name": data}, "mark": mark, "encoding": encoding}


def _spec(params: list[str], layers: list[dict]) -> dict:
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
        "layer": layers,
    }


_POINT = {
    "x": _axis("recall", "Recall", {"domain": [0, 1]}),
    "y": _axis("precision", "Precision", {"domainMin": {"expr": "lowest"}, "domainMax": 1}),
}
_CLASS = {"expr": f"datum.label ? '{HARMFUL}' : '{SAFE}'"}
_SCORE = {"x": _axis("from", "유해 확률", {"domain": [0, 1]})}
_COUNT = _axis(
    "low",
    "항목 수",
    {"domainMin": {"expr": "bottom"}, "domainMax": {"expr": "top"}},
    labelExpr="format(abs(datum.value), ',d')",
    tickMinStep=1,
)
_SPECS = {
    "pr": _spec(
        ["lowest"],
        [
            _layer("level", "level", {"type": "line", "strokeDash": [2, 4]}, _POINT),
            _layer(
                "curve",
                "curve",
                {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
                _POINT | {"order": {"field": "k", "type": "quantitative"}},
            ),
            *(
                _layer(
                    kind,
                    "points",
                    {"type": "point", "filled": True, "opacity": 1, "strokeWidth": 2}
                    | {"shape": shape, "size": size},
                    _POINT,
                )
                | {"transform": [{"filter": f"datum.kind === '{kind}'"}]}
                for kind, shape, size in (
                    ("everything", "square", 110),
                    ("operating", "diamond", 190),
                    ("current", "circle", 150),
                )
            ),
        ],
    ),
    "scores": _spec(
        ["top", "bottom"],
        [
            _layer(
                "bar",
                "bars",
                {"type": "rect", "strokeWidth": 1, "fill": _CLASS, "stroke": _CLASS},
                _SCORE
                | {
                    "x2": {"field": "to"},
                    "y": _COUNT,
                    "y2": {"field": "high"},
                    "fillOpacity": {
                        "condition": {"test": "datum.flagged", "value": 0.95},
                        "value": 0.25,
                    },
                },
            ),
            _layer("zero", "line", {"type": "rule"}, {"y": {"datum": 0}}),
            _layer("line", "line", {"type": "rule", "strokeWidth": 2}, _SCORE),
            _layer(
                "text",
                "parts",
                {"type": "text", "fontSize": 13, "fontWeight": "bold", "dx": {"expr": "datum.dx"}}
                | {"align": {"expr": "datum.align"}, "dy": {"expr": "datum.dy"}},
                _SCORE | {"y": _COUNT, "text": {"field": "text"}},
            ),
        ],
    ),
}
