"""Korean sentences that compare: models with the baseline, with each other, validation with test.

A sentence names a winner only where an interval that is corrected for the comparisons made excludes
0; otherwise it says what could have been told. Numbers cite their cells where the table was read
from a run's folder. `modality` is `image` or `video`. The tables are those of
`harmlib.analysis.comparison_tables`.
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, row, rows
from harmlib.reporting.text.korean import (
    MODALITY,
    SPLIT,
    model_name,
    number,
    particle,
    signed,
)


def the_test_split() -> str:
    """Name the test split.

    Returns
    -------
    str

    Examples
    --------
    >>> the_test_split()
    '시험 분할'
    """
    return written("the test split", "시험 분할")


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
    return f"{head}{within} {_from_baseline(compared)}{doubts}"


def _from_baseline(compared: Row) -> str:
    """The sentence on the baseline's F1, and whether one variant differs from it."""
    baseline, difference = number(compared.baseline), signed(compared.difference)
    ends = f"{signed(compared.corrected_low)}~{signed(compared.corrected_high)}"
    whole = written(
        f"The whole corrected 95% interval ({ends}) of its difference of {difference} from the baseline "
        f"(all harmful, F1 {baseline})",
        f"모두 유해로 판정하는 기준선(F1 {baseline})과의 차이 {particle(difference, '은/는')} 보정한 95% 신뢰구간({ends}) 전체가",
    )
    if compared.corrected_low == compared.corrected_high == 0:
        return written(
            f"That is the baseline's (all harmful, F1 {baseline}): no group makes a difference.",
            f"모두 유해로 판정하는 기준선(F1 {particle(f'{baseline})', '과/와')} 같습니다(어느 그룹을 빼도 차이가 없음).",
        )
    if compared.corrected_low > 0:
        return written(
            f"{whole} is above 0 ({compared.groups} groups).",
            f"{whole} 0보다 높습니다(그룹 {compared.groups}개).",
        )
    if compared.corrected_high < 0:
        return written(
            f"{whole} is below 0 ({compared.groups} groups).",
            f"{whole} 0보다 낮습니다(그룹 {compared.groups}개).",
        )
    needed = _groups_needed(compared)
    return written(
        f"The corrected 95% interval ({ends}) of its difference of {difference} from the baseline (all "
        f"harmful, F1 {baseline}) holds 0, so there is not enough evidence of any.{needed}",
        f"모두 유해로 판정하는 기준선(F1 {baseline})과의 차이 {particle(difference, '은/는')} 보정한 95% 신뢰구간이 0을 포함하므로"
        f"({ends}), 다르다고 볼 근거가 부족합니다.{needed}",
    )


def _groups_needed(compared: Row) -> str:
    """How many groups would tell a difference like the one seen; empty where that says nothing."""
    needed = compared.groups_needed
    if pd.isna(needed) or needed <= compared.groups:
        return ""
    if needed == float("inf"):
        return written(
            " No realistic number of groups would tell such a difference.",
            " 이만한 차이를 알아볼 그룹 수는 현실적이지 않습니다.",
        )
    return written(
        f" To tell such a difference it takes about {needed:,.0f} groups (now {compared.groups}).",
        f" 이만한 차이를 알아보려면 그룹이 약 {needed:,.0f}개 필요합니다(지금 {compared.groups}개).",
    )


def _detectable(compared: Row) -> str:
    """What difference these groups could have told; empty where they told one."""
    if not (compared.corrected_low <= 0 <= compared.corrected_high) or not compared.detectable > 0:
        return ""
    least = number(compared.detectable, 3)
    return written(
        f" These groups tell a difference in F1 four times in five only from {least} up.",
        f" 지금의 그룹으로는 F1의 차이가 {least} 이상일 때에야 다섯 번에 네 번 알아볼 수 있습니다.",
    )


