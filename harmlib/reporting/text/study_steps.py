"""Sentences of the steps from one variant to a later one: what each did to F1.

The tables are those of `harmlib.analysis.factor_effects`; `modality` is `image` or `video`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.factor_effects import TOTAL
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, row, rows
from harmlib.reporting.text.corrected_intervals import interval_of, is_told, listed
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle, signed
from harmlib.reporting.text.study_effects import factor_name


def step_sentences(steps: pd.DataFrame, modality: str, first: str, last: str) -> list[str]:
    """Say what one variant changed against another, and which step did it.

    Parameters
    ----------
    steps : DataFrame
        As `effects_in_order` returns it.
    modality : str
    first, last : str
        The variants' names.

    Returns
    -------
    list of str
        None where the variants are alike.

    Examples
    --------
    >>> steps = pd.DataFrame({"factor": ["head", "total"], "metric": "f1", "before": 0.7,
    ...     "after": 0.8, "difference": 0.1, "low": 0.02, "high": 0.18, "corrected_low": 0.02,
    ...     "corrected_high": 0.18, "seeds": 3})
    >>> step_sentences(steps, "video", "model4", "model5")
    ['비디오: Model 4에서 Model 5로 바꾸면 F1이 0.7000에서 0.8000으로 높아집니다(차이 +0.1000, 95% 신뢰구간
    +0.0200~+0.1800, seed 3개).',
    '차례로 바꾼 단계: 선형 분류기(+0.1000, 보정한 95% 신뢰구간 +0.0200~+0.1800). 이 가운데 신뢰구간이 0을 포함하지
    않는 것은 선형 분류기입니다.']
    """
    own = steps[steps["metric"] == "f1"]
    changes = list(rows(own[own["factor"] != TOTAL]))
    if not changes:
        return []
    total = row(own, "factor", TOTAL)
    sure = ", ".join(factor_name(one.factor) for one in changes if is_told(one))
    found = listed((factor_name(one.factor), one) for one in changes)
    which = written(
        f"Of these, the interval leaves 0 for: {sure or 'none'}.",
        f"이 가운데 신뢰구간이 0을 포함하지 않는 것은 {f'{sure}입니다' if sure else '없습니다'}.",
    )
    said = [
        _step_sentence(total, modality, first, last),
        written(f"Steps in turn: {found}. {which}", f"차례로 바꾼 단계: {found}. {which}"),
    ]
    if pd.isna(total.low):
        return said[:1]
    ranked = steps[(steps["metric"] == "roc_auc") & (steps["factor"] != TOTAL)]
    better = [one for one in rows(ranked) if one.corrected_low > 0]
    if better:
        found = listed((factor_name(one.factor), one) for one in better)
        said.append(
            written(
                f"Steps that raised AUC, which knows no threshold: {found}.",
                f"threshold와 무관한 AUC를 높인 단계: {found}.",
            )
        )
    return said


def _step_sentence(total: Row, modality: str, first: str, last: str) -> str:
    """What the steps did together."""
    before, after = number(total.before), number(total.after)
    head = written(
        f"{MODALITY[modality]}: from {model_name(first)} to {model_name(last)}, F1 ",
        f"{MODALITY[modality]}: {model_name(first)}에서 {particle(model_name(last), '으로/로')} 바꾸면 F1이 "
        f"{before}에서 {particle(after, '으로/로')} ",
    )
    if pd.isna(total.low):
        return head + written(
            f"goes from {before} to {after} (too few groups for an interval).",
            "달라집니다(그룹이 모자라 신뢰구간은 없음).",
        )
    facts = f"{signed(total.difference)}, {interval_of(total)}"
    facts = written(
        f" (difference {facts}, {total.seeds} seeds).", f"(차이 {facts}, seed {total.seeds}개)."
    )
    way = f"from {before} to {after}"
    if not is_told(total):
        moved = written(
            f"goes {way}, but the interval includes 0", "달라지지만, 신뢰구간이 0을 포함합니다"
        )
    elif total.difference > 0:
        moved = written(f"rises {way}", "높아집니다")
    else:
        moved = written(f"falls {way}", "낮아집니다")
    return head + moved + facts
