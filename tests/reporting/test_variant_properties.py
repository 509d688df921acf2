from harmlib.params import load_params
from harmlib.reporting.text.variant_properties import variant_table


def test_variants_stand_side_by_side():
    params = load_params("params/demo.yaml")
    table = variant_table(params.variants).set_index("항목")
    assert list(table) == ["Model 2", "Model 3", "Model 4", "Model 5"]
    weight = table.loc["pos_weight"]
    assert weight["Model 2"] == "없음"
    assert weight["Model 4"] == "안전/유해(학습 분할)"
    assert table.loc["운영 threshold", "Model 2"] == "0.50 고정"
    assert table.loc["체크포인트", "Model 4"] == "가중치 + best_threshold"
    assert table.loc["쓰는 백본"].tolist() == [*["전부"] * 3, "교차 검증으로 선택"]
    assert table.loc["L2 벌점"].tolist() == [*["없음"] * 3, "교차 검증으로 선택"]
    assert table.loc["분류기의 마지막 층", "Model 5"] == "Linear(모든 특징, 1), logits"
    assert table.loc["비디오: epoch, 배치, 학습률", "Model 5"] == "최적점까지 적합"
    assert table.loc["분석하는 threshold", "Model 3"] == "0.30~0.70, 9개"
