"""The bands of new files that pass, are reviewed or blocked, in Korean: what they promise and hold."""

from __future__ import annotations

import math

import pandas as pd

from harmlib.analysis.bands import MISSED_EACH, MISSED_EITHER, Bands, Promise
from harmlib.reporting.text.korean import MODALITY, number

BANDS = {"pass": "통과", "review": "검토", "block": "차단"}
_METHODS_OF_PROMISE = {
    "learn-then-test": "Learn then Test, 분포를 가정하지 않음",
    "jackknife": "jackknife, 어림값",
}


def band_lines(bands: Bands, modality: str) -> str:
    """Say what the bands promise, and where they lie.

    Parameters
    ----------
    bands : Bands
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> band_lines(Bands(0.95, 0.9, "one_class", None, None, pd.DataFrame()), "image")
    '이미지: 검증 항목으로는 구간을 정할 수 없어 모두 사람이 검토합니다.'
    """
    if bands.state != "ok":
        return f"{MODALITY[modality]}: 검증 항목으로는 구간을 정할 수 없어 모두 사람이 검토합니다."
    parts = [
        "통과하는 구간은 없습니다"
        if bands.pass_at is None
        else f"확률 {number(bands.pass_at)} 이하는 통과합니다",
        "차단하는 구간은 없습니다"
        if bands.block_above is None
        else f"확률 {number(bands.block_above)} 초과는 차단합니다",
    ]
    held = _promised(bands, bands.promise) if bands.promise else _on_validation_only()
    lines = [
        f"{held}{'. '.join(parts)}. 하한은 Recall {number(bands.min_recall, 2)}, 차단의 Precision "
        f"{number(bands.min_precision, 2)}입니다."
    ]
    if bands.promise:
        lines += _infeasible(bands, bands.promise)
    if bands.pass_at is not None and bands.pass_at == bands.block_above:
        lines.append("두 threshold가 같아 사람이 검토할 구간이 없습니다.")
    return f"{MODALITY[modality]}: {' '.join(lines)}"


def _on_validation_only() -> str:
    each, either = (f"{low:.0%}~{high:.0%}" for low, high in (MISSED_EACH, MISSED_EITHER))
    return (
        f"두 하한은 검증 항목에서만 지켜집니다. 새 항목에서는 하한마다 모의실험의 {each}에서, 둘 가운데 적어도 하나는 "
        f"{either}에서 어긋났습니다. "
    )


def _promised(bands: Bands, promise: Promise) -> str:
    if bands.pass_at is None and bands.block_above is None:
        return ""
    return (
        f"새 그룹에서도 통과와 차단이 신뢰 수준 {promise.confidence:.0%}로 하한을 함께 지킵니다"
        f"({_METHODS_OF_PROMISE[promise.method]}, 유해 그룹 {promise.harmful_groups:,}개, epoch "
        f"{promise.candidates}개에서 고른 것을 보정, Recall과 Precision은 그룹마다 구한 값의 평균). "
    )


def _infeasible(bands: Bands, promise: Promise) -> list[str]:
    lines = []
    for name, floor, end in (
        ("Recall", bands.min_recall, bands.pass_at),
        ("Precision", bands.min_precision, bands.block_above),
    ):
        if end is None:
            text = (
                f"유해 그룹 {promise.harmful_groups:,}개로는 {name} {number(floor, 2)}을 이 신뢰 수준으로 지킬 수 "
                "있는 threshold가 없습니다"
            )
            if promise.method == "learn-then-test":
                needed = promise.needed(floor, of_precision=name == "Precision")
                text += f"(틀림이 없는 그룹이 적어도 {needed:,}개 필요합니다)"
            lines.append(f"{text}.")
    return lines


def band_comparison(validation: pd.DataFrame, here: pd.DataFrame) -> pd.DataFrame:
    """Put the shares of the bands on validation and on new files side by side.

    Parameters
    ----------
    validation, here : DataFrame
        One row per band; columns band, n, share, low, high (95 % interval of the share).

    Returns
    -------
    DataFrame
        Columns 구간, and for each of both the number of items and the share as text.

    Examples
    --------
    >>> shares = pd.DataFrame({"band": ["pass"], "n": 3, "share": 0.3, "low": 0.1, "high": 0.6})
    >>> band_comparison(shares, shares)["이 폴더 비율(95% 신뢰구간)"].tolist()
    ['30.0% (10.0% ~ 60.0%)']
    """
    columns = {"구간": validation["band"].map(BANDS).to_numpy()}
    for name, table in (("검증", validation), ("이 폴더", here)):
        columns[f"{name} 항목 수"] = table["n"].astype(int).to_numpy()
        columns[f"{name} 비율(95% 신뢰구간)"] = [
            f"{row.share:.1%} "
            + ("(신뢰구간 없음)" if math.isnan(row.low) else f"({row.low:.1%} ~ {row.high:.1%})")
            for row in table.itertuples()
        ]
    return pd.DataFrame(columns)
