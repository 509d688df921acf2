"""The sentence that the study begins with: what helped F1 most, and how sure that is.

The tables are those of `harmlib.analysis.factor_effects`; `modality` is `image` or `video`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.factor_effects import TOTAL
from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, count, row
from harmlib.reporting.text.corrected_intervals import interval_of
from harmlib.reporting.text.korean import MODALITY, model_name, particle, signed
from harmlib.reporting.text.study_effects import factor_name


def headline(effects: pd.DataFrame, modality: str, first: str, last: str) -> str:
    """Say what helped F1 most on the way from one variant to another, and how sure that is.

    Parameters
    ----------
    effects : DataFrame
        As `factor_effects` returns it.
    modality : str
    first, last : str
        The variants' names.

    Returns
    -------
    str

    Examples
    --------
    >>> effects = pd.DataFrame({"way": "shapley", "factor": ["loss", "threshold_rule"],
    ...     "metric": "f1", "difference": [0.0, 0.05], "corrected_low": [-0.01, 0.02],
    ...     "corrected_high": [0.01, 0.08], "seeds": 10})
    >>> headline(effects, "video", "model2", "model4")
    '비디오: Model 2에서 Model 4까지의 변경 2가지 가운데 F1을 가장 높인 것은 threshold 규칙입니다(모든 적용
    순서의 평균 +0.0500, 변경 수만큼 보정한 95% 신뢰구간 +0.0200~+0.0800, seed 10개).'
    """
    shares = effects[(effects["way"] == "shapley") & (effects["metric"] == "f1")]
    medium, old, new = MODALITY[modality], model_name(first), model_name(last)
    if shares.empty:
        return written(
            f"{medium}: {old} and {new} have the same settings.",
            f"{medium}: {particle(old, '과/와')} {particle(new, '은/는')} 설정이 같습니다.",
        )
    helped = shares[shares["corrected_low"] > 0]
    by_size = helped["difference"] if len(helped) else shares["difference"].abs()
    best = row(shares, "factor", shares.loc[by_size.idxmax(), "factor"])
    way = written(
        f"{medium}: of the {count(shares)} changes from {old} to {new},",
        f"{medium}: {old}에서 {new}까지의 변경 {count(shares)}가지 가운데",
    )
    return f"{way} {_what_helped(best, has_helped=len(helped) > 0)}"


def _what_helped(best: Row, *, has_helped: bool) -> str:
    """The rest of the headline: of the change with the largest effect."""
    name, mean = factor_name(best.factor), signed(best.difference)
    if pd.isna(best.corrected_low):
        return written(
            f"{name} moved F1 most (mean of all orders {mean}). An interval needs at least "
            f"{MIN_GROUPS} groups of each class, so whether this is chance can't be said.",
            f"F1이 가장 크게 달라진 것은 {name}입니다(모든 적용 순서의 평균 {mean}). 클래스마다 그룹이 "
            f"{MIN_GROUPS}개 이상이어야 신뢰구간을 낼 수 있어, 우연인지는 말할 수 없습니다.",
        )
    facts = written(
        f"(mean of all orders {mean}, {interval_of(best)} corrected for the number of changes, "
        f"{best.seeds} seeds)",
        f"(모든 적용 순서의 평균 {mean}, 변경 수만큼 보정한 {interval_of(best)}, seed {best.seeds}개)",
    )
    if has_helped:
        return written(
            f"{name} raised F1 most {facts}.", f"F1을 가장 높인 것은 {name}입니다{facts}."
        )
    text = written(
        "none can be said to have raised F1.", "F1을 높였다고 볼 근거가 있는 것은 없습니다."
    )
    if best.corrected_high < 0:
        lowered = written(
            f"{name} lowered it {facts}.", f"{particle(name, '은/는')} F1을 낮췄습니다{facts}."
        )
        return f"{text} {lowered}"
    moved = written(
        f"{name} moved it most, but its interval includes 0 {facts}.",
        f"가장 크게 달라진 것은 {name}이지만{facts} 신뢰구간이 0을 포함합니다.",
    )
    return f"{text} {moved}"


def study_headline(
    effects: pd.DataFrame, steps: pd.DataFrame, modality: str, first: str, last: str, newest: str
) -> str:
    """Say what helped F1 most of all that the study tried, and how sure that is.

    Parameters
    ----------
    effects : DataFrame
        As `factor_effects` returns it, from `first` to `last`.
    steps : DataFrame
        As `effects_in_order` returns it, from `last` to `newest`.
    modality : str
    first, last, newest : str
        The variants' names.

    Returns
    -------
    str

    Examples
    --------
    >>> effects = pd.DataFrame({"way": ["shapley"], "factor": "loss", "metric": "f1",
    ...     "difference": 0.0, "corrected_low": -0.01, "corrected_high": 0.01, "seeds": 10})
    >>> steps = pd.DataFrame({"factor": ["total"], "metric": "f1", "difference": 0.1,
    ...     "corrected_low": 0.02, "corrected_high": 0.18, "seeds": 3})
    >>> study_headline(effects, steps, "video", "model2", "model4", "model5")
    '비디오: F1을 가장 높인 것은 Model 4를 Model 5로 바꾼 것입니다(+0.1000, 95% 신뢰구간 +0.0200~+0.1800, seed
    3개). Model 2에서 Model 4까지의 변경 1가지 가운데 F1을 높였다고 볼 근거가 있는 것은 없습니다. 가장 크게
    달라진 것은 sigmoid와 손실 함수이지만(모든 적용 순서의 평균 +0.0000, ...) 신뢰구간이 0을 포함합니다.'
    """
    ablated = headline(effects, modality, first, last)
    total = row(steps[steps["metric"] == "f1"], "factor", TOTAL)
    shares = effects[(effects["way"] == "shapley") & (effects["metric"] == "f1")]
    helped = shares.loc[shares["corrected_low"] > 0, "difference"]
    if not total.corrected_low > 0 or (helped > total.difference).any():
        return ablated
    old, new = model_name(last), model_name(newest)
    label = f"{MODALITY[modality]}: "  # said once
    change = written(
        f"changing {old} to {new} raised F1 most",
        f"F1을 가장 높인 것은 {particle(old, '을/를')} {particle(new, '으로/로')} 바꾼 것입니다",
    )
    rest = ablated.removeprefix(label)
    rest = written(f"{rest[:1].upper()}{rest[1:]}", rest)
    return f"{label}{change}{_of_seeds(total)}. {rest}"


def _of_seeds(total: Row) -> str:
    """In brackets: a difference, its interval, the seeds."""
    facts = f"{signed(total.difference)}, {interval_of(total)}"
    return written(f" ({facts}, {total.seeds} seeds)", f"({facts}, seed {total.seeds}개)")
