"""How one finds the way in a long page: contents, sources of numbers, wide tables, paper."""

import nbformat
import pandas as pd
import pypdfium2
import pytest
from browser import open_page
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import expect

from harmlib.reporting.page.fragments import table_html
from harmlib.reporting.page.pages import write_page
from harmlib.reporting.page.sections import fold_html
from harmlib.reporting.text.cited_numbers import rows
from harmlib.reporting.text.markdown import list_html

NAME = "</script><img src=x onerror=alert(1)>"
PHONE, LAPTOP, DESK = ({"width": w, "height": h} for w, h in ((390, 844), (1280, 800), (1680, 950)))


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A report of three sections, of which the last holds a fold; its table is in `tables/`."""
    folder = tmp_path_factory.mktemp("way")
    (folder / "tables").mkdir()
    wide = {f"camera{i}": [0.123456] for i in range(20)}
    own = {"variant": ["model4"], "f1": [0.9336492], "fn": [7], "group": [NAME]}
    table = pd.DataFrame(own | wide)
    table.to_csv(folder / "tables" / "test.csv", index=False)
    table.attrs = {"name": "tables/test.csv", "rows": 1}
    (row,) = rows(table)
    said = list_html([f"F1 {row.f1:.2f}, 미탐 {row.fn}개.", f"차이 {row.f1 - row.fn:+.2f}."])
    shown = table_html(table, "넓은 표") + table_html(table[["variant", "f1"]], "좁은 표")
    fold = fold_html("floors", "Recall 하한", f"미탐은 {row.fn}개입니다.", f"{said}<p>접힌 글</p>")
    filler = "<p style='height: 70vh'>글</p>"
    cells = [
        new_markdown_cell("# 보고서"),
        *section("## 1. 결과\n\n### 1.1 비디오", said + shown + filler),
        *section("## 2. 선택", filler),
        *section("## 5. 상세", fold + filler * 2),
    ]
    nbformat.write(new_notebook(cells=cells), folder / "report.ipynb")
    return write_page(folder / "report.ipynb", folder / "index.html", "보고서").as_uri()


def section(title, html):
    output = new_output("display_data", data={"text/html": html})
    return new_markdown_cell(title), new_code_cell("", outputs=[output])


def test_contents_stand_beside_the_text_where_there_is_room(browser, url):
    heads = ["1. 결과", "1.1 비디오", "2. 선택", "5. 상세", "Recall 하한"]
    with open_page(browser, url, viewport=DESK) as tab:
        assert tab.locator("nav.contents a").all_inner_texts() == heads
        tab.evaluate("scrollTo(0, 1500)")
        box, text = tab.locator("nav.contents").bounding_box(), tab.locator("main").bounding_box()
    assert box["y"] >= 0, "they stay"
    assert box["x"] + box["width"] <= text["x"] + 20


@pytest.mark.parametrize("size", [PHONE, LAPTOP])
def test_elsewhere_they_are_a_bar_of_one_line_that_stays(browser, url, size):
    with open_page(browser, url, viewport=size) as tab:
        tab.evaluate("scrollTo(0, 900)")
        box = tab.locator("nav.contents").bounding_box()
        assert box["y"] == 0
        assert box["height"] < 50
        assert not tab.locator("nav.contents a").first.is_visible()
        tab.evaluate("document.querySelector('#floors').scrollIntoView()")
        assert tab.locator("#floors").bounding_box()["y"] >= box["height"], "not under the bar"


def test_the_bar_is_reached_opened_used_and_closed_with_keys(browser, url):
    with open_page(browser, url, viewport=PHONE) as tab:
        for key in ("Tab", "Tab", "Enter", "Tab"):
            tab.keyboard.press(key)
        links = tab.locator("nav.contents a")
        assert links.first.is_visible()
        tab.keyboard.press("Escape")
        assert not links.first.is_visible()
        assert tab.evaluate("document.activeElement.tagName") == "SUMMARY"
        for key in ("Enter", "Tab", "Tab", "Tab", "Enter"):
            tab.keyboard.press(key)
        assert not links.first.is_visible()
        expect(tab.locator("nav [aria-current]")).to_have_text("2. 선택")
        assert tab.locator("nav .here").inner_text() == "2. 선택"


def test_the_section_that_is_read_is_marked(browser, url):
    with open_page(browser, url, viewport=DESK) as tab:
        for head in ("5. 상세", "1.1 비디오"):
            found = tab.locator("main").get_by_role("heading", name=head)
            found.evaluate("e => e.scrollIntoView()")
            expect(tab.locator("nav [aria-current=location]")).to_have_text([head])


def test_a_link_into_a_folded_part_opens_it(browser, url):
    with open_page(browser, url, viewport=DESK) as tab:
        assert not tab.get_by_text("접힌 글").is_visible()
        tab.locator("nav.contents").get_by_text("Recall 하한").click()
        tab.get_by_text("접힌 글").wait_for(state="visible")
    with open_page(browser, f"{url}#floors", viewport=DESK) as tab:
        tab.get_by_text("접힌 글").wait_for(state="visible")


def row_shown(tab):
    return {
        line.locator("th").inner_text(): line.locator("td").inner_text()
        for line in tab.locator(".source-row tbody tr").all()
    }


def test_pressing_a_number_shows_the_row_of_its_table(browser, url):
    with open_page(browser, url, viewport=PHONE, has_touch=True) as tab:
        tab.locator("main li data").nth(1).tap()
        card = tab.get_by_role("dialog", name="이 수치의 출처")
        assert "tables/test.csv[0].fn" in card.inner_text()
        shown = row_shown(tab)
        assert (shown["모델"], shown["F1"], shown["FN"]) == ("Model 4", "0.9336", "7")
        assert shown["그룹"] == NAME, "what the data says is text"
        assert len(shown) == 24
        assert tab.locator(".source-row tr.cited th").all_inner_texts() == ["FN"]
        assert card.get_by_role("link").get_attribute("href") == "tables/test.csv"
        card.get_by_role("button", name="닫기").click()
        assert not card.is_visible()


def test_a_difference_shows_both_columns(browser, url):
    with open_page(browser, url, viewport=LAPTOP) as tab:
        tab.locator("main li data").nth(2).click()
        assert tab.locator(".source-row tr.cited th").all_inner_texts() == ["F1", "FN"]


def test_numbers_are_one_stop_a_paragraph_and_focus_comes_back(browser, url):
    with open_page(browser, url, viewport=LAPTOP) as tab:
        first, second, other = tab.locator("main li data").all()[:3]
        stops = [one.get_attribute("tabindex") for one in (first, second, other)]
        assert stops == ["0", "-1", "0"]
        first.focus()
        tab.keyboard.press("ArrowRight")
        tab.keyboard.press("Enter")
        assert tab.locator(".source-row tr.cited th").all_inner_texts() == ["FN"]
        assert tab.evaluate("document.activeElement.className") == "source-row"
        tab.keyboard.press("Escape")
        assert not tab.locator(".source-row").is_visible()
        assert second.evaluate("e => e === document.activeElement")
        tab.keyboard.press("Tab")
        assert other.evaluate("e => e === document.activeElement")


def test_a_number_in_the_line_of_a_fold_is_no_button_within_a_button(browser, url):
    with open_page(browser, url, viewport=LAPTOP) as tab:
        number = tab.locator("summary data")
        assert number.get_attribute("role") is None
        number.click()
        assert tab.get_by_text("접힌 글").is_visible()
        assert not tab.locator(".source-row").is_visible()


def test_without_scripts_contents_and_the_names_of_cells_are_there(browser, url):
    with open_page(browser, url, viewport=LAPTOP, java_script_enabled=False) as tab:
        assert tab.locator("nav.contents a").first.is_visible()
        assert not tab.locator("button").first.is_visible()
        number = tab.locator("main li data").first
        number.hover()
        named = number.evaluate("e => getComputedStyle(e, '::after').content")
    assert named == '"tables/test.csv[0].f1"'


def test_a_wide_table_keeps_its_first_column_and_says_that_more_is_there(browser, url):
    with open_page(browser, url, viewport=PHONE) as tab:
        wide, narrow = tab.locator("main .table").all()
        name = wide.locator("tbody th")
        x, at = name.bounding_box()["x"], wide.bounding_box()["x"]
        cue = "getComputedStyle(e.querySelector('caption'), '::after').visibility"
        assert wide.evaluate(f"e => {cue}") == "visible"
        wide.evaluate("e => { e.scrollLeft = 400 }")
        assert name.bounding_box()["x"] == pytest.approx(x, abs=1) == pytest.approx(at, abs=1)
        assert name.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
        wide.evaluate("e => { e.scrollLeft = 1e6 }")
        expect(wide).to_have_class("table wider")
        assert wide.evaluate(f"e => {cue}") == "hidden"
        assert [one.get_attribute("tabindex") for one in (wide, narrow)] == ["0", None]


def test_folds_are_printed_on_request_and_closed_again(browser, url):
    with open_page(browser, url, viewport=DESK) as tab:
        is_open = "document.querySelector('main details').open"
        tab.evaluate(f"window.print = () => {{ document.title = `printed: ${{{is_open}}}` }}")
        tab.get_by_role("button", name="접힌 부분까지 인쇄").click()
        expect(tab).to_have_title("printed: true")
        tab.evaluate("dispatchEvent(new Event('afterprint'))")
        assert tab.evaluate(is_open) is False


def test_paper_has_page_numbers_and_only_the_line_of_a_closed_fold(browser, url, tmp_path):
    with open_page(browser, url, viewport=LAPTOP) as tab:
        tab.pdf(path=tmp_path / "a.pdf", prefer_css_page_size=True)
    document = pypdfium2.PdfDocument(tmp_path / "a.pdf")
    texts = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    assert len(texts) > 1
    for number, text in enumerate(texts, 1):
        assert f"{number} / {len(texts)}" in text
    whole = "".join(texts)
    assert "Recall 하한" in whole
    assert "접힌 글" not in whole
    assert "목차" not in whole


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, LAPTOP, DESK])
def test_axe_finds_nothing_serious_with_all_of_it_open(browser, url, size, scheme):
    from axe_playwright_python.sync_playwright import Axe

    with open_page(browser, url, viewport=size, color_scheme=scheme) as tab:
        tab.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
        tab.locator("main li data").first.evaluate("e => e.click()")
        assert tab.locator(".source-row").is_visible()
        found = Axe().run(tab).response["violations"]
        assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"]
    serious = [
        (v["id"], [node["html"][:120] for node in v["nodes"][:3]])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert not serious
