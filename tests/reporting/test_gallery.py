import base64
import io
import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from gallery_cards import PICTURES, SIX, SIZES, chequers, errors
from PIL import Image

from harmlib.language import languages
from harmlib.reporting.page.gallery import gallery_html, gallery_script
from harmlib.reporting.page.veiled_pictures import veiled_script
from harmlib.reporting.text.cited_numbers import rows


def soup(*arguments):
    return BeautifulSoup(gallery_html(*arguments), "html.parser")


def test_words_of_the_cards():
    made = soup(SIX.assign(path=SIX["item_id"] + ".jpg"), PICTURES, "비디오 Model 4")
    assert made.h4.text == "비디오 Model 4"
    assert made.section["aria-label"] == "비디오 Model 4"
    assert [h.text for h in made.find_all("h5")] == [
        "오탐: 안전을 유해로 판정", "미탐: 유해를 안전으로 판정",
    ]  # fmt: skip
    first, *_, last = made.find_all("figcaption")
    assert first.strong.text == "오탐 · threshold와의 차이 작음"
    assert last.strong.text == "미탐 · threshold와의 차이 큼"
    facts = dict(zip(first.find_all("dt"), first.find_all("dd"), strict=True))
    assert {name.text: value.text for name, value in facts.items()} == {
        "확률": "0.9000", "Threshold": "0.5000", "차이": "0.4000", "라벨": "안전", "그룹": "cam1",
        "항목": "image", "파일": "image.jpg",
    }  # fmt: skip
    assert "라벨유해" in last.text
    near, far = "threshold와의 차이 작음", "threshold와의 차이 큼"
    assert f"오탐 6건 가운데 2건을 보여 줍니다({near} 3건 중 1건, {far} 3건 중 1건)." in made.text
    assert f"미탐 7건 가운데 3건을 보여 줍니다({near} 3건 중 1건, {far} 4건 중 2건)." in made.text
    assert "차이가 0.10 이하이면 '작음'" in made.text
    assert [button.text for button in made.select("figure button")] == [
        f"{does}: {name}" for name in SIZES for does in ("흑백으로 보기", "크게 보기")
    ]
    assert made.find("img", width=20)["alt"] == "가려진 사진, 미탐, 확률 0.1235"


def test_numbers_tell_their_cell_when_the_table_has_a_name():
    table = SIX[SIX["kind"] == "miss"].copy()
    table.attrs = {"name": "tables/errors_image.csv", "rows": 5}
    made = soup(table, PICTURES, f"최저 {next(rows(table)).probability:.4f}")
    cells = {data["data-cell"]: (data["value"], data.text) for data in made.find_all("data")}
    name = "tables/errors_image.csv"
    assert cells == {
        f"{name}[2].probability": ("0.12345", "0.1235"),
        f"{name}[3].probability": ("0.12345", "0.1235"),
        f"{name}[4].probability": ("0.12345", "0.1235"),
        **{f"{name}[{i}].threshold": ("0.5", "0.5000") for i in (2, 3, 4)},
        f"{name}[2].distance": ("0.37655", "0.3765"),
        f"{name}[3].distance": ("0.37655", "0.3765"),
        f"{name}[4].distance": ("0.37655", "0.3765"),
        f"{name}[2].total + {name}[3].total": ("7.0", "7"),
        f"{name}[2].total": ("3.0", "3"),
        f"{name}[3].total": ("4.0", "4"),
        f"count({name}[2,3,4])": ("3.0", "3"),
        f"count({name}[2])": ("1.0", "1"),
        f"count({name}[3,4])": ("2.0", "2"),
    }
    assert made.img["alt"] == "가려진 사진, 미탐, 확률 0.1235"
    assert made.section["aria-label"] == "최저 0.1235"


def test_names_of_digits_are_names():
    """pandas reads them from a CSV as numbers."""
    table = SIX.head(1).assign(item_id=7, group=12)
    made = soup(table, {"7": PICTURES["image"]}, "t")
    assert [d.text for d in made.find_all("dd")][-2:] == ["12", "7"]
    assert made.img


def test_a_kind_without_errors_is_said():
    made = soup(SIX[SIX["kind"] == "miss"], PICTURES, "t")
    assert made.select_one(".of-kind p").text == "보여 줄 오탐이 없습니다."
    assert soup(SIX.head(0), PICTURES, "t").text.count("보여 줄") == 2


def test_an_item_without_picture_gets_a_line():
    made = soup(SIX, PICTURES, "t")
    assert [e.find_next("dd").text for e in made.select("figure .none")] == ["0.1235"]
    assert made.select_one("figure .none").text == "이 항목의 사진이 없습니다."
    assert len(soup(SIX, {}, "t").select("figure .none")) == 5


def test_pictures_can_be_left_out():
    made = soup(SIX, None, "t")
    assert not made.find_all(["img", "button", "script", "noscript", "select"])
    assert "사진은 싣지 않았습니다" in made.text
    assert len(made.find_all("figcaption")) == 5
    assert "싣지 않았습니다" not in soup(SIX, PICTURES, "t").text + soup(SIX, {}, "t").text


