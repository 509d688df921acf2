from pathlib import Path

from harmlib.reporting.text.long_videos import segment_table, strips_html

ROOT = Path("/media/new")
DECISION = {
    "path": "/media/new/a b/one.mp4",
    "segments": [{"start_sec": 2, "end_sec": 4.5, "peak_probability": 0.9, "strip": "s/abc-1.jpg"}],
}


def test_a_segment_is_a_row():
    row = segment_table([DECISION], ROOT).iloc[0].tolist()
    assert row == ["a b/one.mp4", "2.0", "4.5", 0.9]


def test_strips_stay_folded_and_missing_ones_are_passed_over(tmp_path):
    assert strips_html([DECISION], ROOT, tmp_path) == ""
    (tmp_path / "s").mkdir()
    (tmp_path / "s/abc-1.jpg").write_bytes(b"\xff\xd8\xff")
    page = strips_html([DECISION], ROOT, tmp_path)
    assert page.startswith("<details><summary>")
    assert "a b/one.mp4, 2.0~4.5초" in page
