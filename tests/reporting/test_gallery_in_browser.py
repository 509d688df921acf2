"""Pictures are veiled until a person asks, and then grey before colour.

By mouse, keyboard, in print, enlarged, and without JavaScript.
"""

import io
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pypdfium2
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import open_page
from gallery_cards import PICTURES, SIX, SIZES
from PIL import Image

import harmlib.reporting.page
from harmlib.reporting.page.gallery import gallery_html

PAGE_CSS = (Path(harmlib.reporting.page.__file__).parent / "page.css").read_text(encoding="utf-8")


@pytest.fixture
def open_gallery(browser, tmp_path):
    """open_gallery(fragment, css=..., **options): a tab with it."""

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
        options = {"viewport": {"width": 1100, "height": 2000}} | options
        return tabs.enter_context(open_page(browser, path.as_uri(), **options))

    with ExitStack() as tabs:
        yield open_


BLURRED, CLEAR = 8, 80  # measured: at most 4, at least 97


def sharpness(image):
    """Mean bend of the grey levels along rows and columns: a smooth ramp has none."""
    grey = np.asarray(image.convert("L"), float)
    return sum(np.abs(np.diff(grey, 2, axis)).mean() for axis in (0, 1))


def decode(tab):
    """Wait for the pictures: one may be drawn a frame after what asked for it."""
    tab.evaluate("Promise.all([...document.images].map((image) => image.decode()))")


def sharp(tab, part=".frame"):
    """Which pictures are to be recognised: their names."""
    decode(tab)
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
    return tab.locator(".cards .reveal")


def does(tab):
    """What the buttons say that they will do."""
    return tab.locator(".cards .reveal .does").all_inner_texts()


def status(tab):
    return tab.locator(".error-gallery > [role=status]").inner_text()


def is_grey(tab, place=0):
    """Whether a card's picture, as it is seen, has no colour; the clear one is bluish."""
    decode(tab)
    shot = Image.open(io.BytesIO(tab.locator(".cards .frame").nth(place).screenshot()))
    pixels = np.asarray(shot.convert("RGB"), int)[4:-4, 4:-4]
    return int((pixels.max(axis=2) - pixels.min(axis=2)).max()) <= 2


@pytest.mark.parametrize("css", [PAGE_CSS, ""])
def test_blurred_until_asked_and_neither_hovering_nor_focus_asks(open_gallery, css):
    tab = open_gallery(css=css)
    assert sharp(tab) == []
    tab.locator(".frame").first.hover()
    assert sharp(tab) == []
    buttons(tab).first.hover()
    buttons(tab).first.focus()
    assert sharp(tab) == []
    style = tab.evaluate("getComputedStyle(document.querySelector('.veil')).filter")
    assert "blur" in style
    assert "grayscale" in style


def test_blurred_without_css(open_gallery):
    tab = open_gallery(viewport={"width": 1100, "height": 2800})
    tab.evaluate("document.querySelectorAll('style').forEach((style) => style.remove())")
    assert tab.evaluate("getComputedStyle(document.querySelector('.veil')).filter") == "none"
    assert sharp(tab, ".veil") == []


def test_blurred_without_javascript(open_gallery):
    tab = open_gallery(java_script_enabled=False)
    assert tab.locator("noscript").inner_text().startswith("이 브라우저에서는 JavaScript가 꺼져")
    buttons(tab).first.click()
    assert sharp(tab) == []


def test_the_keyboard_shows_and_hides(open_gallery):
    tab = open_gallery()
    for _ in range(2):
        tab.keyboard.press("Tab")  # the preference, and the button that hides all
    for name in list(SIZES)[:2]:
        tab.keyboard.press("Tab")
        tab.keyboard.press("Enter" if name == "image" else "Space")
        tab.keyboard.press("Tab")  # its button that enlarges
    assert sharp(tab) == ["image", "strip"]
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Space")
    assert sharp(tab) == ["image", "strip"], "in colour now"
    tab.keyboard.press("Space")
    assert sharp(tab) == ["image"]
    tab.keyboard.press("Enter")
    assert sharp(tab) == ["image", "strip"]
    tab.keyboard.press("Escape")
    assert sharp(tab) == []
    assert status(tab) == "모든 사진을 다시 가렸습니다."
    assert set(does(tab)) == {"흑백으로 보기"}


