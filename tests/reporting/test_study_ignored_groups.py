import pytest
from study_differences import NONE, claimed

from harmlib.reporting.text.cited_numbers import plain
from harmlib.reporting.text.study_ignored_groups import claim_sentences


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (0.1, "+0.1000(95% 신뢰구간 +0.0800~+0.1200)은 새 원본에서는 얻을 수 없는 몫입니다."),
        (0.01, "신뢰구간이 0을 포함하므로, 이 데이터에서는 부풀려졌다고 볼 근거가 부족합니다."),
        (-0.1, "은 0보다 낮습니다: 그룹을 무시해도 높아지지 않습니다."),
    ],
)
def test_what_ignoring_groups_claims(difference, expected):
    texts = list(map(plain, claim_sentences(claimed(difference), "video")))
    assert len(texts) == 2
    assert texts[1].startswith("비디오 Model 4: 그룹(원본)을 무시하고 나누면 정확도")
    assert all(text.endswith(expected) for text in texts)


def test_claims_without_intervals():
    texts = claim_sentences(claimed(0.1).assign(**NONE), "video")
    assert all("신뢰구간은 없습니다" in text for text in texts)
