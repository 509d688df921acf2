from pathlib import Path

import pandas as pd
import pytest

from harmlib.params import load_params
from harmlib.reporting.text import run_tables


def test_variants_stand_side_by_side():
    params = load_params("params/demo.yaml")
    table = run_tables.variant_table(params.variants).set_index("항목")
    assert list(table) == ["Model 2", "Model 3", "Model 4", "Model 5"]
    weight = table.loc["pos_weight"]
    assert weight["Model 2"] == "없음"
    assert weight["Model 4"] == "안전/유해(학습 분할)"
    assert table.loc["운영 threshold", "Model 2"] == "0.50 고정"
    assert table.loc["체크포인트", "Model 4"] == "가중치 + best_threshold"
    assert table.loc["쓰는 백본"].tolist() == [*["전부"] * 3, "교차 검증으로 선택"]
    assert table.loc["L2 벌점"].tolist() == [*["없음"] * 3, "교차 검증으로 선택"]
    assert table.loc["분류기의 마지막 층", "Model 5"] == "Linear(모든 특징, 1), logits"
    assert table.loc["비디오: epoch, 배치, 학습률", "Model 5"] == "최적점까지 적합"
    assert table.loc["분석하는 threshold", "Model 3"] == "0.30~0.70, 9개"


def test_facts_name_each_table_and_each_weight_once():
    about = {
        "params": {"run": "demo", "seed": 42},
        "made": "2026-03-01T14:05:00+09:00",
        "device": "CPU",
        "machine": "Linux",
        "commit": "",
        "sha256": {"scores.parquet": "abc"},
        "weights": [
            {"modality": m, "backbone": b, "sha256": s}
            for m in ("image", "video")
            for b, s in (("clip", "def"), ("yolo", ""))
        ],
    }
    facts = run_tables.run_facts(about).set_index("항목")["값"]
    assert facts["커밋"] == "–"
    assert facts["만든 때"] == "2026년 3월 1일 14시 5분"
    assert facts["scores.parquet sha256"] == "abc"
    assert facts.filter(like="가중치").to_dict() == {"clip 가중치 sha256": "def"}


def test_constants_are_those_of_the_functions():
    constants = run_tables.constants_table().set_index("name")["value"]
    assert constants["구간의 신뢰 수준"] == 0.95
    assert constants["재표집 횟수"] == 2000
    assert constants["구간에 필요한 그룹 수(클래스마다)"] == 5
    assert constants["Recall 하한"].tolist() == [0.8, 0.9, 0.95]


def test_shown_weights_are_of_all_modalities():
    weights = pd.DataFrame(
        {"backbone": ["clip"], "weights": "untrained:0", "sampling": "1", "precision_used": "fp32",
         "dim": 512, "items": 9, "sha256": "", "modality": "video"}
    )  # fmt: skip
    assert "sha256" not in run_tables.shown_weights(weights)
    with pytest.raises(KeyError):
        run_tables.shown_weights(weights.drop(columns="dim"))


@pytest.mark.parametrize("name", ["project (1)", "c++", "[x]", "a.b", "한글"])
def test_settings_leave_out_the_folder_of_a_project_of_any_odd_name(monkeypatch, name):
    monkeypatch.setattr(run_tables, "PROJECT_ROOT", Path("/home/me") / name)
    table = run_tables.settings_table({"data": {"root": f"/home/me/{name}/data"}})
    assert table.to_numpy().tolist() == [["data.root", "data"]]
