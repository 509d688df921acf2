from datetime import UTC, datetime

import pytest

from harmlib.params import FeatureParams
from harmlib.reporting.text.korean import (
    backbone_name,
    korean_time,
    model_name,
    number,
    particle,
    ratio,
    signed,
)


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
        ("CLIP", "은/는", "CLIP은"),  # 클립
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
    assert model_name("model") == "model"
    assert model_name("baseline") == "모두 유해(기준선)"
    assert number(0.12345) == "0.1235"
    assert number(float("nan")) == "–"
    assert signed(-0.01) == "−0.0100"
    assert signed(0.5, 2) == "+0.50"
    assert ratio(2393, 893) == "2.68:1"
    assert ratio(3, 0) == "–"


def test_every_backbone_of_the_params_has_a_name_for_people():
    names = [
        name for name in FeatureParams.model_fields if name not in ("video_frames", "precision")
    ]
    assert [backbone_name(name) for name in names] == ["CLIP", "YOLO", "SlowFast", "Motion"]
    with pytest.raises(KeyError, match="resnet"):
        backbone_name("resnet")


def test_a_moment_as_people_write_it():
    assert korean_time(datetime(2026, 12, 31, 0, 5, tzinfo=UTC)) == "2026년 12월 31일 0시 5분"
