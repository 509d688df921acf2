import pandas as pd
import pytest

from harmlib.reporting.text.cited_numbers import plain
from harmlib.reporting.text.near_duplicate_search import equal_files_sentence, search_sentences

SEARCH = {"rule": "hash", "state": "searched", "threshold": 31, "backbones": "", "items": 400,
          "comparable": 400, "compared": 400, "comparisons": 50_000, "pairs": 7}  # fmt: skip


def said_of(**changes):
    return plain(search_sentences(pd.DataFrame([SEARCH | changes]), "image")[0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "off"}, "설정에서 껐습니다"),
        ({"state": "no hash"}, "비교하지 못했습니다"),
        ({"rule": "cosine", "state": "untrained"}, "학습된 백본이 없어"),
        ({"state": "bounded", "compared": 100}, "400개 가운데 100개만"),
        ({"comparable": 390}, "해시가 없는 10개"),
        ({"rule": "cosine", "threshold": 0.95, "backbones": "clip, yolo"}, "CLIP, YOLO 벡터"),
    ],
)
def test_each_state_of_the_search_has_its_words(changes, words):
    assert words in said_of(**changes)


def test_a_whole_search_speaks_of_no_limit():
    assert "한도" not in said_of()


def test_equal_files_of_the_other_modality_do_not_count():
    manifest = pd.DataFrame({"modality": ["image", "video", "video"], "sha256": list("abb")})
    assert "없습니다" in equal_files_sentence(manifest, "image")
    assert "2개" in plain(equal_files_sentence(manifest, "video"))
