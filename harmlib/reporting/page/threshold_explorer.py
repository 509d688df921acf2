"""The threshold explorer of the page: a reader moves the threshold and sees what follows.

The browser gets counts of the validation scores, not the scores: for every model and epoch, how
many harmful and how many safe items lie above k/1000, for k = 0..1000. It computes every figure and
mark from these integers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import vl_convert
from IPython.display import HTML

from harmlib.analysis.thresholds import sweep
from harmlib.reporting.page.threshold_explorer_plots import plot_specs
from harmlib.reporting.text.korean import BASELINE_NAME, MODALITY, model_name

_INTERPRETER = "/npm/vega-interpreter@2.0.0/+esm"  # the one that vl-convert carries
STEPS = 1000  # a reader can set the thresholds k / STEPS
# The texts that the script fills and shows.
_WORDS = {
    "modality": MODALITY,
    "saved": "{epoch} (저장된 epoch)",
    "operating": "운영 threshold {threshold}",
    "best": "최적 threshold {threshold}",
    "between": "{threshold} (눈금 {step})",
    "no_best": "최적 threshold 없음",
    "at_operating": "운영 {value}",
    "baseline": "모두 유해 {value}",
    "state": "{name} · epoch {epoch} · threshold {threshold}",
    "matrix": "{state}: 검증 항목 {n}개",
    "found": "Threshold {threshold}에서는 유해 {harmful}개 가운데 {tp}개를 찾고 {fn}개를 놓칩니다. "
    "안전 {safe}개 가운데 {fp}개를 유해로 잘못 판정합니다.",
    "none_flagged": "유해로 판정한 항목이 없어 Precision은 계산할 수 없습니다.",
    "f1": "F1은 {f1}입니다.",
    "above": "모두 유해로 판정하는 기준선({baseline})보다 {difference} 높습니다.",
    "below": "모두 유해로 판정하는 기준선({baseline})보다 {difference} 낮습니다.",
    "equal": "모두 유해로 판정하는 기준선({baseline})과 차이가 없습니다.",
    "pr": "PR 곡선, {state}. 지금 Precision {precision}, Recall {recall}. "
    "운영 threshold에서 Precision {precision_operating}, Recall {recall_operating}. "
    "모두 유해로 판정하면 Precision {precision_baseline}, Recall {recall_baseline}.",
    "scores": "점수 분포, {state}. 선의 왼쪽(안전 판정)에 유해 {fn}개와 안전 {tn}개, "
    "오른쪽(유해 판정)에 유해 {tp}개와 안전 {fp}개.",
    "tp": "찾음 {n}",
    "fn": "미탐 {n}",
    "fp": "오탐 {n}",
    "tn": "통과 {n}",
    "copied": "복사함",
    "not_copied": "복사하지 못했습니다. 숫자 칸에서 직접 복사해 주세요.",
}
_METRICS = (
    ("f1", "F1", "둘의 조화 평균"),
    ("precision", "Precision", "유해 판정 중 맞은 비율"),
    ("recall", "Recall", "유해 중 찾아낸 비율"),
    ("accuracy", "정확도", "맞게 판정한 비율"),
    ("share", "유해 판정 비율", "사람이 보게 되는 몫"),
)


def explorer_html(
    validation: Mapping[str, pd.DataFrame], operating_points: Mapping[str, pd.DataFrame]
) -> HTML:
    """Write the explorer as an HTML fragment that holds style, data, Vega and script.

    Parameters
    ----------
    validation : mapping of str to DataFrame
        For each modality the rows of `scores.parquet` with split `val`: columns variant, epoch,
        label (0 or 1), probability (0 to 1). Test rows are refused.
    operating_points : mapping of str to DataFrame
        For each modality one row per variant and epoch: columns variant, epoch, threshold (where
        the model operates, 0 to 1), best_threshold (0 to 1; may be missing), chosen (True for the
        one epoch that was saved).

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
        curve
        for modality, scored in validation.items()
        for curve in _curves(modality, scored, operating_points[modality])
    ]
    data = json.dumps(
        [_WORDS, curves, plot_specs()], ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    # The last attribute keeps JupyterLab from taking keys for its own shortcuts.
    return HTML(
        '<section class="harm-explorer" lang="ko" aria-label="Threshold 탐색기" '
        'data-lm-suppress-shortcuts="true">'
        f"<style>{_text('css')}</style>{_markup()}"
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
    return (
        f"(() => {{ const library = {{}}; (() => {{{_inline(_vega())}}})();\n"
        f"{_inline(_text('js'))}}})();"
    )


def _text(suffix: str) -> str:
    """The file beside this one with this suffix."""
    return Path(__file__).with_suffix(f".{suffix}").read_text(encoding="utf-8")


def _markup() -> str:
    cards = "".join(
        f'<div class="{name}"><dt>{title} <small>{meaning}</small></dt>'
        f'<dd><b data-part="{name}"></b> <span data-part="{name}-operating"></span>'
        + ('<span data-part="f1-baseline"></span>' if name == "f1" else "")
        + "</dd></div>"
        for name, title, meaning in _METRICS
    )
    filled = _text("html").replace("{{METRICS}}", cards)
    return filled.replace("{{BASELINE_NAME}}", BASELINE_NAME)


def _curves(
    modality: str, scored: pd.DataFrame, operating_points: pd.DataFrame
) -> list[dict[str, Any]]:
    """The counts of every model and epoch of one modality, in the order of `operating_points`."""
    groups = _checked(modality, scored, operating_points)
    return [
        {
            "modality": modality,
            "model": model_name(str(row["variant"])),
            "epoch": int(row["epoch"]),
            "chosen": bool(row["chosen"]),
        }
        | _counts(groups[row["variant"], row["epoch"]], row)
        for row in operating_points.to_dict("records")
    ]


def _checked(
    modality: str, scored: pd.DataFrame, operating_points: pd.DataFrame
) -> dict[tuple[str, int], pd.DataFrame]:
    """The rows of each variant and epoch; ValueError where the two tables do not fit together."""
    for name, table, needed in (
        ("validation", scored, ("variant", "epoch", "label", "probability")),
        (
            "operating_points",
            operating_points,
            ("variant", "epoch", "threshold", "best_threshold", "chosen"),
        ),
    ):
        if missing := [column for column in needed if column not in table]:
            raise ValueError(f"{name}[{modality!r}] lacks the columns {missing}")
    where = f"of {modality!r}"
    if "split" in scored and (scored["split"] != "val").any():
        raise ValueError(f"validation {where} has rows of another split than 'val': drop them")
    groups = dict(list(scored.groupby(["variant", "epoch"])))
    keys = list(zip(operating_points["variant"], operating_points["epoch"], strict=True))
    if len(set(keys)) < len(keys) or set(keys) != set(groups):
        odd = sorted(set(keys) ^ set(groups)) or "repeated rows of operating_points"
        raise ValueError(
            f"validation and operating_points {where} must have the same epochs; check {odd}"
        )
    saved = operating_points.groupby("variant")["chosen"].sum()
    if (saved != 1).any():
        raise ValueError(
            f"operating_points {where} must choose one epoch per variant, got {saved.to_dict()}"
        )
    return groups


def _counts(scored: pd.DataFrame, operating_point: Mapping[str, Any]) -> dict[str, Any]:
    """The counts of one curve at every step, and at its operating and best thresholds."""
    labels, probabilities = scored["label"].to_numpy(), scored["probability"].to_numpy()
    table = sweep(labels, probabilities, np.arange(STEPS + 1) / STEPS)
    model = f"{operating_point['variant']} epoch {operating_point['epoch']}"
    if probabilities.min() < 0 or probabilities.max() > 1:
        raise ValueError(
            f"{model} has probabilities from {probabilities.min()} to {probabilities.max()}: they "
            "must lie from 0 to 1"
        )
    harmful = int((labels == 1).sum())
    safe = len(labels) - harmful

    def stop(threshold: float) -> dict[str, Any]:
        """The step nearest to a threshold, the threshold where it is between two, exact counts."""
        if not 0 <= threshold <= 1:
            raise ValueError(f"{model} has threshold {threshold}: give 0 to 1")
        exact = sweep(labels, probabilities, [threshold]).iloc[0]
        k = round(threshold * STEPS)
        between = None if abs(k / STEPS - threshold) < 1e-9 else f"{threshold:.6g}"
        return {"k": k, "between": between, "tp": int(exact["tp"]), "fp": int(exact["fp"])}

    best = operating_point["best_threshold"]
    return {
        "harmful": harmful,
        "safe": safe,
        "tp": drops(table["tp"].to_numpy(), harmful),
        "fp": drops(table["fp"].to_numpy(), safe),
        "operating_threshold": stop(operating_point["threshold"]),
        "best_threshold": None if pd.isna(best) else stop(best),
    }


def drops(counts: npt.NDArray[np.int64], total: int) -> list[int]:
    """Encode counts at rising thresholds as how many items each step lets go.

    Parameters
    ----------
    counts : ndarray of int, shape (m,)
        How many of `total` items lie above each threshold; never rising.
    total : int
        The number of items.

    Returns
    -------
    list of int
        A positive n for a step that lets n items go; -n for n steps in a row that let none go.

    Examples
    --------
    Of five items, one lies at or below the first threshold, and two more below the last:

    >>> drops(np.array([4, 4, 4, 2]), 5)
    [1, -2, 2]
    """
    encoded: list[int] = []
    for drop, run in groupby((-np.diff(counts, prepend=total)).tolist()):
        length = len(list(run))
        encoded += [drop] * length if drop else [-length]
    return encoded


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
