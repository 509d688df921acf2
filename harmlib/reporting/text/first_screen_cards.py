"""The words of the first screen: where it comes from, and a card for each section.

Numbers cite their cells where the table was read from a run's folder. The tables are those of
`harmlib.analysis.recommendation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harmlib.analysis.baseline import BASELINE
from harmlib.language import Wordings, written
from harmlib.params import finding_codes as codes
from harmlib.reporting.text.cited_numbers import Row, literal, row, rows
from harmlib.reporting.text.folds import HALVES, judged_on
from harmlib.reporting.text.korean import MODALITY, model_name, particle, signed

# Why a model is not recommended
_HELD = Wordings(
    {
        codes.UNTRAINED_WEIGHTS: ("the weights are untrained", "학습되지 않은 가중치"),
        codes.NO_THRESHOLD: ("no threshold could be chosen", "threshold를 고르지 못함"),
        codes.TOO_FEW_GROUPS: ("too few groups", "그룹 부족"),
        codes.NOT_ABOVE_BASELINE: ("no better than the baseline", "기준선보다 나은 근거 부족"),
        codes.ANOTHER_ABOVE: ("another model is better on test", "시험에서는 다른 모델이 더 높음"),
        codes.NOT_TOLD_APART: ("the models are not told apart", "모델 간 차이가 구별되지 않음"),
    }
)


@dataclass(frozen=True)
class Tile:
    """A number with its name, and a line that says more."""

    name: str
    value: str
    more: str


@dataclass(frozen=True)
class Card:
    """What the first screen says of one section.

    Attributes
    ----------
    section : str
        Its name, as readers know it.
    recommended : bool
        Whether a model is recommended.
    headline : str
        The model and its threshold, or why there is none.
    reason : str
        One or two sentences.
    tiles : tuple of Tile
        Found, missed, false alarms, to review.
    judged : str
        What the numbers were measured on.
    """

    section: str
    recommended: bool
    headline: str
    reason: str
    tiles: tuple[Tile, ...]
    judged: str


def source_line(about: Mapping[str, Any], items: Mapping[str, pd.DataFrame]) -> str:
    """Say which run this is, of which day, from which data.

    Parameters
    ----------
    about : mapping
        As `run.json` holds it: params, made.
    items : mapping of str to DataFrame
        The counts of items by section, as `count_items` returns them.

    Returns
    -------
    str

    Examples
    --------
    >>> items = {"video": pd.DataFrame({"split": ["all"], "n": 8, "group": 4})}
    >>> about = {"params": {"run": "demo", "data": {"root": "data"}}, "made": "2026-03-01T09:00:00"}
    >>> source_line(about, items)
    '실행 demo · 2026-03-01 · 데이터 data · 비디오 8개(그룹 4개)'
    """
    params = about["params"]
    where = params.get("scores") or params["data"]["root"]
    sizes = ", ".join(
        written(
            f"{MODALITY[section]} {whole.n:,} ({whole.group:,} groups)",
            f"{MODALITY[section]} {whole.n:,}개(그룹 {whole.group:,}개)",
        )
        for section, whole in ((m, row(table, "split", "all")) for m, table in items.items())
    )
    run, day = literal(params["run"]), about["made"][:10]
    return written(
        f"run {run} · {day} · data {literal(where)} · {sizes}",
        f"실행 {run} · {day} · 데이터 {literal(where)} · {sizes}",
    )


def card(
    recommended: pd.DataFrame,
    others: pd.DataFrame,
    prevalence: pd.DataFrame,
    section: str,
) -> Card:
    """Say what a section's figures recommend, what that found and missed, and what it costs.

    Parameters
    ----------
    recommended, others : DataFrame
        As `recommendation` and `recommendation_differences` return them.
    prevalence : DataFrame
        As `prevalences` returns it.
    section : str

    Returns
    -------
    Card

    Examples
    --------
    >>> ends = {f"{name}{end}": value for name in ("recall", "precision", "flagged_share")
    ...         for end, value in (("", 0.9), ("_low", 0.8), ("_high", 0.95))}
    >>> recommended = pd.DataFrame([ends | {"variant": "model4", "threshold": 0.3, "held_by": "",
    ...     "epoch": 2, "tp": 18, "fn": 2, "fp": 1, "tn": 9, "n": 30, "folds": 1, "seeds": 1,
    ...     "items": 30}])
    >>> others = pd.DataFrame({"other": ["baseline", "model3"], "difference": [0.1, 0.1],
    ...                        "low": [0.05, 0.02], "high": [0.2, 0.2]})
    >>> made = card(recommended, others, pd.DataFrame({"origin": [], "variant": []}), "video")
    >>> made.headline, made.reason
    ('Model 4, threshold 0.30', '검증 F1이 가장 높고, 시험 F1이 기준선과 다른 모델 1개보다 높습니다(신뢰구간이 0보다 큼).')
    >>> [f"{tile.name} {tile.value} ({tile.more})" for tile in made.tiles][:2]
    ['찾은 유해 18개 (Recall 90.0%, 신뢰구간 하한 80.0%)', '놓친 유해(미탐) 2개 (유해 20개 중)']
    """
    one = next(rows(recommended))
    held_by = str(one.held_by).split()
    name = f"{model_name(one.variant)}, {_threshold(one)}"
    headline = name
    if held_by:
        headline = written(f"On hold: {_HELD[held_by[0]]}", f"판단 보류: {_HELD[held_by[0]]}")
    return Card(
        section=MODALITY[section],
        recommended=not held_by,
        headline=headline,
        reason=_held_reason(name, held_by[1:]) if held_by else _reason(others),
        tiles=tuple(_tiles(one, prevalence)),
        judged=_judged(recommended),
    )


def _threshold(one: Row) -> str:
    """The threshold, in the model's own numbers where they are known."""
    scale = getattr(one, "scale", "probability")
    if scale == "levels":
        return written(f"level {one.native:g} and above", f"등급 {one.native:g} 이상")
    return (
        f"threshold {one.threshold:.2f}"
        if scale == "probability"
        else f"threshold {one.native:.4g}"
    )


