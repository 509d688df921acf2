"""Fragments that notebooks and page show alike: tables, figures, the first screen."""

import re
from urllib.parse import unquote
from xml.etree import ElementTree

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from IPython.display import HTML
from matplotlib.figure import Figure

from harmlib.reporting.page.fragments import figure_html, first_screen, folded, table_html
from harmlib.reporting.text.cited_numbers import CitedNumber

NUMBER = CitedNumber(0.25, "tables/test.csv[0].f1")


def test_headers_have_scopes_and_known_columns_korean_names():
    table = pd.DataFrame(
        {"variant": ["model2", "baseline"], "f1": [0.84255, float("nan")], "tp": [3, 1234]}
    )
    page = table_html(table, "표 <1>", pd.Series([True, False]))
    assert page.count('scope="col"') == 3
    assert page.count('scope="row"') == 2
    assert "<caption>표 &lt;1&gt;</caption>" in page
    assert ">Model 2<" in page
    assert ">모두 유해(기준선)<" in page
    assert re.findall(r'<td class="number">([^<]*)', page) == ["0.8426", "3", "–", "1,234"]
    assert page.count("class=best") == 1
    assert '<th scope="col" class="number">F1' in page


def test_missing_values_of_every_kind_are_dashes():
    table = pd.DataFrame({"a": ["x"], "b": [None], "c": [pd.NA], "d": [pd.NaT]})
    assert table_html(table, "").count(">–<") == 3


def test_text_is_escaped():
    page = table_html(pd.DataFrame({"path": ["<script>alert(1)</script>"]}), "")
    assert "<script>" not in page


@pytest.fixture
def figure():
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([0, 1])
    return figure


def parse(fragment):
    return BeautifulSoup(fragment.data, "html.parser")


def test_a_figure_has_escaped_words(figure):
    found = parse(figure_html(figure, alt='값은 "0.5"이다', caption="설명 <b>")).figure
    assert found.img["alt"] == '값은 "0.5"이다'
    assert found.figcaption.text == "설명 <b>"


def test_a_figure_keeps_its_drawing(figure):
    """The address is an SVG that an XML parser reads, with the same number of drawn things."""
    image = parse(figure_html(figure, alt="", caption="")).img
    kind, _, svg = image["src"].partition(",")
    assert not set('%#<>"') & set(re.sub("%[0-9A-F]{2}", "", svg)), "a browser would stop there"
    root = ElementTree.fromstring(unquote(svg))
    assert kind == "data:image/svg+xml"
    assert len(root.findall(".//{*}path")) > 3
    assert (image["width"], image["height"]) == ("300", "200")


def test_numbers_of_a_caption_keep_their_cells_and_alt_texts_are_plain(figure):
    drawn = parse(figure_html(figure, alt=f"F1 {NUMBER:.2f}", caption=f"<F1> {NUMBER:.2f}"))
    assert drawn.img["alt"] == "F1 0.25"
    assert drawn.figcaption.data["data-cell"] == "tables/test.csv[0].f1"
    assert drawn.figcaption.text == "<F1> 0.25"


def test_folded_figures_stand_behind_one_closed_line():
    found = folded("a < b", [HTML("<figure>1</figure>"), HTML("<figure>2</figure>")]).data
    assert found.startswith('<details class="figures"><summary>a &lt; b</summary><figure>1<')
    assert found.endswith("<figure>2</figure></details>")


def test_the_first_screen_holds_the_verdicts_above_tables_and_figure():
    table = table_html(pd.DataFrame({"f1": [0.5]}), "표")
    made = parse(
        first_screen("a < b", [f"F1 {NUMBER:.2f}", "둘"], [table], HTML("<figure></figure>"))
    )
    intro, verdict, tables, figure = made.div.find_all(recursive=False)
    assert intro.text == "a < b"
    assert [p.text for p in verdict.find_all("p")] == ["F1 0.25", "둘"]
    assert verdict.data["data-cell"] == "tables/test.csv[0].f1"
    assert tables.caption.text == "표"
    assert figure.name == "figure"
