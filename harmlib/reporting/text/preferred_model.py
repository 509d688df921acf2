"""The model that validation prefers: how it does on test, and how sure the preference is.

Numbers cite their cells where the table was read from a run's folder. The tables are those of
`harmlib.analysis.comparison_tables`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import written
from harmlib.reporting.text.baseline_comparison import from_baseline
from harmlib.reporting.text.cited_numbers import Row, row, rows
from harmlib.reporting.text.corrected_intervals import is_told
from harmlib.reporting.text.held_out import the_test_split
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle


def verdict(
    chosen: pd.DataFrame,
    intervals: pd.DataFrame,
    against_baseline: pd.DataFrame,
    differences: pd.DataFrame,
    modality: str,
    where: str = "",
) -> str:
    """Say how the variant that validation prefers does on test, and how sure the preference is.

    Test doesn't choose the variant: the best of several would look better than it is.

    Parameters
    ----------
    chosen : DataFrame
        The F1 on validation by which a variant is preferred: variant, f1.
    intervals, against_baseline, differences : DataFrame
    modality : str
    where : str
        What the tables were measured on, as `folds.judged_on` says it; by default the test split.

    Returns
    -------
    str

    Examples
    --------
    >>> chosen = pd.DataFrame({"variant": ["model4"], "f1": [0.93]})
    >>> intervals = pd.DataFrame({"variant": ["model4"], "metric": "f1", "value": 0.95, "low": 0.87,
    ...                           "high": 0.98, "harmful_groups": 20, "safe_groups": 9})
    >>> against = pd.DataFrame({"variant": ["model4"], "baseline": 0.84, "value": 0.95,
    ...     "difference": 0.11, "corrected_low": 0.03, "corrected_high": 0.19, "groups": 29})
    >>> pairs = pd.DataFrame(columns=["split", "metric", "a", "b"])
    >>> verdict(chosen, intervals, against, pairs, "video")
    '비디오: 검증 F1이 가장 높은 Model 4는 시험 분할에서 F1 0.9500(95% 신뢰구간 0.870~0.980)입니다. 모두 유해로 판정하는
    기준선(F1 0.8400)과의 차이 +0.1100은 보정한 95% 신뢰구간(+0.0300~+0.1900) 전체가 0보다 높습니다(그룹 29개).'
    """
    best = chosen.loc[chosen["f1"].idxmax(), "variant"]
    tested = row(intervals[intervals["metric"] == "f1"], "variant", best)
    compared = row(against_baseline, "variant", best)
    where = where or the_test_split()
    doubts = _preference(chosen, differences, best)
    value, model = number(tested.value), model_name(best)
    head = written(
        f"{MODALITY[modality]}: {model}, which has the highest F1 on validation, has an F1 of {value} on "
        f"{where}",
        f"{MODALITY[modality]}: 검증 F1이 가장 높은 {particle(model, '은/는')} {where}에서 F1 {value}",
    )
    if pd.isna(tested.low):
        end = written(".", "입니다.")
        return f"{head}{end} {_no_interval(tested)}{doubts}"
    low, high = number(tested.low, 3), number(tested.high, 3)
    within = written(f" (95% CI {low} to {high}).", f"(95% 신뢰구간 {low}~{high})입니다.")
    return f"{head}{within} {from_baseline(compared)}{doubts}"


def _preference(chosen: pd.DataFrame, differences: pd.DataFrame, best: str) -> str:
    """How sure validation's preference for `best` is: ties, and models that it is not told from."""
    top = row(chosen, "variant", best)
    tied = [v for v in chosen.loc[chosen["f1"] == top.f1, "variant"] if v != best]
    seen = differences[(differences["split"] == "val") & (differences["metric"] == "f1")]
    near = [
        other.b if other.a == best else other.a
        for other in rows(seen[(seen["a"] == best) | (seen["b"] == best)])
        if not is_told(other)
    ]
    near = [v for v in near if v not in tied]
    text = ""
    if tied:
        names = ", ".join(map(model_name, tied))
        text += written(
            f" {names} has the same F1 on validation; the one that the settings name first was taken.",
            f" 검증 F1이 {particle(names, '과/와')} 같아, 설정 파일에 먼저 적힌 모델을 선택했습니다.",
        )
    if near:
        names = ", ".join(map(model_name, near))
        text += written(
            f" On validation its difference from {names} isn't told from chance.",
            f" 검증에서 {particle(names, '과/와')}의 차이는 우연과 구별되지 않습니다.",
        )
    return text


def _no_interval(tested: Row) -> str:
    return written(
        f"With {tested.harmful_groups} groups of harmful and {tested.safe_groups} of safe items there is no "
        f"interval ({MIN_GROUPS} of each needed), and whether it beats the baseline can't be said.",
        f"유해 항목이 있는 그룹이 {tested.harmful_groups}개, 안전 항목이 있는 그룹이 {tested.safe_groups}개라 신뢰구간을 낼 수 "
        f"없고(각각 {MIN_GROUPS}개 필요), 기준선보다 나은지 말할 수 없습니다.",
    )


def preferred_row(table: pd.DataFrame, chosen: pd.DataFrame) -> pd.Series:
    """Mark the row to stress: the variant that validation prefers.

    Parameters
    ----------
    table : DataFrame
        One row per variant, possibly the baseline's, too; column variant.
    chosen : DataFrame
        The F1 on validation by which a variant is preferred: variant, f1.

    Returns
    -------
    Series of bool
        With one variant there is nothing to stress.

    Examples
    --------
    >>> table = pd.DataFrame({"variant": ["model2", "model4", "baseline"]})
    >>> chosen = pd.DataFrame({"variant": ["model2", "model4"], "f1": [0.90, 0.95]})
    >>> preferred_row(table, chosen).tolist()
    [False, True, False]
    """
    if len(chosen) < 2:
        return pd.Series(False, index=table.index)
    return table["variant"] == chosen.loc[chosen["f1"].idxmax(), "variant"]
