"""How shards of scores were counted, and what counts can't tell, in words."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.own_scores.scales import Scale
from harmlib.analysis.score_shards.grid import DECIMALS, SIGNIFICANT, SMALLEST
from harmlib.language import Wordings, written
from harmlib.reporting.text.captions import Words
from harmlib.reporting.text.cited_numbers import rows
from harmlib.reporting.text.korean import MODALITY

_REASONS = Wordings(
    {
        "split is no known word": ("split is no known word", "분할이 아는 말이 아님"),
        "split train": ("training split, not used", "학습 분할(쓰지 않음)"),
        "label is no known word": ("label is no known word", "라벨이 아는 말이 아님"),
        "no label": ("no label", "라벨 없음"),
        "no model": ("no model named", "모델 이름 없음"),
        "no score": ("no score", "점수 없음"),
        "score is no finite number": ("score is no finite number", "점수가 유한한 수가 아님"),
        "score outside of its scale": ("score outside of its scale", "점수가 척도를 벗어남"),
    }
)


def counted_sentences(summary: pd.DataFrame) -> list[str]:
    """Say what was counted, how long it took, and where every row went.

    Parameters
    ----------
    summary : DataFrame
        ``tables/counted.csv``.

    Returns
    -------
    list of str

    Examples
    --------
    >>> summary = pd.DataFrame({"shards": [10], "unreadable": 0, "bytes": 3_000_000_000,
    ...     "rows": 1000, "used": 990, "refused": 10, "seconds": 90.0})
    >>> counted_sentences(summary)
    ['파일 10개(3.0 GB)의 1,000행을 90초 동안 한 번 읽어 세었습니다. 표 전체를 메모리에 올리지 않았습니다.', '1,000행 가운데 990행을 \
썼고, 10행은 쓰지 못했습니다.']
    """
    (one,) = rows(summary)
    shards, size = f"{one.shards:,}", f"{one.bytes / 1e9:.1f} GB"
    if one.bytes < 1e8:
        size = f"{one.bytes / 1e6:.1f} MB"
    lines = [
        written(
            f"{one.rows:,} rows of {shards} files ({size}) were read once and counted in "
            f"{one.seconds:,.0f} s. The table as a whole was never in memory.",
            f"파일 {shards}개({size})의 {one.rows:,}행을 {one.seconds:,.0f}초 동안 한 번 읽어 세었습니다. 표 전체를 메모리에 "
            "올리지 않았습니다.",
        ),
        written(
            f"Of {one.rows:,} rows {one.used:,} were used and {one.refused:,} could not be.",
            f"{one.rows:,}행 가운데 {one.used:,}행을 썼고, {one.refused:,}행은 쓰지 못했습니다.",
        ),
    ]
    if one.unreadable:
        lines.append(
            written(
                f"{one.unreadable:,} files could not be read, and nothing in them is counted: the "
                "figures are those of the others. See the folded part on what could not be used.",
                f"파일 {one.unreadable:,}개는 읽지 못해 전혀 세지 않았습니다. 수치는 나머지 파일의 것입니다. 아래 '쓰지 못한 행과 "
                "파일'에 적었습니다.",
            )
        )
    return lines


def resolution_sentences(summary: pd.DataFrame, scales: dict[str, Scale]) -> list[str]:
    """Say at which thresholds counts are exact, and what the intervals leave out at a time.

    Parameters
    ----------
    summary : DataFrame
        ``tables/counted.csv``.
    scales : dict of str to Scale
        Of each model.

    Returns
    -------
    list of str

    Examples
    --------
    >>> summary = pd.DataFrame({"thresholds": [18803], "groups": float("nan"), "blocks": 128,
    ...                         "has_splits": True})
    >>> lines = resolution_sentences(summary, {"api": Scale("probability")})
    >>> lines[0][:29]
    '확률을 threshold 18,803개에서 세었습니다'
    """
    (one,) = rows(summary)
    lines = []
    if any(scale.kind != "levels" for scale in scales.values()):
        lines.append(
            written(
                f"Probabilities were counted at {one.thresholds:,} thresholds: all with {DECIMALS} "
                f"decimals, and those with {SIGNIFICANT} significant digits next to 0 and to 1, down "
                f"to a distance of 1e-{SMALLEST}. Counts and rates at these are exact; a threshold "
                "between two of them can't be asked for. AP, AUC and calibration take the scores "
                "between two neighbours as equal.",
                f"확률을 threshold {one.thresholds:,}개에서 세었습니다. 소수 {DECIMALS}자리의 모든 값과, 0과 1 가까이에서는 유효숫자 "
                f"{SIGNIFICANT}자리의 값(거리 1e-{SMALLEST}까지)입니다. 이 값에서의 개수와 비율은 정확하고, 두 값 사이의 "
                "threshold는 물을 수 없습니다. AP와 AUC, 보정은 두 값 사이의 점수를 같은 것으로 봅니다.",
            )
        )
    if pd.isna(one.groups):
        each = "in each split" if one.has_splits else "in both halves together"
        of = "분할마다" if one.has_splits else "두 절반을 합쳐"
        lines.append(
            written(
                f"There are more groups than blocks, so a hash of a group's name dealt them into "
                f"{one.blocks:,} blocks {each}; intervals leave out a block at a time (Kott 2001). "
                "Where this page counts groups, it counts these blocks.",
                f"그룹이 묶음보다 많아, 그룹 이름의 해시로 {of} 묶음 {one.blocks:,}개에 나누어 담았습니다. 신뢰구간은 묶음을 하나씩 빼며 "
                "구합니다(Kott 2001). 이 페이지에서 그룹 수라고 적은 것은 이 묶음의 수입니다.",
            )
        )
    else:
        lines.append(
            written(
                f"The {one.groups:,.0f} groups are few enough to be known one by one: intervals leave "
                "out each, as they do of a table that is read whole.",
                f"그룹이 {one.groups:,.0f}개로 많지 않아 하나씩 구분합니다. 신뢰구간은 표를 통째로 읽을 때처럼 그룹을 하나씩 빼며 구합니다.",
            )
        )
    return lines


def splits_sentence(summary: pd.DataFrame, *, is_fixed: bool) -> str:
    """Say how rows were divided between choosing a threshold and judging it.

    Parameters
    ----------
    summary : DataFrame
        ``tables/counted.csv``.
    is_fixed : bool
        Whether the threshold was decided beforehand.

    Returns
    -------
    str

    Examples
    --------
    >>> splits_sentence(pd.DataFrame({"has_splits": [True]}), is_fixed=False)
    '분할은 점수표에 적힌 대로입니다. threshold는 검증에서 고르고 시험에서 평가합니다.'
    """
    (one,) = rows(summary)
    how = (
        written("The splits are those of the table.", "분할은 점수표에 적힌 대로입니다.")
        if one.has_splits
        else written(
            "The table has no splits: whole groups were dealt into two halves, of which one is here "
            "called validation, the other test.",
            "점수표에 분할이 없어 그룹을 통째로 두 절반에 나누었습니다. 한 절반을 검증, 다른 절반을 시험이라고 부릅니다.",
        )
    )
    if is_fixed:
        then = written(
            "The operating threshold was decided beforehand; it is judged on test.",
            "운영 threshold는 미리 정해진 것이며, 시험에서 평가합니다.",
        )
    else:
        then = written(
            "Thresholds are chosen on validation and judged on test.",
            "threshold는 검증에서 고르고 시험에서 평가합니다.",
        )
    return f"{how} {then}"


def unchecked_sentences() -> list[str]:
    """Say what a single pass over counts can't check or tell.

    Returns
    -------
    list of str

    Examples
    --------
    >>> len(unchecked_sentences())
    3
    """
    return [
        written(
            "Whether an item occurs twice, or a group in both splits, was not checked: that needs all "
            "names in memory. Items that occur twice count twice, and make intervals too narrow.",
            "같은 항목이 두 번 나오는지, 한 그룹이 두 분할에 걸치는지는 확인하지 않았습니다. 모든 이름을 메모리에 두어야 하기 때문입니다. 두 번 "
            "나온 항목은 두 번 세며, 신뢰구간이 지나치게 좁아집니다.",
        ),
        written(
            "Models are compared on the same items only if each row holds the scores of all of them.",
            "모델들은 한 행에 모든 모델의 점수가 있을 때만 같은 항목에서 비교됩니다.",
        ),
        written(
            "Counts tell nothing of single items: there are no wrong items, slices, labels in doubt, "
            "McNemar tests or recall floors by group. For these, analyse a sample of the items.",
            "개수로는 항목 하나하나를 알 수 없습니다. 틀린 항목, 열별 비교, 의심되는 라벨, McNemar 검정, 그룹별 Recall 하한은 없습니다. "
            "필요하면 일부 항목만 뽑아 분석하십시오.",
        ),
    ]


def shown_refused(refused: pd.DataFrame) -> pd.DataFrame:
    """Write the rows that were not counted for people: why, how many, where the first ones are.

    Parameters
    ----------
    refused : DataFrame
        ``tables/refused.csv``.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> table = pd.DataFrame({"reason": ["no label"], "model": "", "rows": 3, "first_file": "a",
    ...                       "first_row": 2, "examples": "a:2"})
    >>> shown_refused(table).to_numpy().tolist()
    [['라벨 없음', '', 3, 'a:2']]
    """
    return pd.DataFrame(
        {
            written("Reason", "이유"): refused["reason"].map(_REASONS),
            written("Model", "모델"): refused["model"].fillna(""),
            written("Rows", "행 수"): refused["rows"],
            written("The first (file:row value)", "처음 나온 곳(파일:행 값)"): refused["examples"],
        }
    )


def refused_caption() -> str:
    """Say what the rows of `shown_refused` are.

    Returns
    -------
    str

    Examples
    --------
    >>> refused_caption()
    '쓰지 못한 행과 그 이유'
    """
    return written("Rows that could not be used, and why", "쓰지 못한 행과 그 이유")


def unreadable_caption() -> str:
    """Say what the table of files that can't be read holds.

    Returns
    -------
    str

    Examples
    --------
    >>> unreadable_caption()
    '읽지 못한 파일과 그 이유'
    """
    return written("Files that could not be read, and why", "읽지 못한 파일과 그 이유")


def unused_brief(summary: pd.DataFrame) -> str:
    """Say in one sentence how many rows and files could not be used.

    Parameters
    ----------
    summary : DataFrame
        ``tables/counted.csv``.

    Returns
    -------
    str

    Examples
    --------
    >>> unused_brief(pd.DataFrame({"refused": [10], "unreadable": 1}))
    '쓰지 못한 행 10개, 읽지 못한 파일 1개.'
    """
    (one,) = rows(summary)
    return written(
        f"{one.refused:,} rows could not be used, {one.unreadable:,} files not be read.",
        f"쓰지 못한 행 {one.refused:,}개, 읽지 못한 파일 {one.unreadable:,}개.",
    )


def reliability_brief() -> str:
    """Say what the folded part on calibration holds.

    Returns
    -------
    str

    Examples
    --------
    >>> reliability_brief()
    '예측 확률과 실제 유해 비율을 다섯 구간에서 견줍니다.'
    """
    return written(
        "Predicted probabilities against the observed share of harmful items, in five bins.",
        "예측 확률과 실제 유해 비율을 다섯 구간에서 견줍니다.",
    )


def f1_bands(section: str) -> Words:
    """Describe F1 along the thresholds with its band.

    Parameters
    ----------
    section : str

    Returns
    -------
    Words

    Examples
    --------
    >>> f1_bands("image").alt
    '이미지 모델별 threshold에 따른 검증 F1과 95% 신뢰구간.'
    """
    name = MODALITY[section]
    return Words(
        written(
            f"{name}: F1 of each model on validation along the threshold, with its 95% CI.",
            f"{name} 모델별 threshold에 따른 검증 F1과 95% 신뢰구간.",
        ),
        written(
            f"{name}: the blue band is the 95% CI of F1 at one threshold at a time. With many items it "
            "is hardly wider than the line.",
            f"{name}: 파란 띠는 threshold 하나하나에서 본 F1의 95% 신뢰구간입니다. 항목이 많으면 선의 폭만큼 좁습니다.",
        ),
    )


def distribution_brief() -> str:
    """Say what the folded part on the scores' distribution holds.

    Returns
    -------
    str

    Examples
    --------
    >>> distribution_brief()
    '검증의 유해, 안전 항목이 어느 점수에 몰려 있는지 보여줍니다.'
    """
    return written(
        "Where harmful and safe items of validation score.",
        "검증의 유해, 안전 항목이 어느 점수에 몰려 있는지 보여줍니다.",
    )


def differences_caption(section: str) -> str:
    """Say what the rows of the table of pairs are.

    Parameters
    ----------
    section : str

    Returns
    -------
    str

    Examples
    --------
    >>> differences_caption("image")
    '이미지: 모든 쌍의 시험 F1 비교(차이, 95% 신뢰구간, 모든 쌍을 함께 보정한 구간)'
    """
    name = MODALITY[section]
    return written(
        f"{name}: all pairs compared by F1 on test (difference, 95% CI, interval corrected for all pairs)",
        f"{name}: 모든 쌍의 시험 F1 비교(차이, 95% 신뢰구간, 모든 쌍을 함께 보정한 구간)",
    )
