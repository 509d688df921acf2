"""What the lab shows of a line: numbers in, sentences, tables and the rows of its charts out."""

from __future__ import annotations

import altair as alt
import anywidget
import numpy as np
import pandas as pd
import traitlets
import vl_convert

from harmlib.analysis.choice import Choice
from harmlib.analysis.curves import pr_curve
from harmlib.analysis.misclassified import errors_by_group
from harmlib.analysis.thresholds import sweep
from harmlib.reporting.figures.report import GREY, HARMFUL, SAFE
from harmlib.reporting.page.tables import table_html
from harmlib.reporting.text.certainty import STATES
from harmlib.reporting.text.korean import BASELINE_NAME, LABEL, number

Row = dict[str, float]  # of `sweep`: threshold, counts and rates
HERE = "지금의 선"
BINS = np.linspace(0, 1, 41)
CURVE_STEPS = 400  # a curve is drawn no finer than this: about its size in pixels
GROUPS_SHOWN = 8


def row_at(labels: np.ndarray, scores: np.ndarray, threshold: float) -> Row:
    """The row of `sweep` at a threshold; NaN for a ratio that has no denominator there."""
    row = sweep(labels, scores, [threshold]).iloc[0].to_dict()
    undefined = [] if row["tp"] + row["fp"] else ["precision"]
    undefined += [] if row["tp"] + row["fn"] else ["recall", "f1"]
    undefined += [] if row["fp"] + row["tn"] else ["specificity"]
    return row | dict.fromkeys(undefined, np.nan)


def daily(row: Row, miss: float, alarm: float, per_day: float) -> dict[str, float]:
    """`misses`, `alarms` and their `cost` a day, if `per_day` items come as they do in validation.

    miss, alarm : what one costs
    """
    share = per_day / (row["tp"] + row["fp"] + row["fn"] + row["tn"])
    misses, alarms = share * row["fn"], share * row["fp"]
    return {"misses": misses, "alarms": alarms, "cost": miss * misses + alarm * alarms}


# Sentences and tables


def said(*sentences: str) -> str:
    return f'<div class="harm-lab">{"".join(f"<p>{s}</p>" for s in sentences if s)}</div>'


def beside(*parts: str) -> str:
    """Parts in one row where there is room: one widget, so that one message carries them."""
    return f'<div class="harm-lab beside">{"".join(parts)}</div>'


def choice_sentence(choice: Choice) -> str:
    """What an objective chose on validation, or why it chose nothing."""
    if choice.threshold is None:
        return f"{STATES[choice.state]}: 선을 옮기지 않았습니다."
    plateau = f"{number(choice.plateau.low)}~{number(choice.plateau.high)}"
    better = (
        "" if choice.better_than_baseline else " 모두 유해로 판정하는 기준선보다 낫지 않습니다."
    )
    return (
        f"검증에서 고른 threshold는 {number(choice.threshold)}, 목적의 값은 {number(choice.value)}입니다"
        f"(거의 같은 값을 주는 구간: {plateau}).{better}"
    )


def figures_table(here: Row, everything: Row) -> str:
    """The rates at the line, and of calling everything harmful."""
    names = ("precision", "recall", "f1", "flagged_share", "specificity", "mcc")
    rows = [
        {"figure": who} | {name: row[name] for name in names}
        for who, row in ((HERE, here), (BASELINE_NAME, everything))
    ]
    return table_html(pd.DataFrame(rows), "검증 분할의 지표")


def confusion_table(here: Row) -> str:
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
    here: Row, cheapest: Choice, everything: Row, miss: float, alarm: float, per_day: float
) -> str:
    """The expected day at the line, at the cheapest one (if there is one), and without any."""
    lines = {HERE: here, "비용이 가장 적은 선": cheapest.row, BASELINE_NAME: everything}
    rows = []
    for who, row in lines.items():
        if row is None:
            continue
        day = daily(row, miss, alarm, per_day)
        rows.append(
            {
                "figure": who,
                "Threshold": "–" if row is everything else number(row["threshold"]),
                "미탐": f"{day['misses']:,.1f}",
                "오탐": f"{day['alarms']:,.1f}",
                "비용": f"{day['cost']:,.0f}원",
            }
        )
    return table_html(pd.DataFrame(rows), "하루의 예상 비용(유해의 비율이 검증과 같을 때)")


def groups_table(rows: pd.DataFrame, threshold: float) -> str:
    """The groups with the most errors. rows : as for `errors_by_group`."""
    groups = errors_by_group(rows, threshold)
    wrong = groups[groups["false_alarms"] + groups["misses"] > 0]
    if wrong.empty:
        return said("이 선에서는 틀린 항목이 없습니다.")
    caption = f"그룹별 오류: {len(groups):,}개 그룹 중 {len(wrong):,}개에 오류가 있음"
    more = f"(많은 순으로 {GROUPS_SHOWN}개)" if len(wrong) > GROUPS_SHOWN else ""
    names = {"false_alarms": "오탐", "misses": "미탐", "error_rate": "오류율"}
    return table_html(wrong.head(GROUPS_SHOWN).rename(columns=names), caption + more)


