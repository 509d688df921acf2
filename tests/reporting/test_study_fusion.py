import pandas as pd
from study_differences import fused, one, table

from harmlib.reporting.text.cited_numbers import plain
from harmlib.reporting.text.study_fusion import fusion_sentences

WEIGHTS = pd.DataFrame(
    {"backbone": ["clip", "yolo"], "weights": ["untrained (seed 0)", "file x.pt"]}
)


def gained(clip, yolo):
    rows = [one(clip, part="clip"), one(yolo, part="yolo")]
    return table([row | {"metric": "roc_auc"} for row in rows], "tables/fusion_gains_video.csv")


def test_what_backbones_add_and_what_untrained_ones_are_worth():
    fusion = fused({"clip": 0.6, "yolo": 0.75, "clip+yolo": 0.74})
    told = fusion_sentences(fusion, gained(-0.01, 0.14), WEIGHTS, "video")
    together, adds, untrained = map(plain, told)
    assert "모든 백본(CLIP, YOLO)을 함께 쓰면 AUC 0.7400" in together
    assert "값이 가장 높은 조합은 YOLO(0.7500)이지만" in together
    assert "AUC를 높였다고 볼 근거가 있는 백본: YOLO(+0.1400" in adds
    assert "근거가 부족한 백본: CLIP(−0.0100" in adds
    assert "CLIP 0.6000(95% 신뢰구간 0.550~0.650)으로, 모두 우연(0.5)보다 높습니다" in untrained
    assert untrained.endswith("AUC를 높였다고 볼 근거는 없습니다.")
    useful = fusion_sentences(fusion, gained(0.1, 0.14), WEIGHTS, "video")[-1]
    assert "근거는 없습니다" not in plain(useful)


def test_untrained_backbones_near_chance_and_one_backbone_alone():
    alone = fused({"clip": 0.52})
    nothing = gained(0, 0).iloc[:0]
    together, untrained = fusion_sentences(alone, nothing, WEIGHTS, "image")
    assert "가장 높" not in plain(together)
    assert plain(untrained).endswith("으로, 우연(0.5)과 구별되지 않습니다.")
    trained = WEIGHTS.assign(weights="pretrained")
    assert len(fusion_sentences(alone, nothing, trained, "image")) == 1
