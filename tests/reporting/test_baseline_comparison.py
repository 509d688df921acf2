from compared_models import NAN, against

from harmlib.reporting.text.baseline_comparison import baseline_sentences


def test_what_these_groups_could_have_told_stands_beside_what_they_did_not():
    (untold,) = baseline_sentences(against(-0.01, 0.2), "video")
    assert untold.endswith("F1의 차이가 0.056 이상일 때에야 다섯 번에 네 번 알아볼 수 있습니다.")
    for low, high, detectable in ((0.01, 0.2, 0.056), (-0.2, -0.01, 0.056), (0.0, 0.0, 0.0)):
        (text,) = baseline_sentences(against(low, high, detectable=detectable), "video")
        assert "알아볼 수" not in text


def test_each_variant_is_compared_with_the_baseline():
    table = against([0.03, -0.02, NAN], [0.1, 0.1, NAN], ("model2", "model3", "model4"))
    first, second = baseline_sentences(table, "image")
    assert first.startswith("이미지 Model 2의 시험 F1은 0.9500입니다.")
    assert "전체가 0보다 높습니다" in first
    assert second.startswith("이미지 Model 3의 시험 F1은 0.9500입니다.")
    assert "근거가 부족합니다" in second
    assert baseline_sentences(against(NAN, NAN), "image") == []


def test_numbers_cite_their_cells():
    table = against(0.03, 0.19)
    table.attrs["name"] = "tables/against_baseline_video.csv"
    (text,) = baseline_sentences(table, "video")
    for column in ("value", "baseline", "difference", "corrected_low", "corrected_high"):
        assert f'data-cell="tables/against_baseline_video.csv[0].{column}"' in text
