import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.bands import Bands, Promise, band_shares, choose_bands
from harmlib.reporting.text import review_bands as says


def scores(n, seed):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    logit = rng.normal(2 * label - 1)
    columns = {"label": label, "probability": 1 / (1 + np.exp(-logit)), "group": np.arange(n)}
    return pd.DataFrame(columns)


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
    assert table["검증 비율(95% 신뢰구간)"].tolist() == ["30.0% (신뢰구간 없음)"]


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
