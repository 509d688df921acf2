"""The first screen in a browser: it fits, and stays readable, on each screen and on paper."""

import pypdfium2
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import open_page
from decided import make

from harmlib.reporting.decision import decide
from harmlib.reporting.page.difference_plot import difference_plot
from harmlib.reporting.page.first_screen import first_screen
from harmlib.reporting.page.pages import write_html
from harmlib.reporting.text import first_screen_cards as cards
from harmlib.reporting.text import first_screen_states as states

ABOUT = {"params": {"run": "demo", "data": {"root": "data"}}, "made": "2026-03-01T09:00:00"}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """As the report has it: two cards, many states, and the next section below."""
    run, report = make(weights="untrained", pair=(-0.1, 0.1), equal=True, edge="low",
                       ledger=("video",), folds=True)  # fmt: skip
    decision = decide(run, report)
    own, others = decision.recommended["video"], decision.differences["video"]
    drawn = difference_plot(others, *cards.difference_words(own, others))
    card = cards.card(own, others, report.prevalence["video"], "video")
    chips = states.chips(decision.findings, decision.recommended, report.prevalence, run.params)
    source = cards.source_line(ABOUT, report.items)
    made = first_screen(source, chips, [(card, drawn)] * 2, decision.findings, ["끝"])
    body = f"<h1>보고서</h1>{made.data}<h2 id='next'>다음</h2><p>다음 쪽의 글</p>"
    return write_html(body, tmp_path_factory.mktemp("first") / "index.html", "시험")


def test_all_of_it_is_within_the_first_screen(browser, page):
    with open_page(browser, page.as_uri(), viewport={"width": 1280, "height": 800}) as tab:
        tops = tab.locator(".card").evaluate_all("cards => cards.map(c => c.offsetTop)")
        assert len(set(tops)) == 1, "the cards stand beside each other"
        assert tab.evaluate("document.querySelector('.first').getBoundingClientRect().bottom") < 760
        assert tab.locator(".findings ul").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_it_is_one_column_in_both_schemes(browser, page, scheme):
    view = {"viewport": {"width": 390, "height": 844}, "color_scheme": scheme}
    with open_page(browser, page.as_uri(), **view) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") == 390
        lefts = tab.locator(".card").evaluate_all("cards => cards.map(c => c.offsetLeft)")
        assert len(set(lefts)) == 1
        found = Axe().run(tab).response["violations"]
        assert not [one["id"] for one in found if one["impact"] in ("serious", "critical")]


def test_the_plot_has_a_visible_interval_dot_and_zero(browser, page):
    with open_page(browser, page.as_uri(), viewport={"width": 1280, "height": 800}) as tab:
        for kind in ("svg", ".interval", ".zero", "circle"):
            box = tab.locator(f".difference >> nth=0 >> {kind}").bounding_box()
            assert box["width"] + box["height"] > 8, kind


def test_it_prints_as_page_one(browser, page):
    with open_page(browser, page.as_uri()) as tab:
        printed = tab.pdf(prefer_css_page_size=True)
    pages = pypdfium2.PdfDocument(printed)
    first, second = (pages[i].get_textpage().get_text_range() for i in (0, 1))
    assert first.count("판단 보류") == 2
    assert "다음 쪽의 글" not in first
    assert "다음 쪽의 글" in second
