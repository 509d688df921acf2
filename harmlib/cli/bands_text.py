"""What `harmlib predict --bands` says of its bands before it begins."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harmlib.analysis.bands import MISSED_EACH, MISSED_EITHER, Bands, Promise
from harmlib.cli.cells import left
from harmlib.language import told


def bands_lines(modality: str, bands: Bands) -> Iterator[str]:
    """Say what the bands promise, where they lie, and how much of validation lies in each.

    Parameters
    ----------
    modality : str
    bands : Bands

    Yields
    ------
    str
    """
    for line in _promise(bands, bands.promise) if bands.promise else _no_promise():
        yield f"{modality}: {line}"
    yield told(
        f"{modality}: pass up to {bands.pass_at}, block above {bands.block_above} ({bands.state}; "
        f"recall {bands.min_recall}, precision {bands.min_precision})",
        f"{modality}: {bands.pass_at} 이하는 통과, {bands.block_above} 초과는 차단({bands.state}, "
        f"Recall {bands.min_recall}, Precision {bands.min_precision})",
    )
    names = {
        "pass": told("pass", "통과"),
        "review": told("review", "검토"),
        "block": told("block", "차단"),
    }
    for row in bands.table.itertuples():
        ends = (
            told("too few groups to be sure", "그룹이 적어 신뢰구간 없음")
            if math.isnan(row.low)
            else told(
                f"95 %: {row.low:.1%} to {row.high:.1%}",
                f"95% 신뢰구간 {row.low:.1%}~{row.high:.1%}",
            )
        )
        yield f"  {left(names[row.band], 7)} " + told(
            f"{row.share:6.1%} of validation ({ends})", f"검증의 {row.share:5.1%}({ends})"
        )


def _no_promise() -> Iterator[str]:
    (each_low, each_high), (low, high) = MISSED_EACH, MISSED_EITHER
    yield told(
        f"the floors hold on validation only. On new files each is missed in {each_low:.0%} to "
        f"{each_high:.0%} of such cases, at least one of both in {low:.0%} to {high:.0%}. "
        "--confidence 0.9 asks for floors that hold",
        f"하한은 검증에서만 지켜집니다. 새 파일에서는 하한마다 {each_low:.0%}~{each_high:.0%}, "
        f"둘 중 하나 이상은 {low:.0%}~{high:.0%}의 경우에 못 미칩니다. 새 파일에서도 지키려면 "
        "--confidence 0.9를 주십시오",
    )


def _promise(bands: Bands, promise: Promise) -> Iterator[str]:
    if (bands.pass_at, bands.block_above) != (None, None):
        yield told(
            f"with confidence {promise.confidence:g}, what passes and what is blocked keep their "
            f"floors on new files of such groups ({promise.method}; recall and precision of the "
            f"average group; {promise.harmful_groups} harmful groups of {promise.groups}; "
            f"{promise.candidates} epochs to choose from)",
            f"신뢰도 {promise.confidence:g}로, 이런 그룹의 새 파일에서도 통과와 차단이 하한을 "
            f"지킵니다({promise.method}, 그룹 평균의 Recall과 Precision, 그룹 {promise.groups}개 "
            f"중 유해 {promise.harmful_groups}개, 후보 epoch {promise.candidates}개)",
        )
    for name, floor, end, consequence in (
        (
            "recall",
            bands.min_recall,
            bands.pass_at,
            told("nothing passes", "통과시키는 파일이 없습니다"),
        ),
        (
            "precision",
            bands.min_precision,
            bands.block_above,
            told("nothing is blocked", "차단하는 파일이 없습니다"),
        ),
    ):
        if end is None:
            yield _no_end(promise, name, floor, consequence)


def _no_end(promise: Promise, name: str, floor: float, consequence: str) -> str:
    shown = told(name, name.capitalize())
    if promise.method != "learn-then-test":
        return told(
            f"no threshold keeps {shown} {floor} at this confidence, so {consequence}",
            f"이 신뢰도로 {shown} {floor} 이상을 지키는 threshold가 없어 {consequence}",
        )
    needed = promise.needed(floor, of_precision=name == "precision")
    return told(
        f"no threshold can be promised at this confidence for {shown} {floor} with "
        f"{promise.harmful_groups} harmful groups, so {consequence}; it takes at least {needed} "
        "groups without a mistake",
        f"유해 그룹 {promise.harmful_groups}개로는 이 신뢰도에서 {shown} {floor} 이상을 "
        f"보장할 threshold가 없어 {consequence}. 오류가 없는 그룹이 적어도 {needed}개 필요합니다",
    )
