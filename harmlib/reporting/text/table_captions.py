"""Captions of tables that only 05_report shows."""

from __future__ import annotations

from harmlib.language import written
from harmlib.reporting.text.korean import MODALITY, model_name


def validation(variant: str, modality: str) -> str:
    """Say that the rows of a table are one model's results on validation.

    Parameters
    ----------
    variant : str
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> validation("model2", "video")
    '비디오 Model 2: 검증 결과'
    """
    name = f"{MODALITY[modality]} {model_name(variant)}"
    return written(f"{name}: on validation", f"{name}: 검증 결과")


def audit() -> str:
    """Say what the table of the audit's confusion matrices holds.

    Returns
    -------
    str

    Examples
    --------
    >>> audit()
    '이전 보고서의 수치에서 되찾은 혼동 행렬(가장 작은 평가 집합)'
    """
    return written(
        "Confusion matrices found from the earlier report's figures (smallest evaluation set)",
        "이전 보고서의 수치에서 되찾은 혼동 행렬(가장 작은 평가 집합)",
    )


def lost(modality: str) -> str:
    """Say that the rows of a table are bounds of the figures on test.

    Parameters
    ----------
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> lost("video")
    '비디오: 잃은 파일에 따른 시험 수치의 범위'
    """
    return written(
        f"{MODALITY[modality]}: where the figures on test could lie for the lost files",
        f"{MODALITY[modality]}: 잃은 파일에 따른 시험 수치의 범위",
    )


def ledger() -> str:
    """Say that the rows of a table are files that could not be used.

    Returns
    -------
    str

    Examples
    --------
    >>> ledger()
    '쓰지 못한 파일(앞의 일부, 전체는 ledger.csv)'
    """
    return written(
        "Files that could not be used (the first of them; all are in ledger.csv)",
        "쓰지 못한 파일(앞의 일부, 전체는 ledger.csv)",
    )


def nearly_equal(modality: str) -> str:
    """Name the pictures of pairs that are nearly the same.

    Parameters
    ----------
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> nearly_equal("video")
    '비디오: 거의 같은 쌍'
    """
    return written(
        f"{MODALITY[modality]}: nearly equal pairs", f"{MODALITY[modality]}: 거의 같은 쌍"
    )


def effects(modality: str) -> str:
    """Say that the rows of a table are the effects of changes.

    Parameters
    ----------
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> effects("video")
    '비디오: 변경마다 F1에 준 효과와 95% 신뢰구간'
    """
    return written(
        f"{MODALITY[modality]}: effect of each change on F1, with 95% intervals",
        f"{MODALITY[modality]}: 변경마다 F1에 준 효과와 95% 신뢰구간",
    )