def _preference(chosen: pd.DataFrame, differences: pd.DataFrame, best: str) -> str:
    """How sure validation's preference for `best` is: ties, and models that it is not told from."""
    top = row(chosen, "variant", best)
    tied = [v for v in chosen.loc[chosen["f1"] == top.f1, "variant"] if v != best]
    seen = differences[(differences["split"] == "val") & (differences["metric"] == "f1")]
    near = [
        other.b if other.a == best else other.a
        for other in rows(seen[(seen["a"] == best) | (seen["b"] == best)])
        if not (other.corrected_low > 0 or other.corrected_high < 0)
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


def group_shortage(counts: pd.DataFrame, modality: str) -> str:
    """Say which splits hold too few groups for any interval.

    Parameters
    ----------
    counts : DataFrame
        As `count_items` returns it; columns split, harmful_groups, safe_groups.
    modality : str

    Returns
    -------
    str
        Empty where there are enough groups.

    Examples
    --------
    >>> counts = pd.DataFrame({"split": ["val", "test"], "harmful_groups": [9, 1],
    ...                        "safe_groups": [9, 4]})
    >>> group_shortage(counts, "video")
    '비디오: 시험 분할은 유해 항목이 있는 그룹이 1개, 안전 항목이 있는 그룹이 4개뿐이라 신뢰구간과 판정을 적지
    않습니다(각각 5개 이상 필요). 항목이 많아도 원본이 적으면 얼마나 달라질 수 있는지 알 수 없습니다.'
    """
    parts = [
        written(
            f"the {SPLIT[split.split]} split has {split.harmful_groups} groups of harmful and "
            f"{split.safe_groups} of safe items",
            f"{SPLIT[split.split]} 분할은 유해 항목이 있는 그룹이 {split.harmful_groups}개, 안전 항목이 있는 그룹이 "
            f"{split.safe_groups}개",
        )
        for split in rows(counts)
        if split.split in ("val", "test")
        and min(split.harmful_groups, split.safe_groups) < MIN_GROUPS
    ]
    if not parts:
        return ""
    found = ", ".join(parts)
    return written(
        f"{MODALITY[modality]}: {found} only, so there are no intervals and no verdicts ({MIN_GROUPS} of "
        "each needed). However many items, few sources don't tell how far figures can move.",
        f"{MODALITY[modality]}: {found}뿐이라 신뢰구간과 판정을 적지 않습니다(각각 {MIN_GROUPS}개 이상 필요). "
        "항목이 많아도 원본이 적으면 얼마나 달라질 수 있는지 알 수 없습니다.",
    )


def baseline_sentences(against_baseline: pd.DataFrame, modality: str) -> list[str]:
    """Say of each variant whether its F1 on test differs from the baseline's.

    Parameters
    ----------
    against_baseline : DataFrame
    modality : str

    Returns
    -------
    list of str
        One sentence per variant; none where there are too few groups.

    Examples
    --------
    >>> against = pd.DataFrame({"variant": ["model2"], "baseline": 0.84, "value": 0.85,
    ...     "difference": 0.01, "corrected_low": -0.03, "corrected_high": 0.05, "groups": 20,
    ...     "detectable": 0.056, "groups_needed": 500.0})
    >>> baseline_sentences(against, "video")
    ['비디오 Model 2의 시험 F1은 0.8500입니다. 모두 유해로 판정하는 기준선(F1 0.8400)과의 차이 +0.0100은 보정한 95%
    신뢰구간이 0을 포함하므로(−0.0300~+0.0500), 다르다고 볼 근거가 부족합니다. 이만한 차이를 알아보려면 그룹이 약 500개
    필요합니다(지금 20개). 지금의 그룹으로는 F1의 차이가 0.056 이상일 때에야 다섯 번에 네 번 알아볼 수 있습니다.']
    """
    return [
        written(
            f"{MODALITY[modality]} {model_name(one.variant)} has an F1 of {number(one.value)} on test. "
            f"{_from_baseline(one)}{_detectable(one)}",
            f"{MODALITY[modality]} {model_name(one.variant)}의 시험 F1은 {number(one.value)}입니다. "
            f"{_from_baseline(one)}{_detectable(one)}",
        )
        for one in rows(against_baseline)
        if pd.notna(one.corrected_low)
    ]


def pair_sentences(differences: pd.DataFrame, modality: str) -> list[str]:
    """Say of each pair of variants whether test tells them apart.

    Parameters
    ----------
    differences : DataFrame
    modality : str

    Returns
    -------
    list of str
        One sentence per pair; none where there are too few groups.

    Examples
    --------
    >>> differences = pd.DataFrame({"split": ["test"], "metric": "f1", "a": "model2", "b": "model4",
    ...     "difference": 0.02, "corrected_low": -0.03, "corrected_high": 0.07,
    ...     "groups_needed": 90.0, "p_mid": 0.21})
    >>> pair_sentences(differences, "video")
    ['비디오: 시험 F1에서 Model 2와 Model 4는 구별되지 않습니다(차이 +0.0200, 모든 쌍을 함께 보정한
    95% 신뢰구간 −0.0300~+0.0700, McNemar mid-p 0.210). 이만한 차이를 알아보려면 그룹이 약 90개 필요합니다.']
    """
    tested = differences[(differences["split"] == "test") & (differences["metric"] == "f1")]
    return [_pair(pair, modality) for pair in rows(tested) if pd.notna(pair.corrected_low)]


def _pair(pair: Row, modality: str) -> str:
    """Whether test tells one pair of variants apart."""
    low, high = signed(pair.corrected_low), signed(pair.corrected_high)
    difference, p_mid = signed(pair.difference), number(pair.p_mid, 3)
    apart = written(
        f" (difference {difference}, 95% CI corrected for all pairs {low} to {high}, McNemar mid-p {p_mid})",
        f"(차이 {difference}, 모든 쌍을 함께 보정한 95% 신뢰구간 {low}~{high}, McNemar mid-p {p_mid})",
    )
    a, b, name = model_name(pair.a), model_name(pair.b), MODALITY[modality]
    if pair.corrected_low > 0 or pair.corrected_high < 0:
        higher, lower = (b, a) if pair.difference > 0 else (a, b)
        return written(
            f"{name}: {higher} has a higher F1 on test than {lower}: the whole interval of the difference "
            f"is on one side of 0{apart}.",
            f"{name}: 시험 F1에서 {particle(higher, '이/가')} {lower}보다 높으며, 차이의 신뢰구간 전체가 0의 한쪽에 "
            f"있습니다{apart}.",
        )
    both = f"{particle(a, '과/와')} {particle(b, '은/는')}"
    if pair.difference == pair.corrected_low == pair.corrected_high == 0:
        return written(
            f"{name}: {a} and {b} have the same F1 on test, whichever group is left out.",
            f"{name}: 시험 F1에서 {both} 같습니다(어느 그룹을 빼도 차이가 없음).",
        )
    needed = pair.groups_needed
    more = ""
    if pd.notna(needed) and needed != float("inf"):
        more = written(
            f" To tell such a difference it takes about {needed:,.0f} groups.",
            f" 이만한 차이를 알아보려면 그룹이 약 {needed:,.0f}개 필요합니다.",
        )
    return written(
        f"{name}: {a} and {b} aren't told apart by F1 on test{apart}.{more}",
        f"{name}: 시험 F1에서 {both} 구별되지 않습니다{apart}.{more}",
    )


def gain_sentences(gains: pd.DataFrame, modality: str) -> list[str]:
    """Say what each gain in F1 on test consists of.

    Parameters
    ----------
    gains : DataFrame
    modality : str

    Returns
    -------
    list of str
        One sentence per pair of variants.

    Examples
    --------
    >>> gains = pd.DataFrame({"a": "model2", "b": "model4", "same_weights": False,
    ...                       "part": ["weights", "epoch", "threshold", "total"],
    ...                       "value": [0.02, 0.0, 0.01, 0.03], "low": -0.01, "high": 0.06})
    >>> gain_sentences(gains, "video")
    ['비디오 Model 2에서 Model 4로: 시험 F1의 변화 +0.0300 = 가중치 +0.0200 + epoch +0.0000 + threshold
    +0.0100. 95% 신뢰구간 −0.0100~+0.0600이 0을 포함하므로 차이가 있다고 볼 근거가 부족합니다.']
    """
    return [
        _gain(own, f"{MODALITY[modality]} {model_name(a)}", model_name(b))
        for (a, b), own in gains.groupby(["a", "b"], sort=False)
    ]


def _gain(own: pd.DataFrame, first: str, second: str) -> str:
    """What the change from one variant to another consists of."""
    total, weights, epoch, moved = (
        row(own, "part", part) for part in ("total", "weights", "epoch", "threshold")
    )
    whole, of_weights, of_epoch, of_threshold = (
        signed(one.value) for one in (total, weights, epoch, moved)
    )
    text = written(
        f"{first} to {second}: change in F1 on test {whole} = weights {of_weights} + epoch {of_epoch} + "
        f"threshold {of_threshold}.",
        f"{first}에서 {particle(second, '으로/로')}: 시험 F1의 변화 {whole} = 가중치 {of_weights} + epoch "
        f"{of_epoch} + threshold {of_threshold}.",
    )
    if bool(own["same_weights"].iloc[0]):
        text += written(
            " At the same epoch both give every item the same score, so no weights differ.",
            " 두 모델은 같은 epoch에서 모든 항목에 같은 점수를 주므로 가중치가 달라진 것은 없습니다.",
        )
    if pd.isna(total.low):
        return text
    if total.value == total.low == total.high == 0:
        return text + written(
            " F1 on test is the same, whichever group is left out.",
            " 시험 F1은 어느 그룹을 빼도 같습니다.",
        )
    low, high = signed(total.low), signed(total.high)
    ends = f"95% 신뢰구간 {low}~{high}"
    if total.low > 0 or total.high < 0:
        return text + written(
            f" The 95% CI {low} to {high} doesn't include 0 (of this pair alone).",
            f" {particle(ends, '은/는')} 0을 포함하지 않습니다(이 쌍만 볼 때).",
        )
    return text + written(
        f" The 95% CI {low} to {high} includes 0: not enough evidence of a difference.",
        f" {particle(ends, '이/가')} 0을 포함하므로 차이가 있다고 볼 근거가 부족합니다.",
    )


def drop_sentences(
    drops: pd.DataFrame, threshold_chosen: Collection[str], modality: str
) -> list[str]:
    """Say where F1 fell from validation to test by more than chance.

    Parameters
    ----------
    drops : DataFrame
    threshold_chosen : collection of str
        The variants whose threshold validation chose; of the others it chose the epoch only.
    modality : str

    Returns
    -------
    list of str
        Possibly none.

    Examples
    --------
    >>> drops = pd.DataFrame({"variant": ["model4"], "difference": -0.1, "low": -0.15,
    ...                       "high": -0.02})
    >>> drop_sentences(drops, {"model4"}, "video")
    ['비디오 Model 4의 F1은 검증에서 고른 epoch와 threshold를 시험에 적용하자 0.1000만큼 낮아졌습니다(모델 수만큼
    보정한 95% 신뢰구간 −0.1500~−0.0200). 검증 F1은 고르는 데 쓰인 만큼 부풀려져 있습니다.']
    """
    return [
        _drop(one, modality, one.variant in threshold_chosen) for one in rows(drops) if one.high < 0
    ]


def _drop(one: Row, modality: str, has_chosen: bool) -> str:
    name, fall = f"{MODALITY[modality]} {model_name(one.variant)}", number(-one.difference)
    low, high = signed(one.low), signed(one.high)
    return written(
        f"{name}: with the {'epoch and threshold' if has_chosen else 'epoch'} chosen on validation, F1 falls "
        f"by {fall} on test (95% CI corrected for the number of models {low} to {high}). F1 on validation "
        "is inflated by having been chosen by.",
        f"{name}의 F1은 검증에서 고른 {'epoch와 threshold를' if has_chosen else 'epoch를'} 시험에 적용하자 "
        f"{fall}만큼 낮아졌습니다(모델 수만큼 보정한 95% 신뢰구간 {low}~{high}). 검증 F1은 고르는 데 쓰인 만큼 부풀려져 "
        "있습니다.",
    )


def use_of_test(shown_rows: float) -> str:
    """Say what the test split was used for, and what a reader must not do with it.

    Parameters
    ----------
    shown_rows : float
        How many rows of results on test the report shows.

    Returns
    -------
    str

    Examples
    --------
    >>> use_of_test(61)
    '시험 분할은 epoch, threshold, 보정을 고르는 데 쓰지 않았습니다. 그러나 이 보고서는 시험 결과를 모두 61줄
    보여 줍니다. ...'
    """
    return written(
        "Test chose neither epoch nor threshold nor calibration. But this report shows "
        f"{shown_rows:,} rows of test results: whoever picks the best one to quote inflates it. So "
        "something is called better only where an interval corrected for the comparisons leaves 0.",
        "시험 분할은 epoch, threshold, 보정을 고르는 데 쓰지 않았습니다. 그러나 이 보고서는 시험 결과를 모두 "
        f"{shown_rows:,}줄 보여 줍니다. 그 가운데 가장 좋은 줄을 골라 인용하면 그 값은 부풀려집니다. 그래서 더 낫다는 "
        "문장은 비교한 수만큼 보정한 신뢰구간이 0을 벗어날 때만 썼습니다.",
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
