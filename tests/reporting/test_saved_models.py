from harmlib.models.about import About, Calibration
from harmlib.params import FeatureParams
from harmlib.reporting.text.saved_models import checkpoint_table


def test_the_checkpoint_in_brief():
    about = About(
        modality="video",
        variant="model4",
        epoch=3,
        epochs=5,
        seed=1,
        head="mlp",
        penalty=None,
        validation="part",
        recipes=1,
        threshold_rule="best_f1",
        objective="f1",
        threshold_unit="probability",
        pos_weight=1.0,
        thresholds=[0.35],
        validation_f1=0.9,
        f1_optimism=0.02,
        validation_curve={},
        calibration=Calibration(method="temperature", temperature=1.5, offset=0.0),
        counts={s: {"harmful": 30, "safe": 10} for s in ("train", "val", "test")},
        split_digest="",
        duration_sec=6.0,
        features=FeatureParams(),
        backbones={"clip": {"weights": "untrained:0"}, "yolo": {"weights": "a" * 64}},
        versions={},
    )
    rows = checkpoint_table(about, 0.35).set_index("항목")["값"]
    assert rows["모델"] == "Model 4, epoch 3"
    assert rows["백본"] == f"CLIP(학습되지 않음), YOLO(가중치 {'a' * 12})"
    assert rows["Threshold"] == "0.3500"
    assert rows["고른 목적"] == "F1 최대"
    assert rows["확률 보정"] == "temperature, T = 1.50"
    calibration = Calibration(method="unweighted", temperature=1.5, offset=0.986)
    weighted = about.model_copy(update={"calibration": calibration})
    rows_weighted = checkpoint_table(weighted, 0.35).set_index("항목")["값"]
    expected = "temperature와 pos_weight 되돌리기, T = 1.50, 더한 값 +0.99"
    assert rows_weighted["확률 보정"] == expected
    assert rows["검증 유해:안전"] == "30 : 10 (3.00:1)"
    fixed = about.model_copy(update={"objective": "fixed"})
    assert checkpoint_table(fixed, 0.5).set_index("항목")["값"]["고른 목적"] == "fixed"
