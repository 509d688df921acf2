from pathlib import Path

from harmlib.reporting.text import one_decision as says

ROOT = Path("/media/new")

DECISION = {
    "id": "abc",
    "path": "/media/new/a b/one.mp4",
    "decision": "harmful",
    "probability": 0.6,
    "threshold": 0.5,
    "contributions": {"clip": 0.1, "yolo": -0.7},
    "nearest": [{"item_id": "x.mp4", "label": 0, "probability": 0.2, "similarity": 0.99}],
}


def test_one_decision_in_words():
    lines = says.decision_sentences(DECISION, ROOT)
    assert lines[0].startswith("a b/one.mp4: 유해로 판정했습니다. 확률 0.6000")
    assert "0.600000 이상이었다면 안전" in lines[1]
    assert "YOLO, 방향은 안전 쪽" in lines[2]
    safe = DECISION | {"decision": "safe", "probability": 0.4}
    assert "0.400000보다 낮았다면 유해" in says.decision_sentences(safe, ROOT)[1]
    assert says.nearest_table(DECISION)["라벨"].tolist() == ["안전"]
    assert "다른 판정" in says.replay_sentence(0.1, same=False)