def test_the_button_says_what_it_will_do_and_grey_comes_before_colour(open_gallery):
    tab = open_gallery()
    seen = []
    for _ in range(4):
        seen.append((does(tab)[0], tab.locator(".clear").count(), is_grey(tab), status(tab)))
        buttons(tab).first.click()
    assert seen == [
        ("흑백으로 보기", 0, True, ""),
        ("컬러로 보기", 1, True, "흑백 사진: image"),
        ("다시 가리기", 1, False, "컬러 사진: image"),
        ("흑백으로 보기", 0, True, "가려진 사진: image"),
    ]
    assert does(tab)[1:] == ["흑백으로 보기"] * 3


def test_grey_needs_no_style_sheet(open_gallery):
    tab = open_gallery(viewport={"width": 1100, "height": 2800})
    tab.evaluate("document.querySelectorAll('style').forEach((style) => style.remove())")
    buttons(tab).first.click()
    clear = tab.locator(".clear")
    assert clear.evaluate("img => getComputedStyle(img).filter") == "grayscale(1)"


def test_how_far_a_press_goes_is_remembered_and_shows_nothing(open_gallery):
    tab = open_gallery()
    choice = tab.get_by_label("한 번 누르면")
    assert choice.input_value() == "grey"
    choice.select_option("colour")
    assert sharp(tab) == []
    assert set(does(tab)) == {"컬러로 보기"}
    tab.wait_for_timeout(500)  # the browser hands it to the next page a moment later
    tab.reload()
    assert choice.input_value() == "colour"
    assert sharp(tab) == []
    buttons(tab).first.click()
    assert does(tab)[0] == "다시 가리기"
    assert not is_grey(tab)


def test_a_browser_that_keeps_nothing_asks_again(open_gallery):
    forbidden = (
        """Object.defineProperty(window, "localStorage", {get() { throw new Error("no"); }});"""
    )
    tab = open_gallery(f"<script>{forbidden}</script>" + gallery_html(SIX, PICTURES, "t"))
    tab.get_by_label("한 번 누르면").select_option("colour")
    buttons(tab).first.click()
    assert not is_grey(tab)
    tab.reload()
    assert set(does(tab)) == {"흑백으로 보기"}


def test_arrows_go_from_picture_to_picture(open_gallery):
    tab = open_gallery()
    focused = "document.activeElement.innerText.replace(/\\s+/g, ' ')"
    buttons(tab).first.focus()
    walked = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home", "ArrowLeft"):
        tab.keyboard.press(key)
        walked.append(tab.evaluate(focused).removeprefix("흑백으로 보기 : "))
    assert walked == ["strip", "panorama", "strip", "tower", "tower", "image", "image"]
    tab.locator(".cards .enlarge").first.focus()
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate(focused) == "크게 보기 : strip"
    assert sharp(tab) == []


def dialog_level(tab):
    shot = tab.locator("dialog .frame").screenshot()
    return sharpness(Image.open(io.BytesIO(shot)))


