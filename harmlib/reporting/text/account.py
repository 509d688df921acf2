"""Where every file went, and how far the lost ones could move the figures.

The tables are those of `harmlib.analysis.account`.
"""

from __future__ import annotations

from functools import reduce
from operator import add

import pandas as pd

from harmlib.language import Wordings, written
from harmlib.reporting.text.cited_numbers import Row, row, rows
from harmlib.reporting.text.korean import LABEL, MODALITY, SPLIT, model_name, number, particle

METRICS = Wordings(
    {
        "recall": ("Recall", "Recall"),
        "precision": ("Precision", "Precision"),
        "f1": ("F1", "F1"),
        "accuracy": ("Accuracy", "정확도"),
    }
)

_LOSSES = Wordings(
    {
        "left_out": ("Left out by ratio", "비율로 뺌"),
        "unusable": ("Left out when checked", "확인에서 제외"),
        "failed": ("Left out at extraction", "추출에서 제외"),
    }
)


def account_sentence(account: pd.DataFrame, modality: str) -> str:
    """Say that files in = files used + files in the ledger, with the numbers.

    Parameters
    ----------
    account : DataFrame
        Of `account`, with at least one row of the modality.
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"modality": "video", "label": [1, 0], "split": "test", "files": [3, 4],
    ...                       "left_out": 0, "unusable": 0, "failed": [1, 0], "used": [2, 4]})
    >>> account_sentence(table, "video")
    '비디오는 들어온 파일 7개 = 쓴 파일 6개 + 쓰지 못한 파일 1개로 합이 맞습니다. 어느 단계에서도 사라진 파일이 없습니다.'
    """
    own = account[account["modality"] == modality]
    files, used, left_out = (_sum(own, name) for name in ("files", "used", "left_out"))
    lost = _sum(own, "unusable") + _sum(own, "failed")
    name = MODALITY[modality]
    text = written(
        f"{name}: {files:,} files in = {used:,} used + {lost:,} unusable",
        f"{particle(name, '은/는')} 들어온 파일 {files:,}개 = 쓴 파일 {used:,}개 + 쓰지 못한 파일 {lost:,}개",
    )
    if left_out:
        text += written(
            f" + {left_out:,} left out to fit the ratio",
            f" + 비율을 맞추려고 뺀 파일 {left_out:,}개",
        )
    return text + written(
        ": the sum is right. No file vanished at any step.",
        "로 합이 맞습니다. 어느 단계에서도 사라진 파일이 없습니다.",
    )


def _sum(table: pd.DataFrame, column: str) -> float:
    """The sum of a column, which cites all its cells."""
    total: float = reduce(add, (one[column] for one in rows(table)))
    return total


def shown_account(account: pd.DataFrame) -> pd.DataFrame:
    """Take what the report shows of the account; rows and losses without a file are left out.

    Parameters
    ----------
    account : DataFrame

    Returns
    -------
    DataFrame
        With the page's names.

    Examples
    --------
    >>> table = pd.DataFrame({"modality": ["video"], "label": 1, "split": "unknown", "files": 2,
    ...                       "left_out": 0, "unusable": 2, "failed": 0, "used": 0,
    ...                       "scored": pd.array([pd.NA], "Int64"), "state": "ok"})
    >>> shown_account(table)[["종류", "라벨", "분할", "합"]].iloc[0].tolist()
    ['비디오', '유해', '정해지기 전', '맞음']
    """
    own = account[account["files"] > 0].astype({"scored": "Int64"})  # a CSV file has 31.0
    shown = pd.DataFrame(
        {
            written("Kind", "종류"): own["modality"].map(MODALITY.__getitem__),
            written("Label", "라벨"): own["label"].map(LABEL),
            written("Split", "분할"): own["split"].map(
                {**SPLIT, "unknown": written("not yet known", "정해지기 전")}
            ),
            written("Files in", "들어온 파일"): own["files"],
            **{name: own[column] for column, name in _LOSSES.items() if own[column].any()},
            written("Used", "쓴 파일"): own["used"],
            written("Scored", "점수를 낸 파일"): own["scored"],
            written("Sum", "합"): own["state"]
            .map({"ok": written("right", "맞음")})
            .fillna(written("wrong", "안 맞음")),
        }
    )
    return shown.reset_index(drop=True)


