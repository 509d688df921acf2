"""Judged items with a near twin elsewhere: how many, and the figures without them.

The tables are those of `harmlib.analysis.near_duplicates` and `harmlib.analysis.near_twins`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, count, row
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle

_METRICS = {"precision": "Precision", "recall": "Recall", "f1": "F1"}


def twin_sentences(
    pairs: pd.DataFrame, effect: pd.DataFrame, modality: str, variant: str, *, folds: bool
) -> list[str]:
    """Say how many judged items aren't new, and what the figures are without them.

    Parameters
    ----------
    pairs : DataFrame
        Of `near_duplicates`.
    effect : DataFrame
        Of `figures_without`.
    modality, variant : str
        The variant whose F1 is told.
    folds : bool
        Whether folds judged every item.

    Returns
    -------
    list of str

    Examples
    --------
    >>> pairs = pd.DataFrame({"label_a": [1], "label_b": [0]})
    >>> effect = pd.DataFrame({"variant": ["model4"], "metric": "f1", "items": 400, "value": 0.9,
    ...     "low": 0.8, "high": 0.95, "items_without": 321, "groups_without": 90,
    ...     "value_without": 0.85, "low_without": 0.7, "high_without": 0.9})
    >>> for sentence in twin_sentences(pairs, effect, "image", "model4", folds=False):
    ...     print(sentence)
    이미지: 시험 항목 400개 가운데 79개는 다른 분할에 거의 같은 항목이 있어 처음 보는 것이 아닙니다. 이 항목을 빼면 Model 4의 F1은 0.9000 [0.8000, 0.9500]에서 0.8500 [0.7000, 0.9000]으로 바뀝니다(95% 신뢰구간).
    이미지: 항목마다 가장 가까운 짝만 남긴 1쌍 가운데 1쌍은 라벨이 서로 다릅니다. 라벨이 잘못되었거나 같은 배경의 다른 장면이므로 먼저 확인해야 합니다.
    이미지: 원본이 같은 파일이라면 CSV의 group 열에 같은 이름을 적어 다시 실행하면 한 분할에 모입니다.
    """
    name = MODALITY[modality]
    if pairs.empty:
        return [
            written(
                f"{name}: no nearly equal pairs found across {'groups' if folds else 'splits'}.",
                f"{name}: 서로 다른 {'그룹' if folds else '분할'}에 걸친 거의 같은 쌍은 찾지 못했습니다.",
            )
        ]
    one = row(effect[effect["variant"] == variant], "metric", "f1")
    lines = [_twins(one, name, model_name(variant), folds)]
    doubtful = pairs[pairs["label_a"] != pairs["label_b"]]
    if len(doubtful):
        lines.append(
            written(
                f"{name}: of {count(pairs):,} pairs (of each item the nearest), {count(doubtful):,} "
                "have different labels. Look at these first: a label is wrong, or it's another scene "
                "before the same background.",
                f"{name}: 항목마다 가장 가까운 짝만 남긴 {count(pairs):,}쌍 가운데 {count(doubtful):,}쌍은 라벨이 서로 "
                "다릅니다. 라벨이 잘못되었거나 같은 배경의 다른 장면이므로 먼저 확인해야 합니다.",
            )
        )
    return [
        *lines,
        written(
            f"{name}: give files of one source the same name in the CSV's column group and run "
            "again: they will be in one split.",
            f"{name}: 원본이 같은 파일이라면 CSV의 group 열에 같은 이름을 적어 다시 실행하면 한 분할에 모입니다.",
        ),
    ]


def _twins(one: Row, name: str, model: str, folds: bool) -> str:
    """How many judged items aren't new."""
    twins = one["items"] - one.items_without
    if not twins:
        return written(
            f"{name}: nearly equal pairs lie between training and validation only, and don't touch "
            "the test figures. Those of validation, by which the threshold was chosen, may look "
            "better than they are.",
            f"{name}: 거의 같은 쌍은 학습과 검증 사이에만 있어 시험 수치에는 영향이 없습니다. threshold를 고른 검증 "
            "수치는 실제보다 좋아 보일 수 있습니다.",
        )
    judged, where = ("판정한", "그룹") if folds else ("시험", "분할")
    judged_en, where_en = ("judged", "group") if folds else ("test", "split")
    return written(
        f"{name}: of {one['items']:,} {judged_en} items, {twins:,} have a nearly equal one in another "
        f"{where_en} and so aren't new. {_without(one, model)}",
        f"{name}: {judged} 항목 {one['items']:,}개 가운데 {twins:,}개는 다른 {where}에 거의 같은 항목이 있어 처음 "
        f"보는 것이 아닙니다. {_without(one, model)}",
    )


