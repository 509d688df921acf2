from pathlib import Path

import pandas as pd

from harmlib.analysis.alike_thresholds import AlikeThresholds
from harmlib.reporting.text import verdicts

ROOT = Path("/media/new")


def test_verdicts_come_by_margin_and_without_folders():
    table = pd.DataFrame(
        {
            "path": ["/media/new/low.jpg", "/media/new/sub/high.jpg", "/else/where.jpg"],
            "modality": "image",
            "probability": [0.1, 0.9, 0.5],
            "margin": [-0.4, 0.4, 0.0],
            "decision": ["safe", "harmful", "safe"],
            "band": ["pass", "block", "review"],
        }
    )
    shown = verdicts.verdict_table(table, ROOT)
    assert shown["파일"].tolist() == ["sub/high.jpg", "where.jpg", "low.jpg"]
    assert shown["판정"].tolist() == ["유해", "안전", "안전"]
    assert shown["처리"].tolist() == ["차단", "검토", "통과"]
    alike = {"image": AlikeThresholds(0.05, 0.5, differing=1)}
    handled = verdicts.verdict_table(table, ROOT, alike)["처리"].tolist()
    assert handled == ["차단", "검토", "먼저 확인(threshold 근처)"], "its ends are decided alike"
    assert verdicts.near_table(table, ROOT, alike)["파일"].tolist() == ["low.jpg"]
    alike = {"image": AlikeThresholds(0.05, 0.95, differing=1)}
    assert set(verdicts.verdict_table(table, ROOT, alike)["처리"]) == {"먼저 확인(threshold 근처)"}
    nearest = verdicts.near_table(table, ROOT, alike)["파일"].tolist()
    assert nearest[0] == "where.jpg", "the nearest first"
    assert len(verdicts.near_table(table, ROOT, {"video": alike["image"]})) == 0
    unusable = pd.DataFrame(
        {"path": ["/media/new/x"], "modality": "", "reason": "/media/new/x: no media"}
    )
    assert verdicts.ledger_table(unusable, ROOT).to_numpy().tolist() == [
        ["x", "알 수 없음", "x: no media"]
    ]
    text = verdicts.verdict_counts(table, unusable, 2)
    assert text.startswith("파일 4개 가운데 3개를 판정했습니다(유해 1개, 안전 2개)")
