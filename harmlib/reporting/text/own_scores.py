"""What was read from somebody's table of scores, in words: columns, labels, scales, thresholds."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harmlib.analysis.own_scores.scales import Scale
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
    """Write what was read as what for people.

    Parameters
    ----------
    read_as : DataFrame
        ``tables/read_as.csv``: what, name, read_as.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> shown_read_as(pd.DataFrame({"what": ["scale"], "name": ["api"], "read_as": ["levels 0, 6"]}))
           무엇   이름     읽은 뜻
    0  점수의 척도  api  등급 0, 6
    """
    meant = [
        " ".join([_READ_AS.get(first, first), *rest])
        for first, *rest in (str(text).split(" ", 1) for text in read_as["read_as"])
    ]
    names = read_as["name"].fillna("").replace("", written("(empty)", "(빈 칸)"))
    return pd.DataFrame(
        {
            written("What", "무엇"): read_as["what"].map(_WHAT),
            written("Name", "이름"): names,
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
    return [line]


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


def thresholds(points: Mapping[str, pd.DataFrame], models: pd.DataFrame) -> pd.DataFrame:
    """Collect where each model operates in each section, in its own numbers too.

    Parameters
    ----------
    points : mapping of str to DataFrame
        Operating points by section.
    models : DataFrame
        ``tables/models.csv`` by variant: scale, levels.

    Returns
    -------
    DataFrame
        section, variant, threshold (of the probability), native (above it is harmful; of levels:
        the lowest harmful level), precision, recall, f1, flagged_share (on validation).

    Examples
    --------
    >>> point = pd.DataFrame({"variant": ["api"], "chosen": True, "threshold": 0.5, "precision": 1.0,
    ...                       "recall": 0.5, "f1": 0.67, "flagged_share": 0.2})
    >>> models = pd.DataFrame({"scale": ["levels"], "levels": ["0 2 4 6"]}, index=["api"])
    >>> thresholds({"gun": point}, models)[["section", "threshold", "native"]]
      section  threshold  native
    0     gun        0.5     4.0
    """
    found = []
    for section, table in points.items():
        for one in table[table["chosen"]].itertuples():
            scale = Scale.of_model(models.loc[one.variant])
            found.append(
                {"section": section, "variant": one.variant, "threshold": one.threshold}
                | {"native": scale.native_line(one.threshold), "scale": scale.kind}
                | {
                    name: getattr(one, name)
                    for name in ("precision", "recall", "f1", "flagged_share")
                }
            )
    return pd.DataFrame(found)


def shown_thresholds(table: pd.DataFrame) -> pd.DataFrame:
    """Write the table of `thresholds` for people.

    Parameters
    ----------
    table : DataFrame
        As `thresholds` returns it.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> table = pd.DataFrame({"section": ["gun"], "native": [4.0], "scale": ["levels"]})
    >>> shown_thresholds(table)["점수표의 척도로"].tolist()
    ['등급 4 이상']
    """
    said = [
        written(f"level {one.native:g} and above", f"등급 {one.native:g} 이상")
        if one.scale == "levels"
        else written(f"above {one.native:.4g}", f"{one.native:.4g} 초과")
        for one in table.itertuples()
    ]
    shown = table.assign(
        section=table["section"].map(lambda name: MODALITY[name]), native=said
    ).drop(columns="scale")
    return shown.rename(
        columns={
            "section": written("Section", "절"),
            "native": written("In the scores' own scale", "점수표의 척도로"),
        }
    )