def lost_sentences(bounds: pd.DataFrame, modality: str, variant: str) -> list[str]:
    """Say how far the test figures could move if every lost file had been judged wrongly.

    Parameters
    ----------
    bounds : DataFrame
        Of `lost_bounds`.
    modality : str
    variant : str
        The variant that the sentence is about.

    Returns
    -------
    list of str
        One sentence per reading of what was lost, or one that nothing was.

    Examples
    --------
    >>> lost_sentences(pd.DataFrame({"variant": []}), "video", "model4")
    ['비디오는 시험 분할에 들어갈 수 있었던 파일을 하나도 잃지 않아, 잃은 파일 때문에 시험 수치가 달라질 여지가 없습니다.']
    """
    own = bounds[bounds["variant"] == variant]
    if own.empty:
        name = MODALITY[modality]
        return [
            written(
                f"{name}: no file that could have been in the test split was lost, so nothing lost "
                "could move the test figures.",
                f"{particle(name, '은/는')} 시험 분할에 들어갈 수 있었던 파일을 하나도 잃지 않아, 잃은 파일 때문에 시험 "
                "수치가 달라질 여지가 없습니다.",
            )
        ]
    return [_reading(reading, modality, variant) for _, reading in own.groupby("lost", sort=False)]


def _reading(own: pd.DataFrame, modality: str, variant: str) -> str:
    first = next(rows(own))
    ends = ", ".join(moved(name, row(own, "metric", metric)) for metric, name in METRICS.items())
    what = written(
        "every file lost before its split was known had belonged to test, and these and the lost ones "
        "of test",
        "분할이 정해지기 전에 잃은 파일까지 모두 시험 분할의 것으로 보고, 그 파일",
    )
    if first.lost == "test":
        what = written("every file lost from the test split", "시험 분할에서 잃은 파일")
    return written(
        f"{MODALITY[modality]}: if {what} ({first.harmful:,} harmful, {first.safe:,} safe) had been "
        f"judged wrongly, the test figures of {model_name(variant)} could go down: {ends}.",
        f"{MODALITY[modality]}: {what}(유해 {first.harmful:,}개, 안전 {first.safe:,}개)을 모두 잘못 판정했다면(유해는 "
        f"미탐, 안전은 오탐) {model_name(variant)}의 시험 수치는 {ends}까지 낮아질 수 있습니다.",
    )


def moved(name: str, one: Row) -> str:
    """Say from where to where a figure could move.

    Parameters
    ----------
    name : str
        The figure's.
    one : Row
        With value and low.

    Returns
    -------
    str

    Examples
    --------
    >>> moved("F1", next(rows(pd.DataFrame({"value": [0.8], "low": 0.7}))))
    'F1은 0.8000에서 0.7000'
    """
    return written(
        f"{name} from {number(one.value)} to {number(one.low)}",
        f"{particle(name, '은/는')} {number(one.value)}에서 {number(one.low)}",
    )


def shown_bounds(bounds: pd.DataFrame) -> pd.DataFrame:
    """Take what the report shows of the bounds: every variant, what was lost in all.

    Parameters
    ----------
    bounds : DataFrame
        Of `lost_bounds`.

    Returns
    -------
    DataFrame
        With the page's names; without rows where nothing was lost.

    Examples
    --------
    >>> table = pd.DataFrame({"variant": ["model4"], "lost": "all", "harmful": 2, "safe": 0,
    ...                       "metric": "recall", "value": 0.8, "low": 0.7, "high": 0.9})
    >>> shown_bounds(table)[["variant", "지표"]].iloc[0].tolist()
    ['model4', 'Recall']
    """
    own = bounds[bounds["lost"] == "all"]
    return pd.DataFrame(
        {
            "variant": own["variant"],
            written("Metric", "지표"): own["metric"].map(METRICS),
            written("Test", "시험"): own["value"],
            written("If all were judged wrongly", "모두 잘못 판정했다면"): own["low"],
            written("If all were judged rightly", "모두 맞게 판정했다면"): own["high"],
        }
    ).reset_index(drop=True)
