"""The threshold explorer: people move the line over the validation scores and see what follows.

The browser gets counts, not scores: for every model and epoch, how many harmful and how many safe
items lie above k/1000, k = 0..1000. Every figure and mark is computed there from these integers.
"""

from __future__ import annotations

import json
import re
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import vl_convert
from IPython.display import HTML

from harmlib.analysis.thresholds import sweep
from harmlib.reporting.page.explorer_plots import plot_specs
from harmlib.reporting.text.korean import BASELINE_NAME, MODALITY, model_name

STEPS = 1000  # the line stops at k / STEPS
_HERE = Path(__file__).parent
# What the script writes.
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
    "모두 유해로 판정하면 Precision {precision_all}, Recall {recall_all}.",
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


_MARKUP = """
<noscript><p>Threshold 탐색기는 JavaScript로 움직입니다. 지금은 꺼져 있어 선을 옮기며 혼동 행렬과 지표, 그래프를
보는 부분이 나타나지 않습니다. 보고서의 다른 표와 그림은 그대로 볼 수 있습니다.</p></noscript>
<div class="explorer-body" data-part="body" hidden>
<div class="explorer-choice">
  <label data-part="modality-label">종류 <select data-part="modality"></select></label>
  <label>모델 <select data-part="model"></select></label>
  <label>Epoch <select data-part="epoch"></select></label>
  <button type="button" data-part="operating"><i class="mark operating"></i><span></span></button>
  <button type="button" data-part="best"><i class="mark best"></i><span></span></button>
</div>
<div class="explorer-line">
  <label>Threshold
    <input type="number" min="0" max="1" step="0.001" inputmode="decimal" data-part="number"></label>
  <button type="button" data-part="copy">복사</button>
  <span role="status" data-part="notice"></span>
  <div class="explorer-slide">
    <i class="explorer-tick best" data-part="best-tick"></i>
    <input type="range" min="0" max="1" step="0.001" aria-label="Threshold 옮기기" data-part="slider">
    <i class="explorer-tick operating" data-part="operating-tick"></i>
    <span>0: 모두 유해로</span><span>1: 모두 안전으로</span></div>
</div>
<dl class="explorer-metrics">METRICS</dl>
<p class="explorer-summary" role="status" data-part="summary"></p>
<div class="explorer-matrix"><table><caption data-part="caption"></caption>
<thead><tr><th scope="col">실제</th><th scope="col">유해로 판정</th><th scope="col">안전으로 판정</th>
<th scope="col">합계</th></tr></thead>
<tbody>
<tr class="harmful"><th scope="row">유해</th>
  <td class="flagged"><b data-part="tp"></b> <span>찾음 (TP)</span></td>
  <td><b data-part="fn"></b> <span>미탐 (FN)</span></td><td data-part="harmful"></td></tr>
<tr class="safe"><th scope="row">안전</th>
  <td class="flagged"><b data-part="fp"></b> <span>오탐 (FP)</span></td>
  <td><b data-part="tn"></b> <span>통과 (TN)</span></td><td data-part="safe"></td></tr>
<tr><th scope="row">합계</th><td data-part="flagged"></td><td data-part="passed"></td>
  <td data-part="n"></td></tr>
</tbody></table></div>
<figure class="explorer-plot"><figcaption><b>점수 분포</b>
  <span class="key"><i class="bar harmful"></i>실제 유해(위)</span>
  <span class="key"><i class="bar safe"></i>실제 안전(아래)</span>
  <span class="key">진한 색: 유해로 판정</span></figcaption>
  <div role="img" data-part="scores-words"><div aria-hidden="true" data-part="scores"></div></div></figure>
<figure class="explorer-plot"><figcaption><b>PR 곡선</b>
  <span class="key"><i class="mark current"></i>지금의 선</span>
  <span class="key"><i class="mark operating"></i>운영</span>
  <span class="key"><i class="mark everything"></i>BASELINE_NAME</span>
  <span class="key"><i class="dots"></i>기준선과 F1이 같은 곳</span></figcaption>
  <div role="img" data-part="pr-words"><div aria-hidden="true" data-part="pr"></div></div></figure>
<p class="explorer-note">확률이 threshold보다 크면 유해로 판정합니다. 여기의 수는 모두 검증 분할의 것입니다. 선은 검증에서
고르고, 시험 분할은 고른 선으로 한 번만 확인하며 그 결과는 보고서의 시험 분할 결과에 있습니다. 운영 threshold는 이
모델이 쓰는 값, 최적 threshold는 이 모델에서 시도한 값 가운데 F1이 가장 높은 값입니다. Threshold의 눈금은 모델마다
달라서, 같은 값이라도 다른 모델에서는 다른 선입니다.</p>
</div>
"""


