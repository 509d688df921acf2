"""What was read from somebody's table of scores, in words: columns, labels, scales, halves."""

from __future__ import annotations

import pandas as pd

from harmlib.language import Wordings, written
from harmlib.reporting.text.cited_numbers import rows
from harmlib.reporting.text.korean import MODALITY

_WHAT = Wordings(
    {
        "column": ("column", "열"),
        "label": ("label", "라벨"),
        "scale": ("scale of the scores", "점수의 척도"),
        "split": ("split", "분할"),
    }
)
_READ_AS = Wordings(
    {
        "score": ("score", "점수"),
        "label": ("label", "라벨"),
        "label2": ("second label", "두 번째 라벨"),
        "item": ("item", "항목"),
        "model": ("model", "모델"),
        "category": ("category", "카테고리"),
        "modality": ("medium", "매체"),
        "group": ("group (source)", "그룹(출처)"),
        "split": ("split", "분할"),
        "date": ("date", "날짜"),
        "slice": ("column to divide by", "따로 볼 수 있는 열"),
        "unread": ("not read", "읽지 않음"),
        "harmful": ("harmful", "유해"),
        "safe": ("safe", "안전"),
        "unknown": ("unknown (not used)", "모름(쓰지 않음)"),
        "probability": ("0 to 1 (probability)", "0~1 (확률)"),
        "percent": ("0 to 100", "0~100"),
        "logit": ("logit", "logit"),
        "levels": ("levels", "등급"),
    }
)


def shown_read_as(read_as: pd.DataFrame) -> pd.DataFrame:
    """Write what was read as what for people: what was read alike stands in one row.

    Parameters
    ----------
    read_as : DataFrame
        ``tables/read_as.csv``: what, name, read_as.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> table = pd.DataFrame({"what": "scale", "name": ["api", "own"], "read_as": "levels 0, 6"})
    >>> shown_read_as(table)
           무엇        이름     읽은 뜻
    0  점수의 척도  api, own  등급 0, 6
    """
    empty = written("(empty)", "(빈 칸)")
    named = read_as.assign(name=read_as["name"].fillna("").replace("", empty).astype(str))
    together = named.groupby(["what", "read_as"], sort=False)["name"].agg(", ".join)
    read_as = together.reset_index()
    meant = [
        " ".join([_READ_AS.get(first, first), *rest])
        for first, *rest in (str(text).split(" ", 1) for text in read_as["read_as"])
    ]
    return pd.DataFrame(
        {
            written("What", "무엇"): read_as["what"].map(_WHAT),
            written("Name", "이름"): read_as["name"],
            written("Read as", "읽은 뜻"): meant,
        }
    )


def how_judged(folds: int | None, is_fixed: bool) -> list[str]:
    """Say how items were divided between choosing a threshold and judging it.

    Parameters
    ----------
    folds : int or None
        2 where the table has no splits of its own.
    is_fixed : bool
        Whether the threshold was decided beforehand.

    Returns
    -------
    list of str

    Examples
    --------
    >>> how_judged(None, False)
    ['분할은 점수표에 적힌 대로입니다. threshold는 검증에서 고르고 시험에서 평가합니다.']
    >>> len(how_judged(2, False))
    2
    """
    if is_fixed:
        line = written(
            "The threshold was decided before these items were seen, so all of them judge it.",
            "threshold는 이 항목들을 보기 전에 정해진 것이므로, 모든 항목에서 평가합니다.",
        )
    elif folds is None:
        line = written(
            "The splits are those of the table of scores. Thresholds are chosen on validation and "
            "judged on test.",
            "분할은 점수표에 적힌 대로입니다. threshold는 검증에서 고르고 시험에서 평가합니다.",
        )
    else:
        line = written(
            "The table of scores has no splits, so its items were halved, with groups kept whole and "
            "harmful and safe ones spread evenly. A threshold chosen on one half is judged on the "
            "other, and the other way round, so each item is a test item once.",
            "점수표에 분할이 없어, 그룹을 나누지 않고 유해와 안전이 고르게 들도록 반씩 나누었습니다. 한 반에서 고른 "
            "threshold를 다른 반에서 평가하고, 거꾸로도 하므로, 모든 항목이 한 번씩 시험 항목이 됩니다.",
        )
        return [line, _one_way()]
    return [line]


def _one_way() -> str:
    """What is analysed with one half as validation and the other as test."""
    return written(
        "Curves, objectives, recall floors, other harmful shares and calibration go one way only: chosen "
        "on the first half (here called validation) and judged on the second. So their figures differ "
        "from those of section 2, which are of all items.",
        "곡선, 목적별 threshold, Recall 하한, 다른 유해 비율, 보정은 한 방향으로만 봅니다. 첫째 반(검증)에서 고르고 둘째 반(시험)에서 "
        "평가하므로, 모든 항목을 판정한 2절의 수치와 다릅니다.",
    )


def left_out_sentences(left_out: pd.DataFrame) -> list[str]:
    """Say which sections have too little.

    Parameters
    ----------
    left_out : DataFrame
        ``tables/left_out.csv``: section, harmful, safe, reason.

    Returns
    -------
    list of str

    Examples
    --------
    >>> left_out_sentences(pd.DataFrame({"section": ["fire"], "harmful": 3, "safe": 40}))
    ['fire: 유해 3개, 안전 40개로는 threshold를 고르고 잴 수 없어 분석하지 않았습니다(반마다 유해와 안전 그룹이 둘 이상 있어야 합니다).']
    """
    return [
        written(
            f"{MODALITY[one.section]}: not analysed, as {one.harmful:,} harmful and {one.safe:,} safe "
            "items don't suffice to choose and judge a threshold (each half needs two harmful and two "
            "safe groups).",
            f"{MODALITY[one.section]}: 유해 {one.harmful:,}개, 안전 {one.safe:,}개로는 threshold를 고르고 잴 수 없어 "
            "분석하지 않았습니다(반마다 유해와 안전 그룹이 둘 이상 있어야 합니다).",
        )
        for one in rows(left_out)
    ]


def read_as_caption() -> str:
    """Say what the rows of `shown_read_as` are.

    Returns
    -------
    str

    Examples
    --------
    >>> read_as_caption()
    '점수표의 열, 라벨, 점수의 척도'
    """
    return written(
        "Columns, labels and scales of the table of scores",
        "점수표의 열, 라벨, 점수의 척도",
    )
