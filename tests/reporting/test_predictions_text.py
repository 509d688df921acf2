from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harmlib.analysis import drift
from harmlib.analysis.alike_thresholds import AlikeThresholds
from harmlib.analysis.bands import Bands, Promise, band_shares, choose_bands
from harmlib.analysis.drift import compare_scores
from harmlib.models.about import About, Calibration
from harmlib.params import FeatureParams
from harmlib.reporting.text import drift as drift_text
from harmlib.reporting.text import predictions as says

ROOT = Path("/media/new")
DECISION = {
    "id": "abc",
    "path": "/media/new/a b/one.mp4",
    "decision": "harmful",
    "probability": 0.6,
    "threshold": 0.5,
    "contributions": {"clip": 0.1, "yolo": -0.7},
    "nearest": [{"item_id": "x.mp4", "label": 0, "probability": 0.2, "similarity": 0.99}],
    "segments": [{"start_sec": 2, "end_sec": 4.5, "peak_probability": 0.9, "strip": "s/abc-1.jpg"}],
}


def scores(n, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    logit = rng.normal(2 * label - 1 + shift)
    columns = {"label": label, "probability": 1 / (1 + np.exp(-logit)), "group": np.arange(n)}
    return pd.DataFrame(columns)


def test_everything_that_drift_can_say_has_korean():
    assert set(drift_text.REASONS) == set(drift.REASONS)
    validation = scores(200, 1)
    for shift, n, verdict in ((0, 20, "too_few"), (0, 200, "steady"), (2, 200, "choose_again")):
        found = compare_scores(validation, scores(n, 2, shift), 0.5)
        lines = drift_text.drift_sentences(found, "video")
        assert lines[0] == f"비디오: {drift_text.VERDICTS[verdict]}"
        assert len(lines) == 2 + len(found.reasons)
        table = drift_text.drift_table(found)
        assert table["지표"].notna().all()
        assert table["새 점수"].tolist() == found.table["new"].tolist()
    assert f"여기 {found.table['new'][0]:.1%}" in lines[1]
    assert drift_text.VERDICTS["watch"]


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
    rows = says.checkpoint_table(about, 0.35).set_index("항목")["값"]
    assert rows["모델"] == "Model 4, epoch 3"
    assert rows["백본"] == f"CLIP(학습되지 않음), YOLO(가중치 {'a' * 12})"
    assert rows["Threshold"] == "0.3500"
    assert rows["고른 목적"] == "F1 최대"
    assert rows["확률 보정"] == "temperature, T = 1.50"
    calibration = Calibration(method="unweighted", temperature=1.5, offset=0.986)
    weighted = about.model_copy(update={"calibration": calibration})
    rows_weighted = says.checkpoint_table(weighted, 0.35).set_index("항목")["값"]
    expected = "temperature와 pos_weight 되돌리기, T = 1.50, 더한 값 +0.99"
    assert rows_weighted["확률 보정"] == expected
    assert rows["검증 유해:안전"] == "30 : 10 (3.00:1)"
    fixed = about.model_copy(update={"objective": "fixed"})
    assert says.checkpoint_table(fixed, 0.5).set_index("항목")["값"]["고른 목적"] == "fixed"


def test_verdicts_come_by_margin_and_without_folders():
    table = pd.DataFrame(
        {
            "path": ["/media/new/low.jpg", "/media/new/sub/high.jpg", "/else/where.jpg"],
            "modality": "image",
            "probability": [0.1, 0.9, 0.5],
            "margin": [-0.4, 0.4, 0.0],
            "decision": ["safe", "harmful", "safe"],
            "band": ["pass", "block", "review"],
        }
    )
    shown = says.verdict_table(table, ROOT)
    assert shown["파일"].tolist() == ["sub/high.jpg", "where.jpg", "low.jpg"]
    assert shown["판정"].tolist() == ["유해", "안전", "안전"]
    assert shown["처리"].tolist() == ["차단", "검토", "통과"]
    alike = {"image": AlikeThresholds(0.05, 0.5, differing=1)}
    handled = says.verdict_table(table, ROOT, alike)["처리"].tolist()
    assert handled == ["차단", "검토", "먼저 확인(threshold 근처)"], "its ends are decided alike"
    assert says.near_table(table, ROOT, alike)["파일"].tolist() == ["low.jpg"]
    alike = {"image": AlikeThresholds(0.05, 0.95, differing=1)}
    assert set(says.verdict_table(table, ROOT, alike)["처리"]) == {"먼저 확인(threshold 근처)"}
    nearest = says.near_table(table, ROOT, alike)["파일"].tolist()
    assert nearest[0] == "where.jpg", "the nearest first"
    assert len(says.near_table(table, ROOT, {"video": alike["image"]})) == 0
    unusable = pd.DataFrame(
        {"path": ["/media/new/x"], "modality": "", "reason": "/media/new/x: no media"}
    )
    assert says.ledger_table(unusable, ROOT).to_numpy().tolist() == [
        ["x", "알 수 없음", "x: no media"]
    ]
    text = says.verdict_counts(table, unusable, 2)
    assert text.startswith("파일 4개 가운데 3개를 판정했습니다(유해 1개, 안전 2개)")


def test_one_decision_in_words():
    lines = says.decision_sentences(DECISION, ROOT)
    assert lines[0].startswith("a b/one.mp4: 유해로 판정했습니다. 확률 0.6000")
    assert "0.600000 이상이었다면 안전" in lines[1]
    assert "YOLO, 방향은 안전 쪽" in lines[2]
    safe = DECISION | {"decision": "safe", "probability": 0.4}
    assert "0.400000보다 낮았다면 유해" in says.decision_sentences(safe, ROOT)[1]
    assert says.nearest_table(DECISION)["라벨"].tolist() == ["안전"]
    assert says.segment_table([DECISION], ROOT).iloc[0].tolist() == [
        "a b/one.mp4", "2.0", "4.5", 0.9
    ]  # fmt: skip
    assert "다른 판정" in says.replay_sentence(0.1, same=False)


def test_strips_stay_folded_and_missing_ones_are_passed_over(tmp_path):
    assert says.strips_html([DECISION], ROOT, tmp_path) == ""
    (tmp_path / "s").mkdir()
    (tmp_path / "s/abc-1.jpg").write_bytes(b"\xff\xd8\xff")
    page = says.strips_html([DECISION], ROOT, tmp_path)
    assert page.startswith("<details><summary>")
    assert "a b/one.mp4, 2.0~4.5초" in page


@pytest.mark.parametrize(
    ("state", "lines", "words"),
    [
        ("ok", (0.2, 0.8), "0.2000 이하는 통과합니다. 확률 0.8000 초과는 차단합니다."),
        ("ok", (None, 0.8), "통과하는 구간은 없습니다"),
        ("ok", (0.2, None), "차단하는 구간은 없습니다"),
        ("ok", (0.5, 0.5), "검토할 구간이 없습니다"),
        ("one_class", (None, None), "모두 사람이 검토합니다"),
    ],
)
def test_bands_in_words(state, lines, words):
    text = says.band_lines(Bands(0.95, 0.9, state, *lines, pd.DataFrame()), "image")
    assert words in text
    assert text.startswith("이미지: ")


def test_bands_say_first_that_validation_promises_nothing_elsewhere():
    text = says.band_lines(Bands(0.95, 0.9, "ok", 0.2, 0.8, pd.DataFrame()), "image")
    assert text.startswith("이미지: 두 하한은 검증 항목에서만 지켜집니다. 새 항목에서는")
    assert text.index("어긋났습니다") < text.index("통과합니다")


@pytest.mark.parametrize(
    ("method", "words"),
    [("learn-then-test", "적어도 39개"), ("jackknife", "어림값")],
)
def test_bands_with_a_confidence_say_what_cannot_be_promised(method, words):
    promise = Promise(0.9, method, 1, 30, 41)
    bands = Bands(0.9, 0.9, "ok", 0.2, None, pd.DataFrame(), promise)
    text = says.band_lines(bands, "video")
    assert text.startswith(
        "비디오: 새 그룹에서도 통과와 차단이 신뢰 수준 90%로 하한을 함께 지킵니다"
    )
    assert "유해 그룹 30개로는 Precision 0.90을" in text
    assert "Recall 0.90을" not in text
    assert words in text
    assert "검증 항목에서만" not in text
    nothing = Bands(0.9, 0.9, "ok", None, None, pd.DataFrame(), promise)
    assert "지킵니다" not in says.band_lines(nothing, "video")


def test_shares_without_an_interval_say_so():
    shares = pd.DataFrame({"band": ["pass"], "n": 3, "share": 0.3, "low": np.nan, "high": np.nan})
    table = says.band_comparison(shares, shares)
    assert table["검증 비율(95% 신뢰구간)"].tolist() == ["30.0% (구간 없음)"]


def test_shares_of_bands_side_by_side():
    validation = scores(100, 1)
    bands = choose_bands(*(validation[c] for c in validation), min_recall=0.9, min_precision=0.9)
    new = scores(50, 2)["probability"]
    table = says.band_comparison(bands.table, band_shares(new, bands))
    assert table["이 폴더 항목 수"].tolist() == [
        (new <= bands.pass_at).sum(),
        ((new > bands.pass_at) & (new <= bands.block_above)).sum(),
        (new > bands.block_above).sum(),
    ]
    share = bands.table["share"][0]
    assert table["검증 비율(95% 신뢰구간)"][0].startswith(f"{share:.1%} (")
    alone = says.band_comparison(bands.table, band_shares([0.0], bands))
    assert alone["이 폴더 비율(95% 신뢰구간)"].tolist() == [
        "100.0% (20.7% ~ 100.0%)",
        *["0.0% (0.0% ~ 79.3%)"] * 2,
    ]
