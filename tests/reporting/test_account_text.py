"""The account in words: its numbers cite their cells."""

import re

import pandas as pd

from harmlib.analysis.account import lost_bounds
from harmlib.reporting.text.account import (
    account_sentence,
    lost_sentences,
    shown_account,
    shown_bounds,
)
from harmlib.reporting.text.cited_numbers import html, plain


def account():
    table = pd.DataFrame(
        [("video", label, split, 5, 0, 0, 0, 5, float("nan") if split == "train" else 5.0, "ok")
         for label in (1, 0) for split in ("train", "val", "test")]
        + [("video", 1, "unknown", 3, 1, 2, 0, 0, float("nan"), "ok")],
        columns=["modality", "label", "split", "files", "left_out", "unusable", "failed", "used",
                 "scored", "state"],
    )  # fmt: skip
    table.attrs = {"name": "tables/account.csv", "rows": len(table)}
    return table


def test_the_sum_is_said_and_cites_its_cells():
    sentence = account_sentence(account(), "video")
    assert plain(sentence) == (
        "비디오는 들어온 파일 33개 = 쓴 파일 30개 + 쓰지 못한 파일 2개 + 비율을 맞추려고 뺀 파일 "
        "1개로 합이 맞습니다. 어느 단계에서도 사라진 파일이 없습니다."
    )
    cells = re.findall(r'data-cell="([^"]*)"', html(sentence))
    assert [len(cell.split(" + ")) for cell in cells] == [7, 7, 14, 7]
    assert cells[0].startswith("tables/account.csv[0].files + tables/account.csv[1].files")


def test_the_table_has_whole_numbers_and_what_was_lost():
    shown = shown_account(account())
    assert "추출에서 제외" not in shown, "nothing was lost there"
    assert shown["점수를 낸 파일"].tolist()[1] == 5
    assert str(shown["점수를 낸 파일"].dtype) == "Int64"
    assert set(shown["합"]) == {"맞음"}
    broken = account().assign(state="open")
    assert set(shown_account(broken)["합"]) == {"안 맞음"}


def test_how_far_the_figures_could_move_is_said():
    test = pd.DataFrame({"variant": ["model4"], "tp": 4, "fp": 1, "fn": 1, "tn": 4})
    bounds = lost_bounds(account(), test, "video")
    bounds.attrs = {"name": "tables/lost_bounds_video.csv", "rows": len(bounds)}
    (sentence,) = lost_sentences(bounds, "video", "model4")
    assert plain(sentence) == (
        "비디오: 분할이 정해지기 전에 잃은 파일까지 모두 시험 분할의 것으로 보고, "
        "그 파일(유해 2개, 안전 0개)을 모두 잘못 판정했다면(유해는 미탐, 안전은 오탐) "
        "Model 4의 시험 수치는 Recall은 0.8000에서 0.5714, Precision은 0.8000에서 0.8000, "
        "F1은 0.8000에서 0.6667, 정확도는 0.8000에서 0.6667까지 낮아질 수 있습니다."
    )
    assert 'data-cell="tables/lost_bounds_video.csv[0].low"' in html(sentence)
    assert len(shown_bounds(bounds)) == 4
    (nothing,) = lost_sentences(bounds.iloc[:0], "video", "model4")
    assert "하나도 잃지 않아" in nothing