def explorer_html(validation: dict[str, pd.DataFrame], points: dict[str, pd.DataFrame]) -> HTML:
    """A fragment with everything in it (style, data, Vega, script) that works from a file.

    validation : for each modality the rows of `scores.parquet` with split `val`; columns variant,
        epoch, label (0 or 1), probability (0 to 1). Test rows have no place here
    points : for each modality one row a variant and epoch; columns variant, epoch, threshold
        (where the model operates), best_threshold (may be missing), chosen (the saved epoch)

    ValueError where the two don't fit together or a value is out of range.
    """
    if not validation or set(validation) != set(points):
        raise ValueError(
            f"validation has the modalities {sorted(validation)}, points has {sorted(points)}: "
            "give the same ones, at least one"
        )
    curves = [
        curve
        for modality, scored in validation.items()
        for curve in _curves(modality, scored, points[modality])
    ]
    data = json.dumps(
        [_WORDS, curves, plot_specs()], ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    script = (_HERE / "explorer.js").read_text(encoding="utf-8")
    # The last attribute keeps JupyterLab from taking keys for its own shortcuts.
    return HTML(
        '<section class="harm-explorer" lang="ko" aria-label="Threshold 탐색기" '
        'data-lm-suppress-shortcuts="true">'
        f"<style>{(_HERE / 'explorer.css').read_text(encoding='utf-8')}</style>{_markup()}"
        # Not in a script: the page's font gets the letters of its text, and so of plots and words.
        f"<template>{escape(data, quote=False)}</template>"
        # Two functions: neither Vega's names nor ours reach the page.
        f"<script>(() => {{ const library = {{}}; (() => {{{_inline(_vega())}}})();\n"
        f"{_inline(script)}}})();</script></section>"
    )


def _markup() -> str:
    cards = "".join(
        f'<div class="{name}"><dt>{title} <small>{meaning}</small></dt>'
        f'<dd><b data-part="{name}"></b> <span data-part="{name}-operating"></span>'
        + ('<span data-part="f1-baseline"></span>' if name == "f1" else "")
        + "</dd></div>"
        for name, title, meaning in _METRICS
    )
    return _MARKUP.replace("METRICS", cards).replace("BASELINE_NAME", BASELINE_NAME)


def _curves(modality: str, scored: pd.DataFrame, points: pd.DataFrame) -> list[dict]:
    """The counts of every model and epoch of one modality, in the order of `points`."""
    for name, table, needed in (
        ("validation", scored, ("variant", "epoch", "label", "probability")),
        ("points", points, ("variant", "epoch", "threshold", "best_threshold", "chosen")),
    ):
        if missing := [column for column in needed if column not in table]:
            raise ValueError(f"{name}[{modality!r}] lacks the columns {missing}")
    where = f"of {modality!r}"
    if "split" in scored and (scored["split"] != "val").any():
        raise ValueError(f"validation {where} has rows of another split than 'val': drop them")
    groups = dict(list(scored.groupby(["variant", "epoch"])))
    keys = list(zip(points["variant"], points["epoch"], strict=True))
    if len(set(keys)) < len(keys) or set(keys) != set(groups):
        odd = sorted(set(keys) ^ set(groups)) or "repeated rows of points"
        raise ValueError(f"validation and points {where} must have the same epochs; check {odd}")
    saved = points.groupby("variant")["chosen"].sum()
    if (saved != 1).any():
        raise ValueError(f"points {where} must choose one epoch a variant, got {saved.to_dict()}")
    return [
        {"modality": modality, "model": model_name(str(row.variant)), "epoch": int(row.epoch)}
        | {"chosen": bool(row.chosen)}
        | _counts(groups[row.variant, row.epoch], row)
        for row in points.itertuples()
    ]


def _counts(scored: pd.DataFrame, point) -> dict:
    """The counts of one curve at every step, and at its operating and best thresholds."""
    labels, probabilities = scored["label"].to_numpy(), scored["probability"].to_numpy()
    table = sweep(labels, probabilities, np.arange(STEPS + 1) / STEPS)
    if probabilities.min() < 0 or probabilities.max() > 1:
        raise ValueError(
            f"{point.variant} epoch {point.epoch} has probabilities from {probabilities.min()} to "
            f"{probabilities.max()}: they must lie from 0 to 1"
        )
    harmful = int((labels == 1).sum())
    safe = len(labels) - harmful

    def stop(threshold: float) -> dict:
        if not 0 <= threshold <= 1:
            raise ValueError(
                f"{point.variant} epoch {point.epoch} has threshold {threshold}: give 0 to 1"
            )
        exact = sweep(labels, probabilities, [threshold]).iloc[0]
        k = round(threshold * STEPS)
        between = None if abs(k / STEPS - threshold) < 1e-9 else f"{threshold:.6g}"
        return {"k": k, "between": between, "tp": int(exact["tp"]), "fp": int(exact["fp"])}

    return {
        "harmful": harmful,
        "safe": safe,
        "tp": drops(table["tp"].to_numpy(), harmful),
        "fp": drops(table["fp"].to_numpy(), safe),
        "operating": stop(point.threshold),
        "best": None if pd.isna(point.best_threshold) else stop(point.best_threshold),
    }


def drops(counts: np.ndarray, total: int) -> list[int]:
    """How many items each step of the threshold lets go; −n stands for n steps that let none go.

    counts : shape (m,), never rising: how many of `total` items lie above each threshold
    """
    encoded = []
    for drop, run in groupby((-np.diff(counts, prepend=total)).tolist()):
        length = len(list(run))
        encoded += [drop] * length if drop else [-length]
    return encoded


def _inline(text: str) -> str:
    """JavaScript that cannot end its script element; in a string it reads \\u003c as <."""
    return re.sub(r"<(?=/script|!--)", r"\\u003c", text, flags=re.IGNORECASE)


@cache
def _vega() -> str:
    """Vega without Vega-Lite and Vega-Embed, two thirds of the whole bundle."""
    # The bundle's own default import of Vega is null (vl-convert 1.9), so import it by name.
    module = f"/npm/vega@{vl_convert.get_vega_version()}/+esm"
    return vl_convert.javascript_bundle(
        f'import {{parse, View}} from "{module}"; library.parse = parse; library.View = View;'
    )
