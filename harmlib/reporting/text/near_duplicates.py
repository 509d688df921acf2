"""Files that are nearly the same across splits: sentences, tables, what is shown.

The tables are those of `harmlib.analysis.near_duplicates`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import Wordings, written
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
_RULES = Wordings(
    {
        "hash": ("hash", "해시"),
        "cosine": ("vector", "벡터"),
        "both": ("hash and vector", "해시와 벡터"),
    }
)
_SHOWN_ROWS = 20


def search_limits() -> str:
    """Say what the search can't find.

    Returns
    -------
    str

    Examples
    --------
    >>> search_limits()[:24]
    '해시는 크기, 밝기, 압축이 달라도 찾지만,'
    """
    return written(
        "Hashes find pictures of another size, brightness or compression, but may miss cropped or "
        "mirrored ones and videos whose beginning was cut off. With a fixed camera, different scenes "
        "may count as nearly the same.",
        "해시는 크기, 밝기, 압축이 달라도 찾지만, 잘라내거나 뒤집은 사진과 앞부분을 자른 비디오는 놓칠 수 "
        "있습니다. 배경이 고정된 카메라에서는 다른 장면도 거의 같다고 나올 수 있습니다.",
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
        return written(
            f"{MODALITY[modality]}: no files of equal content.",
            f"{MODALITY[modality]}: 내용이 똑같은 파일은 없습니다.",
        )
    return written(
        f"{MODALITY[modality]}: {count(equal):,} files share their content with another; these are "
        "always in one split.",
        f"{MODALITY[modality]}: 내용이 똑같은 파일은 {count(equal):,}개이며, 항상 같은 분할에 둡니다.",
    )


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
        return written(
            f"comparing by {_RULES[one.rule]} is turned off in the settings.",
            f"{_RULES[one.rule]} 비교는 설정에서 껐습니다.",
        )
    if one.state == "untrained":
        return written(
            "no backbone is trained, so the cosine of vectors was not used. That vectors of untrained "
            "backbones are alike means nothing.",
            "학습된 백본이 없어 벡터의 코사인은 쓰지 않았습니다. 학습되지 않은 백본의 벡터가 비슷하다는 것은 뜻이 "
            "없습니다.",
        )
    if one.state == "no hash":
        return written(
            "no file has enough detail for a hash, so none were compared by it.",
            "해시를 구할 만큼 세부가 있는 파일이 하나도 없어 해시로는 비교하지 못했습니다.",
        )
    lacking = one["items"] - one.comparable
    if one.rule == "hash":
        text = written(
            f"{one.pairs:,} pairs found whose hashes (256 bits) differ in at most {one.threshold:,} "
            f"bits ({one.comparisons:,} comparisons).",
            f"해시(256비트)의 차이가 {one.threshold:,}비트 이하인 쌍 {one.pairs:,}개를 찾았습니다(비교 "
            f"{one.comparisons:,}번).",
        )
        rest = written(
            f" {lacking:,} have too little detail for a hash and were not compared.",
            f" 세부가 거의 없어 해시가 없는 {lacking:,}개는 비교하지 못했습니다.",
        )
        text += rest if lacking else ""
    else:
        names = ", ".join(backbone_name(name) for name in str(one.backbones).split(", "))
        text = written(
            f"{one.pairs:,} pairs found whose vectors ({names}, standardised) have a cosine of at "
            f"least {one.threshold:.3g} ({one.comparisons:,} comparisons).",
            f"{names} 벡터(표준화)의 코사인이 {one.threshold:.3g} 이상인 쌍 {one.pairs:,}개를 찾았습니다(비교 "
            f"{one.comparisons:,}번).",
        )
    if one.state == "bounded":
        text += written(
            f" Because of near_duplicates.max_comparisons only {one.compared:,} of "
            f"{one.comparable:,} were compared with all others, so pairs may have been missed.",
            f" 비교 횟수의 한도(near_duplicates.max_comparisons) 때문에 {one.comparable:,}개 가운데 "
            f"{one.compared:,}개만 나머지 전부와 비교했으므로, 찾지 못한 쌍이 있을 수 있습니다.",
        )
    return text


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


def shown_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Take the first rows of the pairs for people.

    Parameters
    ----------
    pairs : DataFrame

    Returns
    -------
    DataFrame
        With the page's names.

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
            written("Item", "항목"): own["item_a"],
            written("Split", "분할"): own["split_a"].map(SPLIT),
            written("Label", "라벨"): own["label_a"].map(LABEL),
            written("Nearly equal item", "거의 같은 항목"): own["item_b"],
            written("Its split", "그 분할"): own["split_b"].map(SPLIT),
            written("Its label", "그 라벨"): own["label_b"].map(LABEL),
            written("Hash distance", "해시 거리"): _numbers(own["hash_distance"], "{:.3g}"),
            written("Cosine", "코사인"): _numbers(own["cosine"], "{:.3f}"),
            written("Found by", "찾은 규칙"): own["rule"].map(_RULES),
        }
    ).reset_index(drop=True)


def _numbers(values: pd.Series, form: str) -> pd.Series:
    return values.map(form.format).replace("nan", "–")


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
    return written(
        f"{MODALITY[modality]}: nearly equal pairs (the first {_SHOWN_ROWS}, different labels first). "
        f"The nearest few of each item are in tables/near_duplicates_{modality}.csv.",
        f"{MODALITY[modality]}: 거의 같은 쌍(처음 {_SHOWN_ROWS}개, 라벨이 다른 것부터). 항목마다 가장 가까운 몇 쌍씩 "
        f"tables/near_duplicates_{modality}.csv에 있습니다.",
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