def _without(one: Row, model: str) -> str:
    if pd.isna(one.value_without):
        return written(
            f"Without these, the rest gives no F1 of {model}.",
            f"이 항목을 빼면 남는 항목으로는 {model}의 F1을 구할 수 없습니다.",
        )
    before, after = number(one.value), number(one.value_without)
    if pd.isna(one.low_without):
        return written(
            f"Without these, F1 of {model} goes from {before} to {after}, but too few groups are left "
            f"for an interval ({one.groups_without:,} of a class, {MIN_GROUPS} needed).",
            f"이 항목을 빼면 {model}의 F1은 {before}에서 {particle(after, '으로/로')} 바뀌지만, 남은 그룹이 적어(한 "
            f"클래스에 {one.groups_without:,}개, {MIN_GROUPS}개가 필요) 신뢰구간은 구할 수 없습니다.",
        )
    first = "" if pd.isna(one.low) else f" [{number(one.low)}, {number(one.high)}]"
    rest = f"{after} [{number(one.low_without)}, {number(one.high_without)}]"
    return written(
        f"Without these, F1 of {model} goes from {before}{first} to {rest} (95% CI).",
        f"이 항목을 빼면 {model}의 F1은 {before}{first}에서 {rest}으로 바뀝니다(95% 신뢰구간).",
    )


def shown_effect(effect: pd.DataFrame) -> pd.DataFrame:
    """Take what the report shows of `figures_without`.

    Parameters
    ----------
    effect : DataFrame

    Returns
    -------
    DataFrame
        With the page's names.

    Examples
    --------
    >>> effect = pd.DataFrame({"variant": ["model4"], "metric": "f1", "items": 400, "value": 0.9,
    ...     "low": 0.8, "high": 0.95, "items_without": 321, "groups_without": 90,
    ...     "value_without": 0.85, "low_without": float("nan"), "high_without": float("nan")})
    >>> shown_effect(effect).iloc[0].tolist()
    ['model4', 'F1', '0.9000 [0.8000, 0.9500]', '0.8500 [그룹 부족]']
    """
    return pd.DataFrame(
        {
            "variant": effect["variant"],
            written("Metric", "지표"): effect["metric"].map(_METRICS),
            written("All items", "모든 항목"): [
                _interval(*own) for own in effect[["value", "low", "high"]].to_numpy()
            ],
            written("Without nearly equal ones", "거의 같은 항목을 뺀 나머지"): [
                _interval(*own)
                for own in effect[["value_without", "low_without", "high_without"]].to_numpy()
            ],
        }
    ).reset_index(drop=True)


def _interval(value: float, low: float, high: float) -> str:
    if pd.isna(value):
        return written("not to be had", "구할 수 없음")
    if pd.isna(low):
        return f"{value:.4f} [{written('too few groups', '그룹 부족')}]"
    return f"{value:.4f} [{low:.4f}, {high:.4f}]"


def effect_caption(modality: str) -> str:
    """Say what the rows of the table of figures with and without twins are.

    Parameters
    ----------
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> effect_caption("image")[:10]
    '이미지: 다른 쪽에'
    """
    return written(
        f"{MODALITY[modality]}: figures without the test items that have a nearly equal one elsewhere "
        "(95% CI, thresholds as they are)",
        f"{MODALITY[modality]}: 다른 쪽에 거의 같은 항목이 있는 시험 항목을 뺀 수치(95% 신뢰구간, threshold는 그대로)",
    )
