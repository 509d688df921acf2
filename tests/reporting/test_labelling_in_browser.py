"""Labels by mouse and by keyboard, progress, the download, and pictures that stay veiled."""

from contextlib import ExitStack

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import open_page
from gallery_cards import PICTURES

from harmlib.reporting.page.labelling import labelling_html
from harmlib.reporting.page.pages import write_html

NAMES = ["가.jpg", "=b.jpg", "c.jpg", "d.jpg"]
JPEG = next(iter(PICTURES.values()))
SAMPLE = pd.DataFrame(
    {
        "item_id": NAMES,
        "category": ["gun", "", "", ""],
        "decision": "passed",
        "inclusion_probability": 0.25,
        "sample_id": "0123456789ab",
        "label": "",
    }
)


@pytest.fixture
def page(browser, tmp_path):
    """The page of four items, two of them with pictures."""
    body = labelling_html(SAMPLE, {NAMES[0]: JPEG, NAMES[2]: JPEG}, "표본-labels.csv")
    out = write_html(body, tmp_path / "sample.html", "표본 판정")
    with ExitStack() as tabs:
        yield tabs.enter_context(open_page(browser, out.as_uri()))


def told(page):
    return page.locator(".told").inner_text()


def download(page, tmp_path):
    with page.expect_download() as caught:
        page.get_by_role("button", name="라벨 CSV 내려받기").click()
    assert caught.value.suggested_filename == "표본-labels.csv"
    caught.value.save_as(tmp_path / "labels.csv")
    return tmp_path / "labels.csv"


def test_clicks_keys_progress_and_download(page, tmp_path):
    assert told(page) == "4개 중 0개를 판정했습니다."
    page.get_by_label("안전").nth(1).check()
    assert told(page) == "4개 중 1개를 판정했습니다."
    page.locator(".cards > li").first.focus()
    page.keyboard.press("1")  # and on to the next without a label: the third
    page.keyboard.press("3")
    assert told(page) == "4개 중 3개를 판정했습니다."
    assert page.locator("progress").evaluate("bar => bar.value") == 3
    file = download(page, tmp_path)
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert file.read_text(encoding="utf-8-sig").splitlines() == [
        "item_id,category,decision,inclusion_probability,sample_id,label",
        "가.jpg,gun,passed,0.25,0123456789ab,harmful",
        "'=b.jpg,,passed,0.25,0123456789ab,safe",
        "c.jpg,,passed,0.25,0123456789ab,unknown",
        "d.jpg,,passed,0.25,0123456789ab,",
    ]
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("0")
    assert told(page) == "4개 중 2개를 판정했습니다."


def test_labels_outlive_a_reload_and_pictures_do_not(page):
    page.get_by_label("유해").first.check()
    page.get_by_role("button", name="흑백으로 보기").first.click()
    assert page.locator(".clear").count() == 1
    page.reload()
    assert told(page) == "4개 중 1개를 판정했습니다."
    assert page.get_by_label("유해").first.is_checked()
    assert page.locator(".clear").count() == 0


def test_labelling_never_unveils(page):
    for key in "j1j2k3j0":
        page.keyboard.press(key)
    page.locator(".frame").first.hover()
    page.get_by_label("모름").nth(2).check()
    assert page.locator(".clear").count() == 0
    assert "blur" in page.locator(".veil").first.evaluate("img => getComputedStyle(img).filter")
    page.get_by_role("button", name="흑백으로 보기").first.click()
    assert page.locator(".clear").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".clear").count() == 0


def test_an_enlarged_picture_takes_no_labels(page):
    page.locator(".enlarge").first.click()
    for key in "12j":
        page.keyboard.press(key)
    assert told(page) == "4개 중 0개를 판정했습니다."
    page.keyboard.press("ArrowRight")
    assert "c.jpg" in page.locator("dialog .facts").inner_text()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    page.get_by_label("한 번 누르면").focus()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.className") == "reach", "it takes letters itself"


def test_nobody_is_left_out(page):
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
