"""Folded parts and tabs as a reader uses them: mouse, keyboard, links, print, no scripts."""

import pytest
from browser import open_page

from harmlib.reporting.page.pages import write_html
from harmlib.reporting.page.sections import fold_html, tabs_html

PANELS = [("비디오", "<p id='v'>비디오의 수</p>"), ("이미지", "<p id='i'>이미지의 수</p>")]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    again = [(name, f"<p>{name} 더</p>") for name, _ in PANELS]
    body = (
        "<h1>시험</h1><p><a href='#gains'>향상</a> <a href='#i'>그림</a></p>"
        f"<h2 id='one'>1</h2>{tabs_html('결과', PANELS)}"
        f"<h2 id='two'>2</h2>{fold_html('gains', '향상', '한 문장.', tabs_html('더', again))}"
    )
    out = tmp_path_factory.mktemp("sections") / "index.html"
    return write_html(body, out, "시험").as_uri()


def test_a_tab_shows_its_panel_and_all_tabs_of_its_name(browser, url):
    with open_page(browser, url) as tab:
        assert tab.locator("#v").is_visible()
        assert not tab.locator("#i").is_visible()
        tab.get_by_role("tab", name="이미지").first.click()
        assert tab.locator("#i").is_visible()
        assert not tab.locator("#v").is_visible()
        tab.locator("summary", has_text="향상").click()
        assert tab.get_by_text("이미지 더").is_visible()
        assert not tab.get_by_text("비디오 더").is_visible()


def test_arrow_keys_move_among_the_tabs_and_only_one_is_a_stop(browser, url):
    with open_page(browser, url) as tab:
        first = tab.get_by_role("tab").first
        first.focus()
        for key, name in (("ArrowRight", "이미지"), ("ArrowRight", "비디오"), ("End", "이미지")):
            tab.keyboard.press(key)
            assert tab.evaluate("document.activeElement.textContent") == name
            chosen = tab.locator(".tabs").first.locator("[role=tab][aria-selected=true]")
            assert chosen.inner_text() == name
        stops = tab.locator(".tabs").first.locator("[role=tab][tabindex='0']")
        assert stops.all_inner_texts() == ["이미지"]


def test_a_link_opens_the_fold_and_the_tab_that_it_leads_into(browser, url):
    with open_page(browser, url) as tab:
        folded = tab.locator("details.fold")
        assert folded.get_attribute("open") is None
        for _ in range(2):  # the second time the address doesn't change
            tab.get_by_role("link", name="향상").first.click()
            tab.wait_for_function("document.querySelector('details.fold').open")
            folded.locator("summary").click()
        tab.get_by_role("link", name="그림").click()
        tab.locator("#i").wait_for(state="visible")
    with open_page(browser, f"{url}#gains") as tab:
        assert tab.get_by_text("비디오 더").is_visible()


def test_print_shows_all_panels_with_their_headings(browser, url):
    with open_page(browser, url) as tab:
        tab.emulate_media(media="print")
        tab.wait_for_timeout(100)
        first = tab.locator(".tabs").first
        assert first.locator("h4").all_inner_texts() == ["비디오", "이미지"]
        assert tab.locator("#v").is_visible()
        assert tab.locator("#i").is_visible()
        assert not first.locator("[role=tablist]").is_visible()


def test_without_scripts_nothing_is_out_of_reach(browser, url):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(url)
    assert tab.locator("#v").is_visible()
    assert tab.locator("#i").is_visible()
    tab.locator("summary", has_text="향상").click()
    assert tab.get_by_text("이미지 더").is_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, url, scheme):
    from axe_playwright_python.sync_playwright import Axe

    with open_page(browser, f"{url}#gains", color_scheme=scheme) as tab:
        found = Axe().run(tab).response
    serious = [v["id"] for v in found["violations"] if v["impact"] in ("serious", "critical")]
    assert not serious
