"""A threshold for each section or one for all, in words: the table, its caption, sentences.

The table is that of `harmlib.analysis.category_thresholds`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.category_thresholds import ALL_SECTIONS
from harmlib.language import written
from harmlib.reporting.text.certainty import STATES
from harmlib.reporting.text.cited_numbers import Row, literal, rows
from harmlib.reporting.text.korean import MODALITY, model_name
from harmlib.reporting.text.policies import RATES, native_words


def caption() -> str:
    """Say what the rows of the table of sections are.

    Returns
    -------
    str

    Examples
    --------
    >>> caption()[:17]
    '절마다 따로 고른 thresho'
    """
    return written(
        "A threshold for each section and one for all (each that of the highest F1 on validation), and "
        "the difference on test",
        "절마다 따로 고른 threshold와 모든 절에 공통인 threshold(둘 다 검증에서 F1이 가장 높은 값), 시험에서의 차이",
    )


def shown_categories(table: pd.DataFrame) -> pd.DataFrame:
    """Write the table of sections under their own and a common threshold for people.

    Parameters
    ----------
    table : DataFrame
        As `harmlib.analysis.category_thresholds.category_thresholds` returns it.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> names = [metric + end for metric in ("f1", "recall", "precision", "flagged_share")
    ...          for end in ("", "_common", "_difference", "_low", "_high")]
    >>> row = dict.fromkeys(names, 0.5) | {"variant": "api", "section": "gun", "threshold": 0.4,
    ...     "common_threshold": 0.6, "native": 0.4, "common_native": 0.6, "scale": "probability"}
    >>> shown_categories(pd.DataFrame([row])).columns[1:4].tolist()
    ['절', '자기 threshold', '공통 threshold']
    """
    own_scale = written("In the scores' own scale (own, common)", "점수표의 척도로(자기, 공통)")
    shown = pd.DataFrame(
        {
            "variant": table["variant"],
            written("Section", "절"): [_section(name) for name in table["section"]],
            written("Own threshold", "자기 threshold"): table["threshold"],
            written("Common threshold", "공통 threshold"): table["common_threshold"],
            own_scale: [
                f"{native_words(own, scale)}, {native_words(common, scale)}"
                for own, common, scale in zip(
                    table["native"], table["common_native"], table["scale"], strict=True
                )
            ],
            written("F1 (own)", "F1(자기)"): table["f1"],
            written("F1 (common)", "F1(공통)"): table["f1_common"],
        }
    )
    for name, words in RATES.items():
        head = written(f"{words}: common − own", f"{words} 차이(공통 − 자기)")
        shown[head] = _changes(table, name)
    if (table["scale"] == "probability").all():
        shown = shown.drop(columns=own_scale)
    return shown


def _changes(table: pd.DataFrame, name: str) -> list[str]:
    found = []
    for one in table[[f"{name}{end}" for end in ("_difference", "_low", "_high")]].to_numpy():
        value, low, high = (f"{part:+.3f}".replace("-", "−") for part in one)
        if pd.isna(one[0]):
            found.append("–")
        else:
            few = written("too few groups for an interval", "그룹이 적어 신뢰구간 없음")
            ends = few if pd.isna(one[1]) else f"{low}, {high}"
            found.append(f"{value} [{ends}]")
    return found


def _section(name: str) -> str:
    return written("all sections", "모든 절 함께") if name == ALL_SECTIONS else MODALITY[name]


def category_sentences(table: pd.DataFrame) -> list[str]:
    """Say which sections a common threshold costs, and which it doesn't.

    Parameters
    ----------
    table : DataFrame
        As `category_thresholds` returns it.

    Returns
    -------
    list of str
        One a variant; a loss or a gain is named where its corrected interval excludes 0.

    Examples
    --------
    >>> table = pd.DataFrame({"variant": "api", "section": ["gun", "fire", "all sections"],
    ...     "state": "ok", "common_threshold": 0.4, "f1_difference": [-0.1, 0.01, -0.02],
    ...     "f1_low": [-0.15, -0.02, -0.04], "f1_high": [-0.05, 0.04, 0.0]})
    >>> category_sentences(table)
    ['api: 절마다 따로 고르지 않고 threshold 0.4000 하나를 쓰면 F1이 gun −0.100 [−0.150, −0.050]만큼 낮아집니다. 나머지 절 1개에서는 F1 차이의 신뢰구간이 0을 포함하므로 달라진다고 볼 근거가 부족합니다.']
    """
    return [_of_model(str(variant), own) for variant, own in table.groupby("variant", sort=False)]


def _of_model(variant: str, table: pd.DataFrame) -> str:
    name = literal(model_name(variant))
    table.attrs = {**table.attrs}
    own = table[table["section"] != ALL_SECTIONS]
    first = next(rows(own))
    if first.state != "ok":
        return written(
            f"{name}: no threshold for all sections can be chosen ({STATES[first.state]}).",
            f"{name}: 모든 절에 공통인 threshold를 고를 수 없습니다({STATES[first.state]}).",
        )
    if (own[["f1_difference", "f1_low", "f1_high"]] == 0).all(axis=None):
        return written(
            f"{name}: in every section, F1 on test is the same with a threshold of its own and with the "
            "common one.",
            f"{name}: 절마다 따로 고른 threshold와 공통 threshold의 시험 F1이 모든 절에서 같습니다.",
        )
    known = own[own["f1_low"].notna()]
    lost, won = known[known["f1_high"] < 0], known[known["f1_low"] > 0]
    rest, few = len(known) - len(lost) - len(won), len(own) - len(known)
    head = written(
        f"{name}: with the one threshold {first.common_threshold:.4f} in place of one a section,",
        f"{name}: 절마다 따로 고르지 않고 threshold {first.common_threshold:.4f} 하나를 쓰면",
    )
    parts = [*_lost_or_won(lost, won), *_rest(rest, few, has_more=bool(len(lost) + len(won)))]
    return " ".join([head, *parts])


def _lost_or_won(lost: pd.DataFrame, won: pd.DataFrame) -> list[str]:
    """The sections whose F1 certainly changes."""
    losses, gains = (", ".join(_change(one) for one in rows(some)) for some in (lost, won))
    parts = []
    if losses:
        parts.append(written(f"F1 falls by {losses}.", f"F1이 {losses}만큼 낮아집니다."))
    if gains:
        parts.append(written(f"F1 rises by {gains}.", f"F1이 {gains}만큼 높아집니다."))
    return parts


def _rest(rest: int, few: int, *, has_more: bool) -> list[str]:
    """How many sections don't certainly change, and of how many nothing can be said."""
    parts = []
    if rest:
        where = f"나머지 절 {rest}개에서는" if has_more else f"절 {rest}개에서"
        parts.append(
            written(
                f"In {rest} {'other ' if has_more else ''}sections the interval of the difference in F1 "
                "includes 0: too little ground for a change.",
                f"{where} F1 차이의 신뢰구간이 0을 포함하므로 달라진다고 볼 근거가 부족합니다.",
            )
        )
    if few:
        parts.append(
            written(
                f"{few} sections have too few groups to tell.",
                f"절 {few}개는 그룹이 적어 판단할 수 없습니다.",
            )
        )
    return parts


def _change(one: Row) -> str:
    value, low, high = (f"{one[name]:.3f}" for name in ("f1_difference", "f1_low", "f1_high"))
    return f"{literal(MODALITY[one.section])} {_minus(value)} [{_minus(low)}, {_minus(high)}]"


def _minus(text: str) -> str:
    return text if text.startswith("<data") else text.replace("-", "−")
