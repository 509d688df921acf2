"""The finished report as a reader meets it: phone, dark, keyboard, print, screen reader."""

import pandas as pd
import pypdfium2
import pytest
from browser import open_page

from harmlib.analysis.thresholds import sweep

A4_POINTS = (595, 842)


@pytest.fixture(scope="module")
def url(small_run):
    return (small_run / "index.html").as_uri()


def test_page_stays_below_its_size(small_run):
    assert (small_run / "index.html").stat().st_size < 6_000_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, url, scheme):
    from axe_playwright_python.sync_playwright import Axe

    with open_page(
        browser, url, color_scheme=scheme, viewport={"width": 1280, "height": 900}
    ) as tab:
        tab.wait_for_function("document.querySelectorAll('.harm-explorer svg').length >= 2")
        found = Axe().run(tab).response
    assert len(found["passes"]) > 20
    serious = [
        (v["id"], [node["html"][:120] for node in v["nodes"][:3]])
        for v in found["violations"]
        if v["impact"] in ("serious", "critical")
    ]
    assert not serious


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_no_width_scrolls_the_page_sideways(browser, url, width):
    with open_page(browser, url, viewport={"width": width, "height": 900}) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_results_begin_with_counts_in_tabs_and_end_with_the_baseline(browser, url):
    with open_page(browser, url, viewport={"width": 1280, "height": 800}) as tab:
        assert tab.get_by_role("tab").first.inner_text() == "비디오"
        first = tab.locator(".tabs table").first
        heads = first.locator("thead th").all_inner_texts()
        assert heads[2:6] == ["TP", "FP", "FN", "TN"]
        assert first.locator("tbody th").all_inner_texts()[-1] == "모두 유해(기준선)"
        f1 = first.locator("tbody tr").first.locator("td").nth(heads.index("F1") - 1)
        assert len(f1.inner_text().partition(".")[2]) == 2


def test_contents_stand_beside_a_wide_page_and_are_folded_on_a_narrow_one(browser, url):
    with open_page(browser, url, viewport={"width": 1600, "height": 900}) as tab:
        assert tab.locator("nav a").first.is_visible()
        tab.set_viewport_size({"width": 700, "height": 900})
        assert not tab.locator("nav a").first.is_visible()


def test_keyboard_reaches_the_report_through_the_skip_link(browser, url):
    with open_page(browser, url) as tab:
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.className") == "skip"
        tab.keyboard.press("Enter")
        assert tab.evaluate("document.activeElement.id") == "report"


def test_every_figure_has_words_and_every_table_headers(browser, url):
    with open_page(browser, url) as tab:
        counts = [tab.locator(name).count() for name in ("main svg.drawing", "main table")]
        silent = tab.evaluate(
            "[...document.querySelectorAll('svg.drawing')]"
            ".filter(i => i.getAttribute('aria-label').length < 20).length"
        )
        bare = tab.evaluate(
            "[...document.querySelectorAll('main table')].filter(t => !t.caption || "
            "t.querySelector('thead th:not([scope])') || !t.querySelector('tbody th[scope=row]'))"
            ".map(t => t.outerHTML.slice(0, 100))"
        )
    assert min(counts) > 5
    assert silent == 0
    assert bare == []


def test_no_word_is_broken_between_lines(browser, url):
    with open_page(browser, url, viewport={"width": 390, "height": 844}) as tab:
        rules = tab.evaluate(
            "[...document.querySelectorAll('main p, main li, main figcaption, main h2')]"
            ".map(e => getComputedStyle(e).wordBreak)"
        )
    assert set(rules) == {"keep-all"}


def test_the_slider_shows_what_the_analysis_computes_for_this_run(browser, url, small_run):
    scores = pd.read_parquet(small_run / "scores.parquet").query(
        "split == 'val' and modality == 'video' and variant == 'model4' and epoch == 2 "
        "and fold == -1"
    )
    with open_page(browser, url) as tab:
        explorer = tab.locator(".harm-explorer")
        explorer.locator("select[data-part=model]").select_option("model4")
        explorer.locator("select[data-part=epoch]").select_option("2")
        number = explorer.locator("[data-part=number]")
        for threshold in (0.25, 0.5, 0.731):
            number.fill(str(threshold))
            number.press("Enter")
            text = explorer.inner_text()
            at = sweep(scores["label"], scores["probability"], [threshold]).iloc[0]
            assert f"{at['f1']:.4f}" in text
            assert f"{at['flagged_share']:.1%}" in text
            assert explorer.locator("[data-part=tp]").inner_text() == f"{int(at['tp'])}"


def test_print_is_a4_and_cuts_no_figure(browser, url, tmp_path):
    with open_page(browser, url, viewport={"width": 1280, "height": 900}) as tab:
        tab.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
        tab.emulate_media(media="print")
        rules = tab.evaluate(
            "[...document.querySelectorAll('figure')].map(f => getComputedStyle(f).breakInside)"
        )
        tallest = tab.evaluate(
            "Math.max(...[...document.querySelectorAll('figure')].map(f => f.offsetHeight))"
        )
    assert set(rules) == {"avoid"}
    assert tallest < 1000, "a figure fits on a page (1,017 CSS pixels between the margins)"
    document = pypdfium2.PdfDocument(tmp_path / "report.pdf")
    assert len(document) > 5
    for page in document:
        assert page.get_size() == pytest.approx(A4_POINTS, abs=2)
        right = page.get_mediabox()[2]
        boxes = [item.get_bounds() for item in page.get_objects(max_depth=1)]
        assert boxes, "no page is empty"
        assert all(box[2] <= right + 1 for box in boxes), "nothing runs over the edge of the paper"


def test_what_is_open_is_short_and_the_rest_is_folded(browser, url):
    with open_page(browser, url, viewport={"width": 1280, "height": 900}) as tab:
        rows = tab.evaluate(
            "[...document.querySelectorAll('main .table table')].map(t => "
            "[t.closest('details:not([open])') === null, t.tBodies[0].rows.length])"
        )
        folds = tab.locator("details.fold")
        assert folds.count() > 15
        assert tab.locator("details.fold[open]").count() == 0
        briefs = tab.locator("details.fold .brief").all_inner_texts()
    assert sum(length for is_open, length in rows if is_open) <= 60
    assert max(length for _, length in rows) <= 30
    assert all(brief.endswith(".") for brief in briefs), briefs


def test_every_limit_leads_to_what_shows_it(browser, url):
    with open_page(browser, url, viewport={"width": 1280, "height": 900}) as tab:
        links = tab.locator("main a", has_text="근거")
        assert links.count() > 4
        for link in links.all():
            link.click()
            anchor = link.get_attribute("href").removeprefix("#")
            tab.wait_for_function(
                "name => document.getElementById(name).closest('details').open", arg=anchor
            )


def test_long_tables_are_files_beside_the_page(browser, url, small_run):
    with open_page(browser, url) as tab:
        linked = tab.evaluate(
            "[...document.querySelectorAll('main a[href^=\"tables/\"]')]"
            ".map(a => a.getAttribute('href'))"
        )
    kinds = ("settings", "versions", "steps", "sweep_video", "overview_image", "optimism_video")
    assert {f"tables/{kind}.csv" for kind in kinds} <= set(linked)
    assert all((small_run / name).is_file() for name in linked)
