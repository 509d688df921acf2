"""What `harmlib drift` says of new scores."""

from __future__ import annotations

import math

from harmlib.analysis.drift import MIN_ITEMS, REASONS, Drift
from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.cli.cells import left, right
from harmlib.language import told

_VERDICTS = {
    "too_few": (
        f"too few to tell: that takes {MIN_ITEMS} new scores, and {MIN_GROUPS} sources here and in "
        "validation",
        f"데이터가 적어 판단할 수 없습니다. 새 점수 {MIN_ITEMS}개와, 검증과 새 점수에 원본이 "
        f"{MIN_GROUPS}개씩 필요합니다",
    ),
    "steady": (
        "steady: keep the threshold",
        "달라졌다고 볼 근거가 없습니다. threshold를 그대로 쓰십시오",
    ),
    "watch": (
        "watch: something changed; look at it before the next report",
        "달라진 것이 있습니다. 다음 보고 전에 살펴보십시오",
    ),
    "groups_unknown": (
        "something seems changed, but a few sources look so by chance: name them with --group "
        "(--group path: each file is its own source)",
        "달라진 것이 있어 보이지만, 원본이 몇 개뿐이면 우연일 수 있습니다. --group으로 원본을 "
        "알려 주십시오(--group path: 파일마다 다른 원본)",
    ),
    "choose_again": (
        "choose the threshold again, on newly labelled items",
        "새로 라벨을 붙인 항목으로 threshold를 다시 고르십시오",
    ),
}
_REASONS_IN_KOREAN = {
    "flagged_share_moved": "유해 판정 비율이 신뢰구간을 벗어나 10%p 이상 달라졌습니다",
    "flagged_share_shifted": "유해 판정 비율이 신뢰구간을 벗어나 달라졌습니다",
    "distribution_changed": "점수의 분포가 달라졌습니다(Kolmogorov-Smirnov)",
    "f1_fell": "라벨이 있는 항목의 F1이 신뢰구간을 벗어나 검증보다 낮습니다",
    "calibration_worsened": "Brier 점수가 신뢰구간을 벗어나 검증보다 나쁩니다",
    "labels_too_few": f"라벨은 판단에 쓰지 않았습니다. 라벨이 있는 항목 {MIN_ITEMS}개와, 유해와 "
    f"안전의 원본이 검증과 새 점수에 {MIN_GROUPS}개씩 필요합니다",
    "groups_unknown": "어느 항목이 같은 원본인지 알 수 없어, 원본의 크기가 검증과 같다고 보고 "
    "신뢰구간을 넓혔습니다",
}


def format_drift(found: Drift, told_by: str) -> str:
    """Describe a drift for the terminal.

    Parameters
    ----------
    found : Drift
        As `harmlib.analysis.drift.compare_scores` returns it.
    told_by : str
        What tells the sources, as `harmlib.predict.read_scores.with_sources` returns it.

    Returns
    -------
    str
        Several lines.
    """
    sources = told("sources unknown", "원본 모름")
    if found.n_sources is not None:
        sources = told(
            f"{found.n_sources:,} sources by {told_by}",
            f"{told_by} 기준 원본 {found.n_sources:,}개",
        )
    heads = (told("validation", "검증"), told("new", "새 점수"), told("change", "변화"))
    lines = [
        told(*_VERDICTS[found.verdict]),
        told(
            f"{found.n_new:,} new scores ({sources}) against {found.n_validation:,} of validation",
            f"새 점수 {found.n_new:,}개({sources}), 검증 {found.n_validation:,}개",
        )
        + f"; Kolmogorov-Smirnov {found.ks:.3f} (p {found.p_value:.3g})",
        f"{'':<15}{right(heads[0], 11)}{right(heads[1], 9)}{right(heads[2], 9)}   "
        + told(f"interval ({found.level:.2%})", f"신뢰구간({found.level:.2%})"),
    ]
    few = told("too few sources", "원본이 너무 적음")
    lines += [
        f"{left(row.metric, 15)}{row.validation:>11.4f}{row.new:>9.4f}{row.difference:>+9.4f}   "
        + (few if math.isnan(row.low) else _ends(row.low, row.high))
        for row in found.table.itertuples()
    ]
    lines.append(
        told(
            "harmful_share of the new scores is an estimate; if nothing else had changed, "
            f"{found.expected_flagged_share:.4f} would be flagged",
            "새 점수의 harmful_share는 추정값입니다. 다른 것이 그대로였다면 유해 판정 비율은 "
            f"{found.expected_flagged_share:.4f}였을 것입니다",
        )
    )
    reasons = (told(REASONS[name], _REASONS_IN_KOREAN[name]) for name in found.reasons)
    return "\n".join([*lines, *(f"- {reason}" for reason in reasons)])


def _ends(low: float, high: float) -> str:
    return told(f"{low:+.4f} to {high:+.4f}", f"{low:+.4f}~{high:+.4f}")
