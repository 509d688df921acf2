"""Slices and labels in doubt in words, and the figure of slices."""

import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.label_doubts import AGREEMENT_COLUMNS
from harmlib.analysis.slices import COLUMNS
from harmlib.reporting.figures.slices import slices
from harmlib.reporting.text import label_doubts
from harmlib.reporting.text import slices as texts
from harmlib.reporting.text.cited_numbers import html, plain


def row(value, state="ok", **changed):
    zeros = {name: 0.0 for name in COLUMNS if name.endswith(("_low", "_high", "_difference"))}
    return dict.fromkeys(COLUMNS, 0.5) | zeros | {
        "variant": "api", "column": "camera", "value": value, "state": state, "is_cut": False,
        "gain_state": state, "items": 90, "harmful": 40,
    } | changed  # fmt: skip


def table(*rows):
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    found.attrs = {"name": "tables/slices_gun.csv", "rows": len(found)}
    return found


WORSE = {"recall_difference": -0.4, "recall_difference_low": -0.6, "recall_difference_high": -0.2}


def test_only_what_the_corrected_interval_tells_is_called_worse():
    (said,) = texts.slice_sentences(table(row("c0", **WORSE), row("c1")), "gun")
    assert "camera: c0(Recall −0.400 [−0.600, −0.200])" in plain(said)
    assert "camera: c1" not in plain(said)
    assert 'data-cell="tables/slices_gun.csv[0].recall_difference"' in html(said)
    (none,) = texts.slice_sentences(table(row("c1")), "gun")
    assert "근거가 있는 것은 없습니다" in none


@pytest.mark.parametrize("better", ["recall", "false_alarm_rate"])
def test_a_better_slice_is_not_called_worse(better):
    sign = 1 if better == "recall" else -1
    ends = {f"{better}_difference{end}": sign * 0.2 for end in ("", "_low", "_high")}
    (said,) = texts.slice_sentences(table(row("c0", **ends)), "gun")
    assert "근거가 있는 것은 없습니다" in said


def test_too_few_is_said_in_words():
    few = row("c9", "few", **{name: np.nan for name in COLUMNS if name.endswith(("_low", "_high"))})
    (said,) = texts.slice_sentences(table(few), "gun")
    assert "판단할 수 없습니다" in said
    shown = texts.shown_slices(table(few)).iloc[0]
    assert shown["오탐 비율의 차이(나머지 항목과)"] == "그룹이 적어 판단할 수 없음"
    assert shown["자기 threshold의 F1 이득"] == "그룹이 적어 판단할 수 없음"


def test_the_figure_shows_what_has_intervals_worst_on_top():
    figure = slices(table(row("c0", **WORSE), row("c1"), row("c9", "few")))
    axes = figure.axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["camera: c0", "camera: c1"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_a_hostile_value_is_text():
    (said,) = texts.slice_sentences(table(row("<b>**x**", **WORSE)), "gun")
    assert "<b>" not in html(said)


def test_kappa_without_an_interval_or_a_value_is_said_in_words():
    values = dict.fromkeys(AGREEMENT_COLUMNS, 9) | {"kappa": 0.4, "kappa_low": np.nan}
    said = label_doubts.agreement_sentence(pd.DataFrame([values]), "gun")
    assert "신뢰구간 없음" in said
    said = label_doubts.agreement_sentence(pd.DataFrame([values | {"kappa": np.nan}]), "gun")
    assert "구할 수 없습니다" in said
    none = pd.DataFrame([dict.fromkeys(AGREEMENT_COLUMNS, np.nan) | {"items": 0}])
    assert "없습니다" in label_doubts.agreement_sentence(none, "gun")
