from pathlib import Path

import pandas as pd
import pytest

from harmlib.reporting.text import run_tables


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
