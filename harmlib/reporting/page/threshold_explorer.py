"""The threshold explorer of the page: a reader moves the threshold and sees what follows.

A reader also chooses an objective, prices and the harmful share of the traffic, and takes the
threshold along as lines of a params file. The browser gets counts of the validation scores, not the
scores (`threshold_explorer_curves`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import vl_convert
from IPython.display import HTML

from harmlib.analysis.own_scores.scales import Scale
from harmlib.language import written
from harmlib.params import Params, ScoresParams
from harmlib.reporting.page.threshold_explorer_curves import curves_of
from harmlib.reporting.page.threshold_explorer_plots import plot_specs
from harmlib.reporting.page.threshold_explorer_texts import (
    GOALS,
    MARKUP,
    MEANINGS,
    METRICS,
    script_words,
)

_HERE = Path(__file__).parent
_INTERPRETER = "/npm/vega-interpreter@2.0.0/+esm"  # the one that vl-convert carries
_SCRIPTS = (
    "threshold_rates.js",
    "threshold_goals.js",
    "threshold_plots.js",
    "threshold_copies.js",
    "threshold_address.js",
    "threshold_words.js",
    "threshold_explorer.js",
)
# Where the params say nothing of prices and traffic.
_AMOUNTS = {"day": 10_000.0, "miss": 5000.0, "alarm": 1000.0, "review": 0.0}


def explorer_html(
    validation: Mapping[str, pd.DataFrame],
    operating_points: Mapping[str, pd.DataFrame],
    params: Params | ScoresParams | None = None,
    *,
    recommended: Mapping[str, str] | None = None,
    scales: Mapping[str, Scale] | None = None,
) -> HTML:
    """Write the explorer as an HTML fragment that holds style, data, Vega and script.

    Parameters
    ----------
    validation : mapping of str to DataFrame
        For each modality the rows of `scores.parquet` with split `val`: columns variant, epoch,
        label (0 or 1), probability (0 to 1), and count where a row stands for several items. Test
        rows are refused.
    operating_points : mapping of str to DataFrame
        For each modality one row per variant and epoch: columns variant, epoch, threshold (where
        the model operates, 0 to 1), chosen (True for the one epoch that was saved).
    params : Params or ScoresParams, optional
        Of the run: its costs, volume and prevalence are what the explorer starts with or offers.
    recommended : mapping of str to str, optional
        For each modality the variant to begin with; by default the one with the highest F1 on
        validation.
    scales : mapping of str to Scale, optional
        Of a table of scores: each variant's. Thresholds are then copied in these numbers.

    Returns
    -------
    HTML
        A `section` that works from a file, without a network; its text is in `data`.

    Raises
    ------
    ValueError
        The two tables do not fit together, or a value is out of range.
    """
    if not validation or set(validation) != set(operating_points):
        raise ValueError(
            f"validation has the modalities {sorted(validation)}, operating_points has "
            f"{sorted(operating_points)}: give the same ones, at least one"
        )
    curves = [
        curve | _scale((scales or {}).get(curve["model"]))
        for modality, scored in validation.items()
        for curve in curves_of(
            modality, scored, operating_points[modality], (recommended or {}).get(modality)
        )
    ]
    sections = list(validation)
    settings = _settings(sections, params)
    data = json.dumps(
        [script_words(sections), curves, plot_specs(), settings],
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
    )
    label, language = escape(MARKUP["title"]), written("en", "ko")
    # The last attribute keeps JupyterLab from taking keys for its own shortcuts.
    return HTML(
        f'<section class="harm-explorer" lang="{language}" aria-label="{label}" '
        'data-lm-suppress-shortcuts="true">'
        f"<style>{_text('threshold_explorer.css')}</style>{_markup(settings['unit'])}"
        # Not in a script: the page's font gets the letters of its text, and so of plots and words.
        f"<template>{escape(data, quote=False)}</template>"
        f"<script>{explorer_script()}</script></section>"
    )


@cache
def explorer_script() -> str:
    """Return the script of the explorers, for the page's Content-Security-Policy.

    Returns
    -------
    str
        What stands between its tags: Vega and ours, in two functions, so that neither's names reach
        the page.

    Examples
    --------
    >>> "</script" in explorer_script()
    False
    """
    ours = "".join(map(_text, _SCRIPTS))
    return (
        f"(() => {{ const library = {{}}; (() => {{{_inline(_vega())}}})();\n{_inline(ours)}}})();"
    )


def _text(name: str) -> str:
    """The file of this name beside this one."""
    return (_HERE / name).read_text(encoding="utf-8")


def _settings(sections: list[str], params: Params | ScoresParams | None) -> dict[str, Any]:
    """What the explorer starts with: prices, items a day, and the known share of harmful traffic."""
    costs, volume = (params.costs, params.volume) if params else (None, None)
    amounts = dict(_AMOUNTS)
    if costs:
        amounts |= {"miss": costs.miss, "alarm": costs.false_alarm, "review": costs.review}
    if volume:
        amounts["day"] = 24 * volume.items_per_hour
    known = {s: params.prevalence_of(s) for s in sections} if params else {}
    return {
        "amounts": amounts,
        "unit": costs.unit if costs else written("KRW", "원"),
        "prevalence": {s: float(f"{100 * q:.6g}") for s, q in known.items() if q},
        # With a threshold for each category, params have no share of all harmful items.
        "takes_prevalence": not (isinstance(params, Params) and params.data.categories),
    }


def _scale(scale: Scale | None) -> dict[str, Any]:
    return {} if scale is None else {"scale": scale.kind, "levels": scale.levels}


def _markup(unit: str) -> str:
    cards = "".join(
        f'<div class="{name}"><dt>{METRICS[name]} <small>{MEANINGS[name]}</small></dt>'
        f'<dd><b data-part="{name}"></b> <span data-part="{name}-operating"></span>'
        + ('<span data-part="f1-baseline"></span>' if name == "f1" else "")
        + "</dd></div>"
        for name in METRICS
    )
    goals = "".join(
        f'<option value="{escape(goal)}">{escape(name)}</option>' for goal, name in GOALS.items()
    )
    columns = ("current", "operating", "goal", "baseline")
    day = "".join(
        f'<tr><th scope="row">{MARKUP[f"day_{row}"].format(unit=escape(unit))}</th>'
        + "".join(f'<td data-part="day-{row}-{column}"></td>' for column in columns)
        + "</tr>"
        for row in ("flagged", "tp", "fn", "fp", "cost")
    )
    filled = {**MARKUP, "METRICS": cards, "GOALS": goals, "DAY": day}
    return re.sub(r"\{\{(\w+)\}\}", lambda name: filled[name[1]], _text("threshold_explorer.html"))


def _inline(text: str) -> str:
    r"""JavaScript that cannot end its script element; a string reads \u003c as <."""
    return re.sub(r"<(?=/script|!--)", r"\\u003c", text, flags=re.IGNORECASE)


@cache
def _vega() -> str:
    """Vega without Vega-Lite and Vega-Embed, two thirds of the whole bundle.

    Its interpreter spares the page's policy `unsafe-eval`: expressions are read, not compiled.
    """
    # The bundle's own default import of Vega is null (vl-convert 1.9), so import it by name.
    vega = f"/npm/vega@{vl_convert.get_vega_version()}/+esm"
    bundle: str = vl_convert.javascript_bundle(
        f'import {{parse, View}} from "{vega}"; import {{expressionInterpreter}} from '
        f'"{_INTERPRETER}"; Object.assign(library, {{parse, View, expressionInterpreter}});'
    )
    return bundle
