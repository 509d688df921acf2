import pytest

from harmlib.reporting.text.korean import model_name, number, particle, ratio, signed


@pytest.mark.parametrize(
    ("word", "pair", "expected"),
    [
        ("모델", "은/는", "모델은"),
        ("이미지", "은/는", "이미지는"),
        ("Model 2", "은/는", "Model 2는"),  # 이
        ("Model 3", "이/가", "Model 3이"),  # 삼
        ("0.70", "을/를", "0.70을"),  # 영
        ("0.45", "을/를", "0.45를"),  # 오
        ("서울", "으로/로", "서울로"),
        ("집", "으로/로", "집으로"),
        ("0.7", "으로/로", "0.7로"),  # 칠
        ("0.3", "으로/로", "0.3으로"),  # 삼
        ("SlowFast", "은/는", "SlowFast는"),
        ("URL", "을/를", "URL을"),  # 엘
        ("기준선(F1)", "과/와", "기준선(F1)과"),  # 일
        ("75.0%", "을/를", "75.0%를"),  # 퍼센트
        ("0.90", "으로/로", "0.90으로"),
        ("0.91", "으로/로", "0.91로"),  # 일
        ("", "은/는", "는"),
    ],
)
def test_particle_follows_the_last_sound(word, pair, expected):
    assert particle(word, pair) == expected


def test_names_and_numbers():
    assert model_name("model4") == "Model 4"
    assert model_name("mine") == "mine"
    assert number(0.12345) == "0.1235"
    assert number(float("nan")) == "–"
    assert signed(-0.01) == "−0.0100"
    assert signed(0.5, 2) == "+0.50"
    assert ratio(2393, 893) == "2.68:1"
    assert ratio(3, 0) == "–"
