import pandas as pd
import pytest

from harmlib.reporting.report import KINDS
from harmlib.reporting.text import captions

OF_REPORT = {"summary", "overview", "effect"}


@pytest.mark.parametrize("modality", ["image", "video"])
def test_captions_name_the_modality_and_read_like_sentences(modality):
    name = {"image": "이미지", "video": "비디오"}[modality]
    chosen = pd.DataFrame(
        {"variant": ["model4"], "epoch": 1, "threshold": 0.3, "precision": 0.9, "recall": 0.8,
         "value": 0.85, "low": 0.8, "high": 0.9, "tp": 1200, "fp": 1, "fn": 2, "tn": 3}
    )  # fmt: skip
    found = [
        captions.precision_recall(chosen, 0.7, modality),
        captions.metrics_by_threshold(chosen, modality),
        captions.epoch_thresholds(chosen, modality),
        captions.score_distribution(modality),
        captions.confusion_matrices(chosen, modality),
        captions.intervals_on_test(chosen, modality),
        captions.f1_bands(modality),
        captions.tried_differences(modality),
        captions.gain_parts([f"{name} Model 4"], modality),
        captions.reliability(modality),
    ]
    for alt, caption in found:
        assert alt.startswith(name)
        assert caption.startswith(name)
        assert caption.endswith("다.")
    assert "TP 1,200, FN 2, FP 1, TN 3" in found[4].alt


def test_captions_are_of_tables_that_are_written():
    assert set(captions.TABLES) - OF_REPORT <= set(KINDS)
    with pytest.raises(KeyError, match="nothing"):
        captions.table_caption("nothing", "video")
