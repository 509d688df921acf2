"""What is said of errors in their gallery: kinds, places, counts, thresholds, facts of each."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.misclassified import NEAR
from harmlib.language import Wordings, written
from harmlib.reporting.text.cited_numbers import CitedNumber, Row, at, count, rows
from harmlib.reporting.text.korean import LABEL, model_name, number, particle

KINDS = Wordings({"false_alarm": ("False alarm", "오탐"), "miss": ("Miss", "미탐")})
MEANINGS = Wordings(
    {
        "false_alarm": ("False alarms: safe, judged harmful", "오탐: 안전을 유해로 판정"),
        "miss": ("Misses: harmful, judged safe", "미탐: 유해를 안전으로 판정"),
    }
)
PLACES = Wordings(
    {
        "near": ("near the threshold", "threshold와의 차이 작음"),
        "far": ("far from the threshold", "threshold와의 차이 큼"),
    }
)


def near_and_far() -> str:
    """Say what is near and what is far.

    Returns
    -------
    str

    Examples
    --------
    >>> near_and_far()
    "확률과 threshold의 차이가 0.10 이하이면 '작음', 그보다 크면 '큼'입니다."
    """
    return written(
        f"An error within {NEAR:.2f} of its threshold is near, any other is far.",
        f"확률과 threshold의 차이가 {NEAR:.2f} 이하이면 '작음', 그보다 크면 '큼'입니다.",
    )


def model_sentence(variant: str, errors: pd.DataFrame) -> str:
    """Say how many errors a model makes, and at which threshold.

    Parameters
    ----------
    variant : str
        The model.
    errors : DataFrame
        Its rows of `harmlib.analysis.misclassified.errors_of_models`.

    Returns
    -------
    str

    Examples
    --------
    >>> errors = pd.DataFrame({"kind": ["miss", "miss"], "place": ["near", "far"],
    ...                        "threshold": 0.5, "total": [3, 1]})
    >>> model_sentence("model4", errors)
    'Model 4(threshold 0.50): 오탐 0건, 미탐 4건'
    """
    name = model_name(variant)
    if errors.empty:
        return written(f"{name}: no errors", f"{name}: 틀린 항목이 없습니다")
    false_alarms, misses = (total(errors[errors["kind"] == kind]) for kind in KINDS)
    lowest, highest = (
        at(errors, errors["threshold"].agg(end)).threshold for end in ("idxmin", "idxmax")
    )
    line, in_english = f"{lowest:.2f}", f"{lowest:.2f}"
    if float(lowest) != float(highest):
        line = f"{lowest:.2f}~{highest:.2f}, fold마다 다름"
        in_english = f"{lowest:.2f} to {highest:.2f}, by fold"
    return written(
        f"{name} (threshold {in_english}): {false_alarms:,} false alarms, {misses:,} misses",
        f"{name}(threshold {line}): 오탐 {false_alarms:,}건, 미탐 {misses:,}건",
    )


def kind_sentence(kind: str, errors: pd.DataFrame) -> str:
    """Say how many errors of a kind are shown, of how many.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    errors : DataFrame
        Rows of this kind, of one model.

    Returns
    -------
    str

    Examples
    --------
    >>> errors = pd.DataFrame({"place": ["near", "far"], "total": [3, 1]})
    >>> kind_sentence("miss", errors)
    '미탐 4건 가운데 2건을 보여 줍니다(threshold와의 차이 작음 3건 중 1건, threshold와의 차이 큼 1건 중 1건).'
    """
    if errors.empty:
        return written(
            f"{KINDS[kind]}: none.", f"보여 줄 {particle(KINDS[kind], '이/가')} 없습니다."
        )
    own = {place: errors[errors["place"] == place] for place in PLACES}
    places = [
        written(
            f"{count(rows_):,} of {total(rows_):,} {PLACES[place]}",
            f"{PLACES[place]} {total(rows_):,}건 중 {count(rows_):,}건",
        )
        for place, rows_ in own.items()
        if len(rows_)
    ]
    listed = ", ".join(places)
    return written(
        f"{count(errors):,} of {total(errors):,} shown ({listed}).",
        f"{KINDS[kind]} {total(errors):,}건 가운데 {count(errors):,}건을 보여 줍니다({listed}).",
    )


def total(errors: pd.DataFrame) -> float:
    """Add up how many errors there are, shown or not; the number cites its cells.

    Parameters
    ----------
    errors : DataFrame
        Rows of one model: columns kind and place where there are several, total.

    Returns
    -------
    float

    Examples
    --------
    >>> total(pd.DataFrame({"place": ["near", "near", "far"], "total": [5, 5, 2]}))
    7.0
    """
    keys = [column for column in ("kind", "place") if column in errors]
    totals: list[float] = [each.total for each in rows(errors.drop_duplicates(keys))]
    return sum(totals[1:], start=totals[0]) if totals else CitedNumber(0, "")


def facts(error: Row, with_path: bool) -> dict[str, str]:
    """Say what is known of one error: names and values.

    Parameters
    ----------
    error : Row
        Of `harmlib.analysis.misclassified.instructive_errors`.
    with_path : bool
        Whether it has a column `path` to be told.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> error = pd.Series({"probability": 0.44, "threshold": 0.45, "distance": 0.01, "label": 1,
    ...                    "group": "camera1", "item_id": "a.mp4"})
    >>> facts(Row(error, ""), with_path=False)
    {'확률': '0.4400', 'Threshold': '0.4500', '차이': '0.0100', '라벨': '유해', '그룹': 'camera1', '항목':
    'a.mp4'}
    """
    told = {
        written("Probability", "확률"): number(error.probability),
        "Threshold": number(error.threshold),
        written("Difference", "차이"): number(error.distance),
        written("Label", "라벨"): LABEL[error.label],
        written("Group", "그룹"): str(error.group),
        written("Item", "항목"): str(error.item_id),
    }
    return told | ({written("File", "파일"): str(error.path)} if with_path else {})