def test_names_cannot_break_the_page():
    evil = '"><script>alert(1)</script>'
    table = errors(("miss", "near", evil)).assign(group=evil, path=evil)
    made = soup(table, {evil: PICTURES["image"]}, evil)
    assert len(made.find_all("script")) == 1
    assert "alert" not in made.script.text
    assert made.section["aria-label"] == made.h4.text == evil
    assert [d.text for d in made.find_all("dd")][-3:] == [evil] * 3
    chosen = gallery_html(table.assign(variant=evil), {evil: PICTURES["image"]}, "t", [evil])
    assert [s.text for s in BeautifulSoup(chosen, "html.parser").find_all("script")] == [
        veiled_script(), gallery_script(),
    ]  # fmt: skip


def test_nothing_clear_is_shown_by_the_html_alone():
    made = soup(SIX, PICTURES, "t")
    assert len(made.find_all("img")) == 4
    for name, img in zip(SIZES, made.find_all("img"), strict=True):
        assert (int(img["width"]), int(img["height"])) == SIZES[name]
        kind, data = img["src"].split(",")
        assert kind == "data:image/png;base64"
        veil = Image.open(io.BytesIO(base64.b64decode(data)))
        assert veil.mode == "L", "grey without CSS"
        assert veil.height <= 12
        assert veil.width <= max(1, SIZES[name][0] / 10)
        assert base64.b64decode(img["data-clear"]) == PICTURES[name]
    assert str(made).count("/9j/") == 4, "each JPEG is there once"


TWO_MODELS = pd.concat(
    [SIX.assign(variant="model4"), SIX.head(2).assign(variant="model2", threshold=[0.2, 0.6])],
    ignore_index=True,
)


def test_any_model_can_be_chosen_and_shares_its_pictures():
    made = soup(TWO_MODELS, PICTURES, "t", ["model4", "model2", "model5"])
    assert [(o["value"], o.text) for o in made.select("select.model option")] == [
        ("model4", "Model 4"), ("model2", "Model 2"), ("model5", "Model 5"),
    ]  # fmt: skip
    assert [o.text for o in made.select("select.kind option")] == ["모두", "오탐", "미탐"]
    four, two, none = made.select(".of-model")
    assert four.p.text == "Model 4(threshold 0.50): 오탐 6건, 미탐 7건"
    assert two.p.text == "Model 2(threshold 0.20~0.60, fold마다 다름): 오탐 6건, 미탐 0건"
    assert none.p.text == "Model 5: 틀린 항목이 없습니다"
    assert (len(four.select("figure")), len(two.select("figure"))) == (5, 2)
    assert len(made.select(".veil")) == 6, "each card has its veil"
    assert str(made).count("/9j/") == 4, "and each JPEG is there once"
    assert not made.select("[hidden]"), "without JavaScript all models are there"


def test_models_can_be_chosen_without_pictures():
    made = soup(TWO_MODELS, None, "t", ["model4", "model2"])
    assert made.select("select.model, select.kind")
    assert not made.select("select.reach, button")
    assert [script.text for script in made.find_all("script")] == [gallery_script()]


def test_a_gallery_in_english():
    with languages(page="en"):
        made = soup(TWO_MODELS.assign(path="a"), PICTURES, "t", ["model4", "model2"])
    assert made.section["lang"] == "en"
    words = made.text
    for label in ("유해", "안전"):  # of the tables' names, whose translation is another's
        words = words.replace(label, "")
    assert not re.search("[가-힣]", words)


def test_large_pictures_are_veiled_as_much():
    img = soup(SIX.head(1), {"image": chequers((640, 480))}, "t").img
    assert Image.open(io.BytesIO(base64.b64decode(img["src"].split(",")[1]))).size == (16, 12)


def test_arguments_stay_and_the_result_repeats():
    table, pictures = SIX.copy(), dict(PICTURES)
    assert gallery_html(table, pictures, "t") == gallery_html(table, pictures, "t")
    pd.testing.assert_frame_equal(table, SIX)
    assert pictures == PICTURES


@pytest.mark.parametrize(
    ("table", "pictures", "message"),
    [
        (SIX.drop(columns="total"), {}, "errors lacks total; pass what instructive_errors"),
        (SIX.replace("miss", "mis"), {}, "unknown kind 'mis'; known: false_alarm, miss"),
        (SIX.replace("near", "mid"), None, "unknown place 'mid'; known: near, far"),
        (SIX, {"strip": b"GIF89a"}, "the picture of 'strip' is no JPEG"),
        (SIX, {"strip": PICTURES["strip"][:900]}, "the picture of 'strip' is no JPEG"),
    ],
)
def test_bad_input_is_named(table, pictures, message):
    with pytest.raises(ValueError, match=message):
        gallery_html(table, pictures, "t")
