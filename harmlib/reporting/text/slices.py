"""Slices in words: their table, sentences, and the caption of their figure."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.analysis.slice_columns import BINS, EMPTY, MOST_VALUES
from harmlib.language import Wordings, written
from harmlib.reporting.text.captions import Words
from harmlib.reporting.text.certainty import STATES
from harmlib.reporting.text.cited_numbers import Row, count, literal, plain, rows
from harmlib.reporting.text.korean import MODALITY, model_name

# Of media, as `harmlib.analysis.slice_columns.media_slice_columns` names them
_FACTS = Wordings(
    {
        "file_size_kb": ("file size (kB)", "파일 크기(kB)"),
        "short_side_px": ("short side (pixels)", "짧은 변(화소)"),
        "brightness": ("brightness", "밝기"),
        "duration_sec": ("duration (seconds)", "길이(초)"),
    }
)
_RATES = Wordings(
    {
        "recall": ("Recall", "Recall"),
        "false_alarm_rate": ("False alarm rate", "오탐 비율"),
    }
)


def no_slices() -> str:
    """Say that no column can divide the items.

    Returns
    -------
    str

    Examples
    --------
    >>> no_slices()
    '나누어 볼 열이 점수표에 없습니다.'
    """
    return written(
        "The table of scores has no column to divide items by.",
        "나누어 볼 열이 점수표에 없습니다.",
    )


def _few() -> str:
    return written("too few groups to tell", "그룹이 적어 판단할 수 없음")


def slice_name(column: str, value: object) -> str:
    """Say a slice's name.

    Parameters
    ----------
    column : str
    value : object
        As `harmlib.analysis.slices.slice_table` has it.

    Returns
    -------
    str

    Examples
    --------
    >>> slice_name("camera", "(empty)"), slice_name("size", "0 to 9.75")
    ('camera: (빈 칸)', 'size: 0~9.75')
    >>> slice_name("brightness", "70 to 90")
    '밝기: 70~90'
    """
    text = str(value)
    if value == EMPTY:
        text = written("(empty)", "(빈 칸)")
    text = text.replace(" to ", written(" to ", "~"))
    return f"{_FACTS.get(column, column)}: {text}"


def _column(name: str) -> str:
    return literal(_FACTS.get(name, name))


def slice_caption(section: str) -> str:
    """Say what the rows of the table of slices are.

    Parameters
    ----------
    section : str

    Returns
    -------
    str

    Examples
    --------
    >>> slice_caption("all")[:19]
    '전체: 열의 값마다 잰 시험 결과('
    """
    return written(
        f"{MODALITY[section]}: test results by the value of a column (the worst first). Intervals of "
        "metrics are 95% each by itself; those of differences and gains are 95% corrected for the "
        "number of rows.",
        f"{MODALITY[section]}: 열의 값마다 잰 시험 결과(나쁜 것부터). 지표의 신뢰구간은 줄마다 따로 본 95%이고, "
        "차이와 이득의 신뢰구간은 줄의 수만큼 보정한 95%입니다.",
    )


def shown_slices(table: pd.DataFrame) -> pd.DataFrame:
    """Write the table of slices for people.

    Parameters
    ----------
    table : DataFrame
        As `harmlib.analysis.slices.slice_table` returns it.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> from harmlib.analysis.slices import COLUMNS
    >>> row = dict.fromkeys(COLUMNS, 0.5) | {"variant": "api", "column": "camera", "value": "c0",
    ...     "state": "few", "gain_state": "few", "items": 9, "harmful": 4}
    >>> shown_slices(pd.DataFrame([row])).loc[0, "Recall":"F1"].tolist()
    ['0.500 [0.500, 0.500]', '0.500 [0.500, 0.500]', '0.500 [0.500, 0.500]']
    """
    names = [slice_name(*pair) for pair in zip(table["column"], table["value"], strict=True)]
    shown = {
        "variant": table["variant"],
        written("Value", "나눈 값"): names,
        "items": table["items"],
        "harmful": table["harmful"],
    }
    metrics = {"precision": "Precision", "f1": "F1"}
    for name in ("recall", "precision", "f1", "false_alarm_rate"):
        shown[metrics.get(name) or _RATES[name]] = _cells(table, name)
    for name, words in _RATES.items():
        known = table["state"] == "ok"
        cells = pd.Series(_cells(table, f"{name}_difference", sign="+"), index=table.index)
        head = written(f"{words}: difference from the rest", f"{words}의 차이(나머지 항목과)")
        shown[head] = cells.where(known, _few())
    gains = pd.Series(_cells(table, "gain", sign="+"), index=table.index)
    why = table["gain_state"].map({"few": _few(), **STATES})
    head = written("F1 gained by a threshold of its own", "자기 threshold의 F1 이득")
    shown[head] = gains.where(table["gain_state"] == "ok", why)
    return pd.DataFrame(shown)


def _cells(table: pd.DataFrame, name: str, sign: str = "") -> list[str]:
    found = []
    for value, low, high in table[[name, f"{name}_low", f"{name}_high"]].to_numpy(dtype=float):
        # `z`: no minus before a zero that is only rounding
        shown = [f"{end:{sign}z.3f}".replace("-", "−") for end in (value, low, high)]
        if pd.isna(value):
            found.append("–")
        else:
            found.append(shown[0] if pd.isna(low) else f"{shown[0]} [{shown[1]}, {shown[2]}]")
    return found


def slice_sentences(table: pd.DataFrame, section: str) -> list[str]:
    """Say which slices are worse than the rest, and which gain from a threshold of their own.

    Parameters
    ----------
    table : DataFrame
        As `harmlib.analysis.slices.slice_table` returns it.
    section : str

    Returns
    -------
    list of str
        One a variant, whose numbers cite their cells.

    Examples
    --------
    >>> from harmlib.analysis.slices import COLUMNS
    >>> row = dict.fromkeys(COLUMNS, 0.0) | {"variant": "api", "column": "camera", "value": "c0",
    ...     "state": "ok", "gain_state": "few", "false_alarm_rate_difference": 0.3,
    ...     "false_alarm_rate_difference_low": 0.1, "false_alarm_rate_difference_high": 0.5}
    >>> slice_sentences(pd.DataFrame([row]), "gun")
    ['gun: api: 나머지 항목보다 나쁘다고 볼 근거가 있는 값은 camera: c0(오탐 비율 +0.300 [+0.100, +0.500])입니다.']
    """
    return [
        _of_model(own, section, str(variant))
        for variant, own in table.groupby("variant", sort=False)
    ]


def _of_model(table: pd.DataFrame, section: str, variant: str) -> str:
    table.attrs = {**table.attrs}
    head = f"{literal(MODALITY[section])}: {literal(model_name(variant))}:"
    known, few = table[table["state"] == "ok"], table[table["state"] != "ok"]
    worse = [said for one in rows(known) if (said := _worse(one))]
    parts = []
    if worse:
        found = ", ".join(worse)
        parts.append(
            written(
                f"values that can be said to be worse than the rest: {found}.",
                f"나머지 항목보다 나쁘다고 볼 근거가 있는 값은 {found}입니다.",
            )
        )
    elif len(known):
        parts.append(
            written(
                f"none of {count(known):,} values can be said to be worse than the rest (the corrected "
                "intervals include 0).",
                f"값 {count(known):,}개 가운데 나머지 항목보다 나쁘다고 볼 근거가 있는 것은 없습니다(보정한 신뢰구간이 "
                "0을 포함).",
            )
        )
    gained = ", ".join(
        f"{_name(one)} {one.gain:+.3f} [{one.gain_low:+.3f}, {one.gain_high:+.3f}]"
        for one in rows(known[known["gain_low"] > 0])
    )
    if gained:
        parts.append(
            written(
                f"A threshold of its own raises F1 of: {gained}.",
                f"자기 threshold를 쓰면 F1이 오르는 값: {gained}.",
            )
        )
    if len(few):
        parts.append(
            written(
                f"{count(few):,} values have fewer than {MIN_GROUPS} harmful or safe groups: nothing "
                "can be said of them.",
                f"값 {count(few):,}개는 유해 또는 안전 그룹이 {MIN_GROUPS}개보다 적어 판단할 수 없습니다.",
            )
        )
    return " ".join([head, *parts])


def _worse(one: Row) -> str:
    """Name a slice, with the differences whose corrected interval says that it is worse."""
    told = [
        f"{_RATES[rate]} {one[name]:+.3f} [{one[f'{name}_low']:+.3f}, {one[f'{name}_high']:+.3f}]"
        for rate, end, sign in (("false_alarm_rate", "low", 1), ("recall", "high", -1))
        if sign * one[f"{(name := f'{rate}_difference')}_{end}"] > 0
    ]
    found = ", ".join(told)
    return written(f"{_name(one)} ({found})", f"{_name(one)}({found})") if told else ""


def _name(one: Row) -> str:
    return literal(slice_name(one.column, one.value))


def columns_left_out(left_out: pd.DataFrame, cut: list[str]) -> list[str]:
    """Say which columns were cut at quantiles, and which are no slices.

    Parameters
    ----------
    left_out : DataFrame
        As in `harmlib.analysis.slice_columns.Slices`.
    cut : list of str

    Returns
    -------
    list of str

    Examples
    --------
    >>> left_out = pd.DataFrame({"column": ["note"], "values": 400, "reason": "many_values"})
    >>> columns_left_out(left_out, ["size"])
    ['수를 분위수에서 4구간으로 나눈 열: size.', 'note: 값이 400가지로 너무 많아(20가지 초과) 나누어 보지 않았습니다.']
    """
    lines = []
    if cut:
        names = ", ".join(map(_column, cut))
        lines.append(
            written(
                f"Columns of numbers, cut at quantiles into {BINS} bins: {names}.",
                f"수를 분위수에서 {BINS}구간으로 나눈 열: {names}.",
            )
        )
    for one in rows(left_out):
        name = _column(one.column)
        if one.reason == "many_values":
            line = written(
                f"{name}: not divided by, as it has {one['values']:,} values (more than {MOST_VALUES}).",
                f"{name}: 값이 {one['values']:,}가지로 너무 많아({MOST_VALUES}가지 초과) 나누어 보지 않았습니다.",
            )
        else:
            line = written(
                f"{name}: not divided by, as nearly all items have the same value.",
                f"{name}: 거의 모든 항목에서 값이 같아 나누어 보지 않았습니다.",
            )
        lines.append(line)
    return lines


def slice_figure(table: pd.DataFrame, section: str) -> Words:
    """Describe the figure of slices.

    Parameters
    ----------
    table : DataFrame
        Of one variant, as `harmlib.analysis.slices.slice_table` returns it.
    section : str

    Returns
    -------
    Words

    Examples
    --------
    >>> table = pd.DataFrame({"variant": ["api"], "column": "camera", "value": "c0", "state": "ok",
    ...     "recall_difference": -0.1, "false_alarm_rate_difference": 0.2})
    >>> slice_figure(table, "gun").alt
    'gun, api: 나머지 항목과의 차이. camera: c0 오탐 비율 +0.200, Recall −0.100'
    """
    known = table[table["state"] == "ok"].head(24)
    marks = "; ".join(
        f"{slice_name(one.column, one.value)} {_RATES['false_alarm_rate']} "
        f"{one.false_alarm_rate_difference:+.3f}, Recall {one.recall_difference:+.3f}"
        for one in known.itertuples()
    ).replace("-", "−")
    name = f"{MODALITY[section]}, {model_name(table['variant'].iloc[0])}"
    return Words(
        plain(
            written(
                f"{name}: difference from the rest. {marks}",
                f"{name}: 나머지 항목과의 차이. {marks}",
            )
        ),
        written(
            f"{name}: the difference of each value from the rest of the items (the worst first), with "
            "95% intervals corrected for the number of rows. Where an interval meets the dotted line, "
            "there is too little ground for a difference. Values with few groups are not drawn.",
            f"{name}: 값마다 나머지 항목과의 차이(나쁜 것부터)와, 줄의 수만큼 보정한 95% 신뢰구간. 신뢰구간이 점선에 "
            "걸치면 다르다고 볼 근거가 부족합니다. 그룹이 적은 값은 그리지 않습니다.",
        ),
    )