def test_enlarged_pictures_are_veiled_too_and_closing_veils_all(open_gallery):
    tab = open_gallery()
    tab.locator(".cards .enlarge").nth(0).click()
    dialog = tab.get_by_role("dialog", name="확대한 사진")
    assert dialog.locator(".frame").bounding_box()["width"] > 2 * SIZES["image"][0]
    assert dialog_level(tab) < BLURRED
    assert "확률" in dialog.locator(".facts").inner_text()
    assert tab.evaluate("document.activeElement.className") == "reveal"
    tab.keyboard.press("Enter")
    assert dialog_level(tab) > BLURRED
    assert dialog.locator(".clear").evaluate("img => img.style.filter") == "grayscale(1)"
    assert dialog.get_by_role("status").inner_text() == "흑백 사진: image"
    tab.keyboard.press("ArrowRight")
    assert dialog.locator(".clear").count() == 0, "the next one wasn't asked for"
    assert "strip" in dialog.locator(".facts").inner_text()
    assert (
        dialog.get_by_role("status").inner_text() == "4장 중 2번째. 가려진 사진, 오탐, 확률 0.9000"
    )
    tab.keyboard.press("ArrowLeft")
    assert dialog.locator(".clear").count() == 0
    tab.keyboard.press("ArrowLeft")
    assert dialog.locator(".position").inner_text() == "4장 중 4번째"
    dialog.locator(".reveal").click()
    tab.keyboard.press("Escape")
    tab.locator("dialog").wait_for(state="detached")
    assert sharp(tab) == []
    assert (
        tab.evaluate("document.activeElement.innerText.replace(/\\s+/g, ' ')")
        == "크게 보기 : tower"
    )
    assert status(tab) == "모든 사진을 다시 가렸습니다."


def test_an_enlarged_picture_is_as_its_card_and_a_button_closes(open_gallery):
    tab = open_gallery()
    for _ in range(2):
        buttons(tab).nth(2).click()
    tab.locator(".cards .enlarge").nth(2).click()
    assert tab.locator("dialog .clear").get_attribute("alt") == "컬러 사진, 미탐, 확률 0.1235"
    assert tab.locator("dialog .reveal").inner_text() == "다시 가리기"
    tab.get_by_role("button", name="닫기").click()
    tab.locator("dialog").wait_for(state="detached")
    assert tab.locator(".clear").count() == 0


def test_leaving_and_printing_veil_an_enlarged_picture(open_gallery):
    tab = open_gallery()
    tab.locator(".cards .enlarge").nth(0).click()
    tab.locator("dialog .reveal").click()
    tab.emulate_media(media="print")
    assert not tab.locator("dialog").is_visible()
    tab.emulate_media(media="screen")
    tab.evaluate(LEAVES % "true")
    assert tab.locator(".clear").count() == 0
    assert dialog_level(tab) < BLURRED


TWO = pd.concat(
    [SIX.assign(variant="model4"), SIX.head(3).assign(variant="model2")], ignore_index=True
)


def seen(tab):
    cards = tab.locator(".of-model:visible .of-kind:visible .cards > li:visible")
    return [text.rpartition("항목")[2].strip() for text in cards.all_inner_texts()]


def test_any_models_errors_of_any_kind(open_gallery):
    tab = open_gallery(gallery_html(TWO, PICTURES, "t", ["model4", "model2"]))
    assert seen(tab) == [*SIZES, "no picture"]
    buttons(tab).first.click()
    tab.get_by_label("모델").select_option("model2")
    assert tab.locator(".clear").count() == 0, "what is no longer seen is veiled"
    assert seen(tab) == ["image", "strip", "panorama"]
    tab.locator("select.kind").select_option("miss")
    assert seen(tab) == ["panorama"]
    assert status(tab).startswith("미탐 3건 가운데 1건을 보여 줍니다")
    tab.locator(".cards .reveal:visible").click()
    clear = tab.locator(".clear")
    assert clear.evaluate("img => img.naturalWidth") == SIZES["panorama"][0], "the other model's"
    tab.locator(".cards .enlarge:visible").click()
    assert tab.locator("dialog .position").inner_text() == "1장 중 1번째", "only those seen"


def test_all_models_without_javascript(open_gallery):
    fragment = gallery_html(TWO, PICTURES, "t", ["model4", "model2"])
    tab = open_gallery(fragment, java_script_enabled=False)
    assert seen(tab) == [*SIZES, "no picture", "image", "strip", "panorama"]
    assert tab.locator(".frame").count() == 7


