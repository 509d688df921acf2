import base64
import io
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pypdfium2
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from PIL import Image

import harmlib.reporting
from harmlib.analysis.errors import COLUMNS
from harmlib.reporting.bound import rows
from harmlib.reporting.gallery import gallery_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
in_a_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on this machine (apt install chromium)"
)
PAGE_CSS = Path(harmlib.reporting.__file__).with_name("page.css").read_text(encoding="utf-8")
SIZES = {"image": (160, 120), "strip": (480, 66), "panorama": (480, 18), "tower": (20, 120)}


def errors(*rows):
    """A table of (kind, place, item_id), with made-up numbers."""
    table = pd.DataFrame(rows, columns=["kind", "place", "item_id"])
    numbers = {"group": "cam1", "label": 0, "probability": 0.9, "distance": 0.4}
    table = table.assign(**numbers)
    miss = table["kind"] == "miss"
    return table.assign(
        label=miss.astype(int),
        probability=table["probability"].mask(miss, 0.12345),
        distance=table["distance"].mask(miss, 0.37655),
    )[list(COLUMNS)]


def chequers(size, cell=3, patch=24):
    """A JPEG of patches of chequers: busy to the last pixel, with shapes to recognise."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    fine, coarse = (((x // side + y // side) % 2).astype(bool) for side in (cell, patch))
    grey = np.where(fine & coarse, 255, 0).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([grey, grey, np.full_like(grey, 128)])).save(buffer, "JPEG")
    return buffer.getvalue()


SIX = errors(
    ("false_alarm", "near", "image"),
    ("false_alarm", "far", "strip"),
    ("miss", "near", "panorama"),
    ("miss", "far", "tower"),
    ("miss", "far", "no picture"),
)
PICTURES = {name: chequers(size) for name, size in SIZES.items()}


def soup(*arguments):
    return BeautifulSoup(gallery_html(*arguments), "html.parser")


def test_words_of_the_cards():
    made = soup(SIX.assign(path=SIX["item_id"] + ".jpg"), PICTURES, "비디오 Model 4")
    assert made.h4.text == "비디오 Model 4"
    assert made.section["aria-label"] == "비디오 Model 4"
    assert [h.text for h in made.find_all("h5")] == [
        "오탐(안전한 것을 유해로)", "미탐(유해한 것을 안전으로)",
    ]  # fmt: skip
    first, *_, last = made.find_all("figcaption")
    assert first.strong.text == "오탐 · 선에 가까움"
    assert last.strong.text == "미탐 · 선에서 멂"
    facts = dict(zip(first.find_all("dt"), first.find_all("dd"), strict=True))
    assert {name.text: value.text for name, value in facts.items()} == {
        "확률": "0.9000", "선까지 거리": "0.4000", "라벨": "안전", "그룹": "cam1",
        "항목": "image", "파일": "image.jpg",
    }  # fmt: skip
    assert "라벨유해" in last.text
    assert "오탐 2건을 보여 줍니다(선에 가까움 1건, 선에서 멂 1건)." in made.text
    assert "미탐 3건을 보여 줍니다(선에 가까움 1건, 선에서 멂 2건)." in made.text
    assert [button.text for button in made.select("figure button")] == [
        f"가려진 사진 보기: {name}" for name in SIZES
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
        f"{name}[2].distance": ("0.37655", "0.3765"),
        f"{name}[3].distance": ("0.37655", "0.3765"),
        f"{name}[4].distance": ("0.37655", "0.3765"),
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
    assert made.h5.find_next("p").text == "보여 줄 오탐이 없습니다."
    assert soup(SIX.head(0), PICTURES, "t").text.count("보여 줄") == 2


def test_an_item_without_picture_gets_a_line():
    made = soup(SIX, PICTURES, "t")
    assert [e.find_next("dd").text for e in made.select("figure .none")] == ["0.1235"]
    assert made.select_one("figure .none").text == "이 항목의 사진이 없습니다."
    assert len(soup(SIX, {}, "t").select("figure .none")) == 5


def test_pictures_can_be_left_out():
    made = soup(SIX, None, "t")
    assert not made.find_all(["img", "button", "script", "noscript", "div"])
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
        (SIX.drop(columns="distance"), {}, "errors lacks distance; pass what instructive_errors"),
        (SIX.replace("miss", "mis"), {}, "unknown kind 'mis'; known: false_alarm, miss"),
        (SIX.replace("near", "mid"), None, "unknown place 'mid'; known: near, far"),
        (SIX, {"strip": b"GIF89a"}, "the picture of 'strip' is no JPEG"),
        (SIX, {"strip": PICTURES["strip"][:900]}, "the picture of 'strip' is no JPEG"),
    ],
)
def test_bad_input_is_named(table, pictures, message):
    with pytest.raises(ValueError, match=message):
        gallery_html(table, pictures, "t")


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking"],
            env=dict(os.environ),
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, tmp_path):
    """open_page(fragment, css=..., **context): a tab with it; any error or request fails."""
    problems, contexts = [], []

    def open_(fragment=None, css=PAGE_CSS, **options):
        fragment = fragment or gallery_html(SIX, PICTURES, "비디오 Model 4")
        path = tmp_path / "page.html"
        path.write_text(
            '<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>t</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<style>{css}</style></head><body><main><h1>a</h1><h2>b</h2><h3>c</h3>{fragment}"
            "</main></body></html>",
            encoding="utf-8",
        )
        # High enough to need no scrolling: the bar that sticks to the top covers nothing.
        options = {"viewport": {"width": 1100, "height": 1800}} | options
        contexts.append(chromium.new_context(**options))
        tab = contexts[-1].new_page()
        tab.on("console", lambda m: problems.append(m.text))
        tab.on("pageerror", lambda e: problems.append(str(e)))
        tab.on("request", lambda r: problems.append(r.url) if _leaves(r.url) else None)
        tab.goto(path.as_uri())
        return tab

    yield open_
    for context in contexts:
        context.close()
    assert not problems


def _leaves(url):
    return not url.startswith(("file:", "data:"))


BLURRED, CLEAR = 8, 80  # measured: at most 4, at least 97


def sharpness(image):
    """Mean bend of the grey levels along rows and columns: a smooth ramp has none."""
    grey = np.asarray(image.convert("L"), float)
    return sum(np.abs(np.diff(grey, 2, axis)).mean() for axis in (0, 1))


def sharp(tab, part=".frame"):
    """Which pictures are to be recognised: their names."""
    shot = Image.open(io.BytesIO(tab.screenshot()))
    assert tab.evaluate("document.documentElement.scrollHeight") <= shot.height
    boxes = [frame.bounding_box() for frame in tab.locator(part).all()]
    levels = {
        name: sharpness(shot.crop((x, y, x + box["width"] - 2, y + box["height"] - 2)))
        for name, box in zip(SIZES, boxes, strict=True)
        for x, y in [(box["x"] + 1, box["y"] + 1)]
    }
    assert all(level < BLURRED or level > CLEAR for level in levels.values()), levels
    return [name for name, level in levels.items() if level > CLEAR]


def buttons(tab):
    return tab.locator("figure button")


@in_a_browser
@pytest.mark.parametrize("css", [PAGE_CSS, ""])
def test_blurred_until_asked_and_neither_hovering_nor_focus_asks(open_page, css):
    tab = open_page(css=css)
    assert sharp(tab) == []
    tab.locator(".frame").first.hover()
    assert sharp(tab) == []
    buttons(tab).first.hover()
    buttons(tab).first.focus()
    assert sharp(tab) == []
    style = tab.evaluate("getComputedStyle(document.querySelector('.veil')).filter")
    assert "blur" in style
    assert "grayscale" in style


@in_a_browser
def test_blurred_without_css(open_page):
    tab = open_page(viewport={"width": 1100, "height": 2800})
    tab.evaluate("document.querySelectorAll('style').forEach((style) => style.remove())")
    assert tab.evaluate("getComputedStyle(document.querySelector('.veil')).filter") == "none"
    assert sharp(tab, ".veil") == []


@in_a_browser
def test_blurred_without_javascript(open_page):
    tab = open_page(java_script_enabled=False)
    assert tab.locator("noscript").inner_text().startswith("이 브라우저에서는 JavaScript가 꺼져")
    buttons(tab).first.click()
    assert sharp(tab) == []


@in_a_browser
def test_the_keyboard_shows_and_hides(open_page):
    tab = open_page()
    tab.keyboard.press("Tab")  # the button that hides all
    for name in list(SIZES)[:2]:
        tab.keyboard.press("Tab")
        tab.keyboard.press("Enter" if name == "image" else "Space")
    assert sharp(tab) == ["image", "strip"]
    assert [b.get_attribute("aria-pressed") for b in buttons(tab).all()] == [
        "true", "true", "false", "false",
    ]  # fmt: skip
    tab.keyboard.press("Space")
    assert sharp(tab) == ["image"]
    tab.keyboard.press("Enter")
    assert sharp(tab) == ["image", "strip"]
    tab.keyboard.press("Escape")
    assert sharp(tab) == []
    assert tab.locator("[role=status]").inner_text() == "모든 사진을 다시 가렸습니다."
    assert tab.locator("[aria-pressed=true]").count() == 0


LEAVES = """
Object.defineProperty(document, "hidden", {value: %s, configurable: true});
document.dispatchEvent(new Event("visibilitychange"));
"""


@in_a_browser
def test_leaving_the_tab_and_a_button_hide_all(open_page):
    tab = open_page()
    buttons(tab).nth(0).click()
    buttons(tab).nth(2).click()
    assert sharp(tab) == ["image", "panorama"]
    tab.get_by_role("button", name="모든 사진 다시 가리기").click()
    assert sharp(tab) == []
    buttons(tab).nth(3).click()
    tab.evaluate(LEAVES % "false")  # coming back is no reason
    assert sharp(tab) == ["tower"]
    tab.evaluate(LEAVES % "true")
    assert sharp(tab) == []
    tab.reload()
    assert sharp(tab) == []


@in_a_browser
def test_a_shown_picture_says_so_and_moves_nothing(open_page):
    tab = open_page()
    images = tab.get_by_role("img")
    names = [images.nth(i).get_attribute("alt") for i in range(4)]
    assert names[0] == "가려진 사진, 오탐, 확률 0.9000"
    boxes = [f.bounding_box() for f in tab.locator("figure").all()]
    frame = tab.locator(".frame").first.bounding_box()
    assert (frame["width"], frame["height"]) == SIZES["image"]
    for button in buttons(tab).all():
        button.click()
    assert [f.bounding_box() for f in tab.locator("figure").all()] == boxes
    assert images.count() == 4, "the veils are no longer named"
    assert images.first.get_attribute("alt") == "드러난 사진, 오탐, 확률 0.9000"
    tab.keyboard.press("Escape")
    assert [images.nth(i).get_attribute("alt") for i in range(4)] == names


@in_a_browser
def test_print_stays_blurred_even_of_shown_pictures(open_page):
    tab = open_page()
    for button in buttons(tab).all():
        button.click()
    assert len(sharp(tab)) == 4
    pdf = pypdfium2.PdfDocument(tab.pdf(format="A4"))
    tab.emulate_media(media="print")
    assert sharp(tab) == []
    assert not tab.get_by_role("button").count()
    assert "버튼을 누른 사진만" not in tab.inner_text("body")
    inside = [
        drawn.get_bitmap().to_pil()
        for page in pdf
        for drawn in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
    ]
    assert len(inside) >= 4
    assert max(sharpness(image) for image in inside) < BLURRED


@in_a_browser
def test_galleries_on_one_page_keep_apart_and_listen_once(open_page):
    """A notebook draws the same gallery again and again."""
    tab = open_page(gallery_html(SIX, PICTURES, "하나") + gallery_html(SIX, PICTURES, "둘"))
    second = tab.get_by_label("둘")
    second.locator("figure button").first.click()
    assert tab.locator(".clear").count() == second.locator(".clear").count() == 1
    assert tab.locator("main [id]").count() == 0, "ids would collide"
    tab.get_by_label("하나").get_by_text("모든 사진 다시 가리기").click()
    assert tab.locator(".clear").count() == 0


@in_a_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("css", [PAGE_CSS, ""], ids=["page", "alone"])
def test_axe_finds_nothing_serious(open_page, scheme, css):
    tab = open_page(css=css, color_scheme=scheme)
    for _ in range(2):
        found = Axe().run(tab).response["violations"]
        assert not [v["id"] for v in found if v["impact"] in ("serious", "critical")]
        buttons(tab).first.click()


STICKING_OUT = """
[".frame", "dd", "figure", "li"].flatMap((inner) => [...document.querySelectorAll(inner)])
  .filter((part) => {
    const [a, b] = [part, part.parentElement].map((element) => element.getBoundingClientRect());
    return a.left < b.left - .5 || a.top < b.top - .5
      || a.right > b.right + .5 || a.bottom > b.bottom + .5;
  }).map((part) => part.outerHTML.slice(0, 80))
"""


@in_a_browser
@pytest.mark.parametrize(("width", "css"), [(320, ""), (390, PAGE_CSS), (1600, "")])
def test_everything_fits_on_a_phone_and_on_a_wide_screen(open_page, width, css):
    names = {"image": "images/harmful/" + "x" * 90, "strip": "a-" * 50}
    pictures = {names.get(name, name): jpeg for name, jpeg in PICTURES.items()}
    fragment = gallery_html(SIX.replace(names), pictures, "t" * 60)
    tab = open_page(fragment, css, viewport={"width": width, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate(STICKING_OUT) == []
