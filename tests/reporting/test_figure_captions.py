"""Captions of the figures of results, choices and errors, in both languages."""

import pandas as pd
import pytest

from harmlib.language import languages
from harmlib.reporting.text import certainty_captions
from harmlib.reporting.text import figure_captions as captions
from harmlib.reporting.text.cited_numbers import html, plain

POINTS = pd.DataFrame(
    {"variant": ["model4"], "epoch": 1, "threshold": 0.3, "precision": 0.9, "recall": 0.8,
     "average_precision": 0.95, "low": 0.25, "high": 0.4}
)  # fmt: skip
COUNTS = pd.DataFrame({"variant": ["model4"], "tp": 1200, "fp": 1, "fn": 2, "tn": 3})
AGAINST = pd.DataFrame(
    {"variant": ["model4"], "difference": -0.08, "corrected_low": -0.13, "corrected_high": -0.03}
)
PAIRS = AGAINST.assign(split="test", a="model2", b="model4", metric="f1")
GROUPS = pd.DataFrame(
    {"variant": "model4", "group": ["cam1", "cam2"], "n": [4, 5], "misses": [2, 0],
     "false_alarms": [1, 0]}
)  # fmt: skip
HISTORY = pd.DataFrame({"variant": ["model4"], "epoch": 1, "train_loss": 0.5, "val_loss": 0.6})


def all_words(modality="video", where="시험 분할"):
    return [
        captions.precision_recall(POINTS, 0.7, modality),
        certainty_captions.precision_recall_band(POINTS, 0.7, modality),
        certainty_captions.f1_bands(POINTS, modality),
        certainty_captions.from_baseline(AGAINST, modality, where),
        certainty_captions.between_models(PAIRS, modality, where),
        captions.mistakes(COUNTS, modality, where),
        captions.review_share(COUNTS, modality, where),
        captions.errors_by_group(GROUPS, COUNTS, modality, where),
        captions.loss_by_epoch(HISTORY, POINTS, modality),
    ]


@pytest.mark.parametrize("modality", ["image", "video"])
def test_captions_name_the_modality_and_read_like_sentences(modality):
    name = {"image": "이미지", "video": "비디오"}[modality]
    for alt, caption in all_words(modality):
        assert alt.startswith(name)
        assert caption.startswith(name)
        assert caption.endswith(("다.", "십시오."))
        assert len(alt) > 20


def test_english_captions_hold_no_hangul():
    with languages(page="en"):
        for words in all_words("street", "the test split"):
            assert not any("가" <= letter <= "힣" for text in words for letter in text)


def test_alt_texts_hold_the_numbers():
    found = [plain(words.alt) for words in all_words()]
    assert "AP 0.950" in found[0]
    assert "−0.080 (−0.130~−0.030)" in found[3]
    assert "Model 4 − Model 2 −0.080" in found[4]
    assert "유해 1,202 가운데 미탐 2, 안전 4 가운데 오탐 1" in found[5]
    assert "1,206건 가운데 1,201건을 유해로 판정하여 유해 1,202건 가운데 1,200건을 찾음" in found[6]
    assert "cam1 3/4" in found[7]
    assert "cam2" not in found[7], "it holds no error"


def test_without_an_interval_they_say_so():
    nothing = AGAINST.assign(corrected_low=float("nan"), corrected_high=float("nan"))
    alt = certainty_captions.from_baseline(nothing, "video", "시험 분할").alt
    assert "(신뢰구간 없음)" in alt
    assert "nan" not in alt


def test_numbers_of_the_caption_cite_their_cells():
    counts, groups = COUNTS.copy(), GROUPS.copy()
    counts.attrs = {"name": "tables/test_video.csv", "rows": 1}
    groups.attrs = {"name": "tables/errors_by_group_video.csv", "rows": 2}
    caption = html(captions.errors_by_group(groups, counts, "video", "시험 분할").caption)
    assert 'data-cell="tables/test_video.csv[0].fn + tables/test_video.csv[0].fp">3<' in caption
    of_group = "tables/errors_by_group_video.csv[0]"
    assert f'data-cell="{of_group}.misses + {of_group}.false_alarms">3<' in caption


def test_a_plateau_of_no_model_is_told():
    assert certainty_captions.f1_bands(POINTS.head(0), "video").alt.endswith("threshold: 없음.")