LEAVES = """
Object.defineProperty(document, "hidden", {value: %s, configurable: true});
document.dispatchEvent(new Event("visibilitychange"));
"""


def test_leaving_the_tab_and_a_button_hide_all(open_gallery):
    tab = open_gallery()
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


def test_a_shown_picture_says_so_and_moves_nothing(open_gallery):
    tab = open_gallery()
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
    assert images.first.get_attribute("alt") == "흑백 사진, 오탐, 확률 0.9000"
    tab.keyboard.press("Escape")
    assert [images.nth(i).get_attribute("alt") for i in range(4)] == names


def test_print_stays_blurred_even_of_shown_pictures(open_gallery):
    tab = open_gallery()
    for button in buttons(tab).all():
        button.click()
    assert len(sharp(tab)) == 4
    pdf = pypdfium2.PdfDocument(tab.pdf(format="A4"))
    tab.emulate_media(media="print")
    assert sharp(tab) == []
    assert not tab.get_by_role("button").count()
    assert "버튼을 누른 사진만" not in tab.inner_text("body")
    assert not tab.get_by_role("combobox").count()
    inside = [
        drawn.get_bitmap().to_pil()
        for page in pdf
        for drawn in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
    ]
    assert len(inside) >= 4
    assert max(sharpness(image) for image in inside) < BLURRED


def test_galleries_on_one_page_keep_apart_and_listen_once(open_gallery):
    """A notebook draws the same gallery again and again."""
    tab = open_gallery(gallery_html(SIX, PICTURES, "하나") + gallery_html(SIX, PICTURES, "둘"))
    second = tab.get_by_label("둘")
    second.locator(".reveal").first.click()
    assert tab.locator(".clear").count() == second.locator(".clear").count() == 1
    assert tab.locator("main [id]").count() == 0, "ids would collide"
    tab.get_by_label("하나").get_by_text("모든 사진 다시 가리기").click()
    assert tab.locator(".clear").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("css", [PAGE_CSS, ""], ids=["page", "alone"])
def test_axe_finds_nothing_serious(open_gallery, scheme, css):
    tab = open_gallery(css=css, color_scheme=scheme)
    for press in (
        ".cards .reveal",
        ".cards .reveal",
        ".cards .enlarge",
        "dialog .next",
        "dialog .reveal",
    ):
        found = Axe().run(tab).response
        assert len(found["passes"]) > 10
        violations = found["violations"]
        assert not [v["id"] for v in violations if v["impact"] in ("serious", "critical")]
        tab.locator(press).first.click()


STICKING_OUT = """
[".frame", "dd", "figure", "li"].flatMap((inner) => [...document.querySelectorAll(inner)])
  .filter((part) => {
    const [a, b] = [part, part.parentElement].map((element) => element.getBoundingClientRect());
    return a.left < b.left - .5 || a.top < b.top - .5
      || a.right > b.right + .5 || a.bottom > b.bottom + .5;
  }).map((part) => part.outerHTML.slice(0, 80))
"""


@pytest.mark.parametrize(("width", "css"), [(320, ""), (390, PAGE_CSS), (1600, "")])
def test_everything_fits_on_a_phone_and_on_a_wide_screen(open_gallery, width, css):
    names = {"image": "images/harmful/" + "x" * 90, "strip": "a-" * 50}
    pictures = {names.get(name, name): jpeg for name, jpeg in PICTURES.items()}
    fragment = gallery_html(SIX.replace(names), pictures, "t" * 60)
    tab = open_gallery(fragment, css, viewport={"width": width, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.locator(".frame").count() == 4
    assert tab.evaluate(STICKING_OUT) == []
    tab.locator(".cards .enlarge").nth(1).click()
    box = tab.get_by_role("dialog").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    frame = tab.locator("dialog .frame").bounding_box()
    assert frame["height"] > SIZES["strip"][1] / 2
