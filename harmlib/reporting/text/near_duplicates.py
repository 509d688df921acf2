"""Files that are nearly the same across splits, in Korean: sentences, tables, what is shown.

The tables are those of `harmlib.analysis.near_duplicates`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.reporting.text.cited_numbers import Row, count, row, rows
from harmlib.reporting.text.korean import (
    LABEL,
    MODALITY,
    SPLIT,
    backbone_name,
    model_name,
    number,
    particle,
)

_METRICS = {"precision": "Precision", "recall": "Recall", "f1": "F1"}
_RULES = {"hash": "해시", "cosine": "벡터", "both": "해시와 벡터"}
_SHOWN_ROWS = 20
SEARCH_LIMITS = (
    "해시는 크기, 밝기, 압축이 달라도 찾지만, 잘라내거나 뒤집은 사진과 앞부분을 자른 비디오는 놓칠 수 "
    "있습니다. 배경이 고정된 카메라에서는 다른 장면도 거의 같다고 나올 수 있습니다."
)


def equal_files_sentence(manifest: pd.DataFrame, modality: str) -> str:
    """Say what became of files of equal content.

    Parameters
    ----------
    manifest : DataFrame
        Columns modality and sha256.
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> equal_files_sentence(pd.DataFrame({"modality": ["image"] * 3, "sha256": list("aab")}), "image")
    '이미지: 내용이 똑같은 파일은 2개이며, 항상 같은 분할에 둡니다.'
    """
    own = manifest[manifest["modality"] == modality]
    equal = own[own["sha256"].duplicated(keep=False)]
    if equal.empty:
        return f"{MODALITY[modality]}: 내용이 똑같은 파일은 없습니다."
    return f"{MODALITY[modality]}: 내용이 똑같은 파일은 {count(equal):,}개이며, 항상 같은 분할에 둡니다."


def search_sentences(search: pd.DataFrame, modality: str) -> list[str]:
    """Say how near-duplicates were looked for, and what was not compared.

    Parameters
    ----------
    search : DataFrame
        Of `near_duplicates`, one row per rule.
    modality : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> search = pd.DataFrame({"rule": ["hash", "cosine"], "state": ["searched", "untrained"],
    ...     "threshold": [31, 0.95], "backbones": "", "items": 400, "comparable": [390, 0],
    ...     "compared": [390, 0], "comparisons": [50000, 0], "pairs": [7, 0]})
    >>> for sentence in search_sentences(search, "image"):
    ...     print(sentence)
    이미지: 해시(256비트)의 차이가 31비트 이하인 쌍 7개를 찾았습니다(비교 50,000번). 세부가 거의 없어 해시가 없는 10개는 비교하지 못했습니다.
    이미지: 학습된 백본이 없어 벡터의 코사인은 쓰지 않았습니다. 학습되지 않은 백본의 벡터가 비슷하다는 것은 뜻이 없습니다.
    """
    return [f"{MODALITY[modality]}: {_searched(one)}" for one in rows(search)]


def _searched(one: Row) -> str:
    if one.state == "off":
        return f"{_RULES[one.rule]} 비교는 설정에서 껐습니다."
    if one.state == "untrained":
        return (
            "학습된 백본이 없어 벡터의 코사인은 쓰지 않았습니다. 학습되지 않은 백본의 벡터가 비슷하다는 것은 "
            "뜻이 없습니다."
        )
    if one.state == "no hash":
        return "해시를 구할 만큼 세부가 있는 파일이 하나도 없어 해시로는 비교하지 못했습니다."
    lacking = one["items"] - one.comparable
    if one.rule == "hash":
        text = f"해시(256비트)의 차이가 {one.threshold:,}비트 이하인 쌍 "
        rest = (
            f" 세부가 거의 없어 해시가 없는 {lacking:,}개는 비교하지 못했습니다." if lacking else ""
        )
    else:
        names = ", ".join(backbone_name(name) for name in str(one.backbones).split(", "))
        text, rest = f"{names} 벡터(표준화)의 코사인이 {one.threshold:.3g} 이상인 쌍 ", ""
    text += f"{one.pairs:,}개를 찾았습니다(비교 {one.comparisons:,}번)."
    if one.state == "bounded":
        rest += (
            f" 비교 횟수의 한도(near_duplicates.max_comparisons) 때문에 {one.comparable:,}개 가운데 "
            f"{one.compared:,}개만 나머지 전부와 비교했으므로, 찾지 못한 쌍이 있을 수 있습니다."
        )
    return text + rest


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
        where = "그룹" if folds else "분할"
        return [f"{name}: 서로 다른 {where}에 걸친 거의 같은 쌍은 찾지 못했습니다."]
    one = row(effect[effect["variant"] == variant], "metric", "f1")
    twins = one["items"] - one.items_without
    judged, where = ("판정한", "그룹") if folds else ("시험", "분할")
    lines = []
    if twins:
        lines.append(
            f"{name}: {judged} 항목 {one['items']:,}개 가운데 {twins:,}개는 다른 {where}에 거의 같은 항목이 있어 처음 "
            f"보는 것이 아닙니다. {_without(one, model_name(variant))}"
        )
    else:
        lines.append(
            f"{name}: 거의 같은 쌍은 학습과 검증 사이에만 있어 시험 수치에는 영향이 없습니다. threshold를 고른 검증 "
            "수치는 실제보다 좋아 보일 수 있습니다."
        )
    doubtful = pairs[pairs["label_a"] != pairs["label_b"]]
    if len(doubtful):
        lines.append(
            f"{name}: 항목마다 가장 가까운 짝만 남긴 {count(pairs):,}쌍 가운데 {count(doubtful):,}쌍은 라벨이 서로 다릅니다. "
            "라벨이 잘못되었거나 같은 배경의 다른 장면이므로 먼저 확인해야 합니다."
        )
    return [
        *lines,
        f"{name}: 원본이 같은 파일이라면 CSV의 group 열에 같은 이름을 적어 다시 실행하면 한 분할에 모입니다.",
    ]


def _without(one: Row, model: str) -> str:
    if pd.isna(one.value_without):
        return f"이 항목을 빼면 남는 항목으로는 {model}의 F1을 구할 수 없습니다."
    before, after = number(one.value), number(one.value_without)
    if pd.isna(one.low_without):
        return (
            f"이 항목을 빼면 {model}의 F1은 {before}에서 {particle(after, '으로/로')} 바뀌지만, 남은 그룹이 적어(한 "
            f"클래스에 {one.groups_without:,}개, {MIN_GROUPS}개가 필요) 신뢰구간은 구할 수 없습니다."
        )
    first = "" if pd.isna(one.low) else f" [{number(one.low)}, {number(one.high)}]"
    return (
        f"이 항목을 빼면 {model}의 F1은 {before}{first}에서 {after} [{number(one.low_without)}, "
        f"{number(one.high_without)}]으로 바뀝니다(95% 신뢰구간)."
    )


def shown_effect(effect: pd.DataFrame) -> pd.DataFrame:
    """Take what the report shows of `figures_without`.

    Parameters
    ----------
    effect : DataFrame

    Returns
    -------
    DataFrame
        With Korean names.

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
            "지표": effect["metric"].map(_METRICS),
            "모든 항목": [_interval(*own) for own in effect[["value", "low", "high"]].to_numpy()],
            "거의 같은 항목을 뺀 나머지": [
                _interval(*own)
                for own in effect[["value_without", "low_without", "high_without"]].to_numpy()
            ],
        }
    ).reset_index(drop=True)


