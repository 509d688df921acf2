"""Pairs of files that are nearly the same: the table of them, and those whose pictures are shown.

The tables are those of `harmlib.analysis.near_duplicates`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.language import written
from harmlib.reporting.text.korean import LABEL, MODALITY, SPLIT
from harmlib.reporting.text.near_duplicate_search import RULES

_SHOWN_ROWS = 20


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
            written("Found by", "찾은 규칙"): own["rule"].map(RULES),
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
