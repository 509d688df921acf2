import pandas as pd
import pytest

from harmlib.reporting.report import FOLD_KINDS, KINDS
from harmlib.reporting.text import captions

OF_REPORT = {"summary", "overview", "effect", "objectives", "chosen_on_test"}
HALVES = {"halves"}  # of a table of scores: the words for its `pooled` and `summary`


@pytest.mark.parametrize("modality", ["image", "video"])
def test_captions_name_the_modality_and_read_like_sentences(modality):
    name = {"image": "이미지", "video": "비디오"}[modality]
    chosen = pd.DataFrame(
        {"variant": ["model4"], "epoch": 1, "threshold": 0.3, "precision": 0.9, "recall": 0.8,
         "value": 0.85, "low": 0.8, "high": 0.9}
    )  # fmt: skip
    found = [
        captions.metrics_by_threshold(chosen, modality),
        captions.epoch_thresholds(chosen, modality),
        captions.score_distribution(modality),
        captions.tried_differences(modality),
        captions.gain_parts([f"{name} Model 4"], modality),
        captions.reliability(modality),
    ]
    for alt, caption in found:
        assert alt.startswith(name)
        assert caption.startswith(name)
        assert caption.endswith("다.")


def test_captions_are_of_tables_that_are_written():
    assert set(captions.TABLES) - OF_REPORT - HALVES <= {*KINDS, *FOLD_KINDS}
    with pytest.raises(KeyError, match="nothing"):
        captions.table_caption("nothing", "video")


def test_where_there_is_no_interval_the_alt_text_says_so():
    nothing = pd.DataFrame(
        {"variant": ["model4"], "epoch": 1, "threshold": 0.3, "value": 0.85,
         "low": float("nan"), "high": float("nan")}
    )  # fmt: skip
    words = captions.epoch_thresholds(nothing, "video")
    assert "(신뢰구간 없음)" in words.alt
    assert "nan" not in words.alt


def test_captions_send_nobody_to_overlapping_bars():
    """Whether two bars overlap says nothing of paired samples."""
    nothing = pd.DataFrame({"variant": ["model4"], "epoch": 1, "threshold": 0.3, "value": 0.85,
                            "low": 0.2, "high": 0.9})  # fmt: skip
    moved = captions.epoch_thresholds(nothing, "video").caption
    assert "막대가 겹치는지로는 움직였는지 알 수 없습니다" in moved