def _held_reason(name: str, further: Sequence[str]) -> str:
    """What the numbers below are of, and what else holds the recommendation."""
    text = written(
        f"The numbers are those of {name}, which has the highest F1 on validation.",
        f"아래 수치는 검증 F1이 가장 높은 모델({name})의 것입니다.",
    )
    if further:
        more = ", ".join(_HELD[code] for code in further)
        text += written(f" Also: {more}.", f" 다른 이유: {more}.")
    return text


def _reason(others: pd.DataFrame) -> str:
    """Why a model is recommended."""
    more = int((others["low"].iloc[1:] > 0).sum())
    than = written(
        f" and {more} other models" if more else "", f"과 다른 모델 {more}개" if more else ""
    )
    return written(
        f"The highest F1 on validation; on test above the baseline{than} (intervals above 0).",
        f"검증 F1이 가장 높고, 시험 F1이 기준선{than}보다 높습니다(신뢰구간이 0보다 큼).",
    )


def _tiles(one: Row, prevalence: pd.DataFrame) -> Iterable[Tile]:
    of = written("", "건" if one.seeds > 1 else "개")
    recall = written(f"recall {one.recall:.1%}, ", f"Recall {one.recall:.1%}, ")
    if pd.isna(one.recall_low):
        recall += written("too few groups for an interval", "그룹이 모자라 신뢰구간 없음")
    else:
        low = f"{one.recall_low:.1%}"
        recall += written(f"lower end of its interval {low}", f"신뢰구간 하한 {low}")
    yield Tile(written("Found", "찾은 유해"), f"{one.tp:,}{of}", recall)
    of_harmful = written(f"of {one.tp + one.fn:,} harmful", f"유해 {one.tp + one.fn:,}{of} 중")
    yield Tile(written("Missed", "놓친 유해(미탐)"), f"{one.fn:,}{of}", of_harmful)
    alarms = written(
        f"of {one.fp + one.tn:,} safe; precision {one.precision:.1%}",
        f"안전 {one.fp + one.tn:,}{of} 중, Precision {one.precision:.1%}",
    )
    yield Tile(written("False alarms", "오탐"), f"{one.fp:,}{of}", alarms)
    yield _review(one, prevalence)


