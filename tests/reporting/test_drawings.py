"""Figures as inline SVG: their words, their colours, their ids."""

import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pandas as pd
import pytest
from browser import open_page
from bs4 import BeautifulSoup
from matplotlib.figure import Figure

from harmlib.reporting.figures.saving import figure_svg
from harmlib.reporting.figures.scores import score_distribution
from harmlib.reporting.figures.style import use_style
from harmlib.reporting.page import drawings
from harmlib.reporting.page.drawings import FITS, VARIABLES, drawing_html, figure_html
from harmlib.reporting.page.pages import write_html
from harmlib.reporting.text.cited_numbers import CitedNumber

NUMBER = CitedNumber(0.25, "tables/test.csv[0].f1")
STYLE = Path(drawings.__file__).with_name("figures.css")


@pytest.fixture
def figure():
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([0, 1])
    return figure


@pytest.fixture
def histograms():
    """A figure with hatches, clips, markers and Hangul."""
    with matplotlib.rc_context():
        use_style()
        scores = pd.DataFrame({"variant": "model2", "label": [0, 1, 1], "probability": [0, 0.9, 1]})
        yield score_distribution(scores, pd.DataFrame({"variant": ["model2"], "threshold": [0.5]}))


def parse(fragment):
    return BeautifulSoup(fragment.data, "html.parser")


def test_a_figure_has_escaped_words(figure):
    found = parse(figure_html(figure, alt='값은 "0.5"이다', caption="설명 <b>")).figure
    assert found.svg["aria-label"] == '값은 "0.5"이다'
    assert found.svg["role"] == "img"
    assert found.figcaption.text == "설명 <b>"


def test_a_figure_keeps_its_drawing(figure):
    made = figure_html(figure, alt="", caption="").data
    svg = made[made.index("<svg") : made.index("</svg>") + 6]
    root = ElementTree.fromstring(svg)
    assert len(root.findall(".//path")) > 3
    size = [root.get(name) for name in ("width", "height", "viewBox")]
    assert size == ["300", "200", "0 0 216 144"]


def test_numbers_of_a_caption_keep_their_cells_and_alt_texts_are_plain(figure):
    drawn = parse(figure_html(figure, alt=f"F1 {NUMBER:.2f}", caption=f"<F1> {NUMBER:.2f}"))
    assert drawn.svg["aria-label"] == "F1 0.25"
    assert drawn.figcaption.data["data-cell"] == "tables/test.csv[0].f1"
    assert drawn.figcaption.text == "<F1> 0.25"


def test_no_colour_is_fixed(histograms):
    made = figure_html(histograms, alt="", caption="").data
    for colour in re.findall(r"#[0-9a-fA-F]{6}\b", made):
        assert made.count(colour) == made.count(f"var({VARIABLES[colour]},{colour})")
    assert not re.search(r"(fill|stroke):(black|white|rgb)", made)


def test_only_words_in_the_page_ask_for_glyphs(histograms):
    """Text is drawn as paths; what matplotlib writes beside it is not in the page."""
    made = figure_html(histograms, alt="", caption="")
    assert parse(made).svg.get_text() == ""
    for part in ("<!--", "<style", "<metadata", "<title", "<text"):
        assert part not in made.data


def test_ids_are_those_that_are_used_and_no_others_of_the_page(histograms, figure):
    made = [figure_html(one, alt="", caption="").data for one in (histograms, histograms, figure)]
    ids = [name for part in made for name in re.findall(r' id="([^"]+)"', part)]
    assert len(ids) == len(set(ids)) > 10
    for part in made:
        own = set(re.findall(r' id="([^"]+)"', part))
        used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', part))
        assert own == {one or other for one, other in used}


def test_a_drawing_of_an_earlier_notebook_is_shown_as_the_figure_itself(histograms):
    drawn = figure_svg(histograms)
    shown = [
        re.sub("f[0-9a-f]{8}-[0-9]+", "own", made.data)
        for made in (figure_html(histograms, "글", "설명"), drawing_html(drawn, "글", "설명"))
    ]
    assert shown[0] == shown[1]
    assert "&quot;" in drawing_html(drawn, 'a "b"', "").data


def test_a_wide_figure_can_be_scrolled_with_the_keyboard(figure):
    narrow = parse(figure_html(figure, alt="", caption="")).div
    assert narrow.get("tabindex") is None
    wide = Figure(figsize=((FITS + 10) / 100, 2))
    wide = parse(figure_html(wide, alt="", caption="")).div
    assert (wide["tabindex"], wide["role"]) == ("0", "group")
    assert wide["aria-label"]


def test_every_variable_has_a_light_and_a_dark_colour():
    light, _, dark = STYLE.read_text(encoding="utf-8").partition("@media")
    for colour, name in VARIABLES.items():
        assert f"{name}: {colour};" in light
        (other,) = re.findall(rf"{name}: (#[0-9a-f]{{6}});", dark)
        assert other != colour


@pytest.fixture
def page(histograms, figure, tmp_path):
    figure.set_size_inches(12, 3)
    body = "".join(figure_html(one, alt="글", caption="설명").data for one in (histograms, figure))
    return write_html(body, tmp_path / "figures.html", "그림").as_uri()


COLOURS = """[...document.querySelectorAll('svg.drawing')].map(svg => getComputedStyle(svg).fill)"""


@pytest.mark.parametrize(
    ("scheme", "ink"), [("light", "rgb(0, 0, 0)"), ("dark", "rgb(229, 231, 235)")]
)
def test_words_of_a_figure_follow_the_page(browser, page, scheme, ink):
    with open_page(browser, page, color_scheme=scheme) as tab:
        assert tab.evaluate(COLOURS) == [ink, ink]


def test_on_a_phone_a_figure_fits_or_scrolls_by_itself(browser, page):
    with open_page(browser, page, viewport={"width": 390, "height": 800}) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        widths = tab.evaluate(
            "[...document.querySelectorAll('.picture')].map(p => [p.scrollWidth, p.clientWidth])"
        )
    assert widths[0][0] == widths[0][1], "all of it is seen"
    assert widths[1][0] == pytest.approx(0.58 * 1200, abs=2), "words stay large enough"