def _interval(value: float, low: float, high: float) -> str:
    if pd.isna(value):
        return "구할 수 없음"
    return f"{value:.4f} [그룹 부족]" if pd.isna(low) else f"{value:.4f} [{low:.4f}, {high:.4f}]"


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
    return f"{MODALITY[modality]}: 다른 쪽에 거의 같은 항목이 있는 시험 항목을 뺀 수치(95% 신뢰구간, threshold는 그대로)"


def shown_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Take the first rows of the pairs for people.

    Parameters
    ----------
    pairs : DataFrame

    Returns
    -------
    DataFrame
        With Korean names.

    Examples
    --------
    >>> pairs = pd.DataFrame({"item_a": ["a.jpg"], "item_b": ["b.jpg"], "split_a": ["test"],
    ...     "split_b": ["train"], "label_a": [1], "label_b": [0], "hash_distance": [2.0],
    ...     "cosine": [float("nan")], "rule": ["hash"]})
    >>> shown_pairs(pairs).iloc[0].tolist()
    ['a.jpg', '시험', '유해', 'b.jpg', '학습', '안전', '2', '–', '해시']
    """
    own = pairs.head(_SHOWN_ROWS)
    return pd.DataFrame(
        {
            "항목": own["item_a"],
            "분할": own["split_a"].map(SPLIT),
            "라벨": own["label_a"].map(LABEL),
            "거의 같은 항목": own["item_b"],
            "그 분할": own["split_b"].map(SPLIT),
            "그 라벨": own["label_b"].map(LABEL),
            "해시 거리": own["hash_distance"].map("{:.3g}".format).replace("nan", "–"),
            "코사인": own["cosine"].map("{:.3f}".format).replace("nan", "–"),
            "찾은 규칙": own["rule"].map(_RULES),
        }
    ).reset_index(drop=True)


def pairs_caption(modality: str) -> str:
    """Say what the rows of the table of pairs are.

    Parameters
    ----------
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> pairs_caption("image")[:12]
    '이미지: 거의 같은 쌍'
    """
    return (
        f"{MODALITY[modality]}: 거의 같은 쌍(처음 {_SHOWN_ROWS}개, 라벨이 다른 것부터). 항목마다 가장 가까운 몇 쌍씩 "
        f"tables/near_duplicates_{modality}.csv에 있습니다."
    )


def pictured_pairs(pairs: pd.DataFrame, each: int) -> pd.DataFrame:
    """Choose the pairs whose pictures are shown: the nearest, each item once.

    Parameters
    ----------
    pairs : DataFrame
        Sorted, as `near_duplicates` returns them.
    each : int
        How many of different labels, and how many of equal ones.

    Returns
    -------
    DataFrame
        Rows of `pairs`, which keep their index.

    Examples
    --------
    >>> pairs = pd.DataFrame({"item_a": list("aab"), "item_b": list("xyx"), "label_a": 1,
    ...                       "label_b": [0, 0, 1]})
    >>> pictured_pairs(pairs, 2).index.tolist()
    [0, 2]
    """
    differs = pairs["label_a"] != pairs["label_b"]
    chosen = []
    for mask in (differs, ~differs):
        seen: set[str] = set()
        own: list[int] = []
        for label, a, b in pairs.loc[mask, ["item_a", "item_b"]].itertuples():
            if len(own) < each and not {a, b} & seen:
                own.append(label)
                seen |= {a, b}
        chosen += own
    return pairs.loc[chosen]