# Charts


def curve_rows(labels: np.ndarray, scores: np.ndarray) -> list[dict[str, float]]:
    """The PR curve in its order, without points that would fall on the same pixel."""
    curve = pr_curve(labels, scores)[["recall", "precision"]]
    kept = curve[~(curve * CURVE_STEPS).round().duplicated()]
    return kept.assign(order=range(len(kept))).to_dict("records")


def bar_rows(labels: np.ndarray, scores: np.ndarray) -> list[dict[str, float | str]]:
    """Items a bin of probability; those of safe items negative, to be drawn downwards."""
    return [
        {"low": low, "high": high, "count": sign * int(count), "label": LABEL[label]}
        for label, sign in ((1, 1), (0, -1))
        for low, high, count in zip(
            BINS[:-1], BINS[1:], np.histogram(scores[labels == label], BINS)[0], strict=True
        )
    ]


def _charts() -> alt.HConcatChart:
    """The PR curve and the distribution of scores; `Charts` brings their data."""
    line = alt.param(name="line", value={"threshold": 0, "recall": 0, "precision": 0})
    unit = alt.Scale(domain=[0, 1])
    recall = alt.X("recall:Q", scale=unit, title="Recall (유해 중 찾아낸 비율)")
    precision = alt.Y("precision:Q", scale=unit, title="Precision (유해 판정 중 맞은 비율)")
    here = alt.Chart(alt.Data(values=[{}])).transform_calculate(
        threshold="line.threshold", recall="line.recall", precision="line.precision"
    )
    curve = alt.Chart(alt.NamedData("curve")).encode(x=recall, y=precision, order="order:Q")
    baseline = alt.Chart(alt.NamedData("baseline")).encode(y=precision)
    pr = alt.layer(
        baseline.mark_rule(color=GREY, strokeDash=[3, 3]),
        curve.mark_line(color=SAFE, interpolate="step-after"),
        here.mark_point(color="black", filled=True, size=130).encode(x=recall, y=precision),
        title="PR 곡선: 점은 지금의 선, 점선은 기준선",
    )
    colour = alt.Color("label:N", legend=None).scale(
        domain=[LABEL[1], LABEL[0]], range=[HARMFUL, SAFE]
    )
    count = alt.Y("count:Q", title="항목 수").axis(labelExpr="format(abs(datum.value), ',')")
    low = alt.X("low:Q", bin="binned", scale=unit, title="유해 확률")
    bars = alt.Chart(alt.NamedData("bars")).mark_bar()
    scores = alt.layer(
        bars.encode(x=low, x2="high", y=count, color=colour),
        here.mark_rule(color="black", size=2).encode(x="threshold:Q"),
        title="점수 분포: 위는 유해, 아래는 안전, 세로선은 threshold",
    )
    sides = [side.properties(width=330, height=250) for side in (pr, scores)]
    both = alt.hconcat(*sides, description="PR 곡선과 점수 분포. 수치는 위의 표에 있습니다.")
    return both.add_params(line).configure(font="NanumGothic, sans-serif")


class Charts(anywidget.AnyWidget):
    """`_charts` drawn by Vega without a network; `tables` and `line` change, the rest stays.

    Altair's own JupyterChart takes new data as a new chart only: checked and compiled again, it
    answers seven times slower, and flickers.
    """

    _esm = vl_convert.javascript_bundle(
        """
        async function render({ model, el }) {
          const spec = { ...model.get("spec"), datasets: model.get("tables") };
          const { view, finalize } = await vegaEmbed(el, spec, { actions: false, renderer: "svg" });
          const move = () => {
            view.signal("line", model.get("line")).runAsync();
            // JupyterLab would take the arrow keys and letters of a select for shortcuts of its own.
            for (const select of el.closest(".harm-lab-view")?.querySelectorAll("select") ?? [])
              select.setAttribute("data-lm-suppress-shortcuts", "true");
          };
          const fill = () => {
            for (const [name, rows] of Object.entries(model.get("tables"))) view.data(name, rows);
            move();
          };
          model.on("change:line", move);
          model.on("change:tables", fill);
          move();
          return () => {
            model.off("change:line", move);
            model.off("change:tables", fill);
            finalize();
          };
        }
        export default { render };
        """,
        vl_version=".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2]),
    )
    spec = traitlets.Dict(_charts().to_dict()).tag(sync=True)
    tables = traitlets.Dict().tag(sync=True)  # a list of rows for each named data source
    line = traitlets.Dict().tag(sync=True)  # threshold, recall and precision of the param
