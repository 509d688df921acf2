"""What the threshold lab shows at a threshold: numbers in, sentences and tables (HTML) out."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.alike_thresholds import AlikeThresholds
from harmlib.analysis.choice import Choice
from harmlib.analysis.misclassified import errors_by_group
from harmlib.reporting.lab.rates_at import Figures, expected_day
from harmlib.reporting.page.fragments import table_html
from harmlib.reporting.text.certainty import STATES
from harmlib.reporting.text.korean import LABEL, baseline_name, number

HERE = "현재 threshold"
GROUPS_SHOWN = 8


def paragraphs(*sentences: str) -> str:
    """Put sentences in paragraphs; empty ones are left out.

    Parameters
    ----------
    *sentences : str
        HTML.

    Returns
    -------
    str
        HTML in the style of the lab.

    Examples
    --------
    >>> paragraphs("하나.", "", "둘.")
    '<div class="harm-lab"><p>하나.</p><p>둘.</p></div>'
    """
    return f'<div class="harm-lab">{"".join(f"<p>{s}</p>" for s in sentences if s)}</div>'


def beside(*parts: str) -> str:
    """Put parts in one row where there is room: one widget, so that one message carries them.

    Parameters
    ----------
    *parts : str
        HTML.

    Returns
    -------
    str
        HTML in the style of the lab.

    Examples
    --------
    >>> beside("<p>왼쪽</p>", "<p>오른쪽</p>")
    '<div class="harm-lab beside"><p>왼쪽</p><p>오른쪽</p></div>'
    """
    return f'<div class="harm-lab beside">{"".join(parts)}</div>'


def choice_sentence(choice: Choice) -> str:
    """Say what an objective chose on validation, or why it chose nothing.

    Parameters
    ----------
    choice : Choice
        Of `choose`.

    Returns
    -------
    str
        Korean.

    Examples
    --------
    >>> from harmlib.analysis.choice import choose
    >>> choice_sentence(choose([0, 1, 1], [0.5, 0.5, 0.5], "f1"))
    '모든 점수가 같음: threshold를 그대로 두었습니다.'
    """
    if choice.threshold is None or choice.value is None or choice.plateau is None:
        return f"{STATES[choice.state]}: threshold를 그대로 두었습니다."
    plateau = f"{number(choice.plateau.low)}~{number(choice.plateau.high)}"
    better = "" if choice.above_baseline else " 모두 유해로 판정하는 기준선보다 낫지 않습니다."
    return (
        f"검증에서 고른 threshold는 {number(choice.threshold)}, 목적의 값은 {number(choice.value)}입니다"
        f"(값이 거의 같은 threshold 범위: {plateau}).{better}"
    )


def alike_sentence(alike: AlikeThresholds, near: int) -> str:
    """Say how far the threshold may move before validation tells the difference.

    Parameters
    ----------
    alike : AlikeThresholds
        Of the validation items, around the threshold.
    near : int
        How many of them lie within.

    Returns
    -------
    str
        Korean.

    Examples
    --------
    >>> alike_sentence(AlikeThresholds(0.4, 0.55, differing=1), near=2)
    'threshold를 0.4000에서 0.5500 사이로 옮겨도 판정이 달라지는 검증 항목은 많아야 1개입니다(이 범위에 있는
    항목 2개, 표에서는 threshold 근처).'
    """
    return (
        f"threshold를 {number(alike.low)}에서 {number(alike.high)} 사이로 옮겨도 판정이 달라지는 검증 항목은 "
        f"많아야 {alike.differing}개입니다(이 범위에 있는 항목 {near:,}개, 표에서는 threshold 근처)."
    )


def figures_table(here: Figures, baseline: Figures) -> str:
    """Write the rates at the threshold, and those of the baseline, as a table.

    Parameters
    ----------
    here, baseline : mapping of str to float
        Rates by name; NaN becomes a dash.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> from harmlib.reporting.lab.rates_at import figures_at
    >>> here = figures_at([0, 1, 1], [0.2, 0.6, 0.9], 0.5)
    >>> figures_table(here, here)
    '...<th scope="row">현재 threshold</th><td class="number">1.0000</td>...'
    """
    names = ("precision", "recall", "f1", "flagged_share", "specificity", "mcc")
    rows = [
        {"figure": who} | {name: figures[name] for name in names}
        for who, figures in ((HERE, here), (baseline_name(), baseline))
    ]
    return table_html(pd.DataFrame(rows), "검증 분할의 지표")


def confusion_table(here: Figures) -> str:
    """Write the confusion matrix at the threshold as a table.

    Parameters
    ----------
    here : mapping of str to float
        Counts tp, fp, fn, tn.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> confusion_table({"tp": 3, "fn": 1, "fp": 0, "tn": 2})
    '...<th scope="row">유해</th><td class="number">3</td><td class="number">1</td>...'
    """
    rows = [
        {
            "실제": LABEL[label],
            "유해로 판정": int(here[flagged]),
            "안전으로 판정": int(here[passed]),
        }
        for label, flagged, passed in ((1, "tp", "fn"), (0, "fp", "tn"))
    ]
    return table_html(pd.DataFrame(rows), "혼동 행렬(항목 수)")


def costs_table(
    here: Figures,
    cheapest: Choice,
    baseline: Figures,
    miss_cost: float,
    alarm_cost: float,
    items_per_day: float,
) -> str:
    """Write the expected day at the threshold, at the cheapest one, and of the baseline.

    Parameters
    ----------
    here, baseline : mapping of str to float
        Counts tp, fp, fn, tn; `here` also threshold.
    cheapest : Choice
        Of a cost objective; its row is left out where nothing could be chosen.
    miss_cost, alarm_cost, items_per_day : float
        As for `expected_day`; costs in won.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> import numpy as np
    >>> from harmlib.analysis.choice import choose
    >>> from harmlib.reporting.lab.rates_at import baseline_figures, figures_at
    >>> labels, scores = np.array([0, 1, 1]), np.array([0.2, 0.6, 0.9])
    >>> here, baseline = figures_at(labels, scores, 0.7), baseline_figures(labels)
    >>> costs_table(here, choose(labels, scores, "cost:miss=5,alarm=1"), baseline, 5, 1, 300)
    '...<th scope="row">현재 threshold</th>...<td class="text">500원</td>...'
    """
    thresholds = {HERE: here, "비용이 가장 적은 threshold": cheapest.row, baseline_name(): baseline}
    rows = []
    for who, figures in thresholds.items():
        if figures is None:
            continue
        day = expected_day(figures, miss_cost, alarm_cost, items_per_day)
        rows.append(
            {
                "figure": who,
                "Threshold": "–" if figures is baseline else number(figures["threshold"]),
                "미탐": f"{day['misses']:,.1f}",
                "오탐": f"{day['alarms']:,.1f}",
                "비용": f"{day['cost']:,.0f}원",
            }
        )
    return table_html(pd.DataFrame(rows), "하루의 예상 비용(유해의 비율이 검증과 같을 때)")


def groups_table(rows: pd.DataFrame, threshold: float) -> str:
    """Write the groups with the most errors as a table.

    Parameters
    ----------
    rows : DataFrame
        As for `errors_by_group`: columns item_id, group, label, probability.
    threshold : float
        What scores above it is flagged.

    Returns
    -------
    str
        HTML; a sentence where there are no errors.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({
    ...     "item_id": ["a", "b"], "group": ["camera1", "camera2"], "label": [0, 1],
    ...     "probability": [0.7, 0.8],
    ... })
    >>> groups_table(rows, 0.5)
    '...<caption>그룹별 오류: 2개 그룹 중 1개에 오류가 있음</caption>...<th scope="row">camera1</th>...'
    """
    groups = errors_by_group(rows, threshold)
    wrong = groups[groups["false_alarms"] + groups["misses"] > 0]
    if wrong.empty:
        return paragraphs("이 threshold에서는 틀린 항목이 없습니다.")
    caption = f"그룹별 오류: {len(groups):,}개 그룹 중 {len(wrong):,}개에 오류가 있음"
    more = f"(많은 순으로 {GROUPS_SHOWN}개)" if len(wrong) > GROUPS_SHOWN else ""
    names = {"false_alarms": "오탐", "misses": "미탐", "error_rate": "오류율"}
    return table_html(wrong.head(GROUPS_SHOWN).rename(columns=names), caption + more)