def _review(one: Row, prevalence: pd.DataFrame) -> Tile:
    """The share to review: of the traffic where its prevalence is known, else of these data."""
    name = written("To review", "검토할 비율")
    given = prevalence[(prevalence["origin"] == "given") & (prevalence["variant"] == one.variant)]
    if given.empty:
        more = written("of these data", "이 데이터에서")
        if pd.notna(one.flagged_share_low):
            low, high = f"{one.flagged_share_low:.1%}", f"{one.flagged_share_high:.1%}"
            more += written(f" ({low} to {high})", f"({low}~{high})")
        return Tile(name, f"{one.flagged_share:.1%}", more)
    there = next(rows(given))
    return Tile(
        name,
        f"{there.flagged_share:.1%}",
        written(
            f"of traffic with {there.prevalence:.1%} harmful; of it {there.precision:.1%} is harmful",
            f"유해 {there.prevalence:.1%}인 트래픽에서; 그중 실제 유해 {there.precision:.1%}",
        ),
    )


def _judged(recommended: pd.DataFrame) -> str:
    """What the numbers were measured on."""
    one = next(rows(recommended))
    if one.folds < 2:
        return written(f"{one.n:,} items of test.", f"시험 항목 {one.n:,}개에서 평가했습니다.")
    where = judged_on(recommended)
    if one.folds == HALVES:
        return written(
            f"{one.items:,} items, each judged at the threshold that the other half chose.",
            f"항목 {one.items:,}개 모두를 다른 반에서 고른 threshold로 판정했습니다.",
        )
    return written(
        f"Cross-validation: {one.items:,} items, {one.n:,} decisions at thresholds of their folds.",
        f"{where}: 항목 {one.items:,}개의 판정 {one.n:,}건. threshold는 저장한 체크포인트의 값이고, 판정에는 "
        "fold마다 고른 값을 썼습니다.",
    )


def difference_words(
    recommended: pd.DataFrame, others: pd.DataFrame
) -> tuple[str, list[tuple[str, str]]]:
    """Name the differences that a card draws.

    Parameters
    ----------
    recommended, others : DataFrame
        As in `card`.

    Returns
    -------
    str
        What is drawn.
    list of (str, str)
        For each row the name of the other, and the difference with its interval.

    Examples
    --------
    >>> others = pd.DataFrame({"other": ["baseline"], "difference": 0.1, "low": 0.05, "high": 0.2})
    >>> difference_words(pd.DataFrame({"variant": ["model4"]}), others)
    ('F1의 차이: Model 4가 더 높은 만큼(보정한 95% 신뢰구간)', [('기준선', '+0.100 (+0.050~+0.200)')])
    """
    best = model_name(recommended["variant"].iloc[0])
    title = written(
        f"Difference of F1: how much higher {best} is (corrected 95% interval)",
        f"F1의 차이: {particle(best, '이/가')} 더 높은 만큼(보정한 95% 신뢰구간)",
    )
    told = []
    for one in rows(others):
        name = written("baseline", "기준선") if one.other == BASELINE else model_name(one.other)
        ends = (
            written("no interval", "신뢰구간 없음")
            if one.low != one.low
            else f"{signed(one.low, 3)}~{signed(one.high, 3)}"
        )
        told.append((name, f"{signed(one.difference, 3)} ({ends})"))
    return title, told


def how_to_read() -> str:
    """Say where the numbers come from.

    Returns
    -------
    str

    Examples
    --------
    >>> how_to_read()
    '모든 수치는 이 실행의 표에서 계산했습니다. 문장 속의 수치를 가리키거나 누르면 출처 표가 표시됩니다.'
    """
    return written(
        "Every number is computed from this run's tables. Point at or press a number in a sentence to "
        "see the table that it comes from.",
        "모든 수치는 이 실행의 표에서 계산했습니다. 문장 속의 수치를 가리키거나 누르면 출처 표가 표시됩니다.",
    )
