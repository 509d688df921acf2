import base64
import io
import re
from urllib.parse import unquote
from xml.etree import ElementTree

import nbformat
import pytest
from browser import open_page
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from harmlib.reporting.figures.fonts import FontError, embedded_font
from harmlib.reporting.page.pages import figure_html, write_notebook_page, write_page
from harmlib.reporting.text.cited_numbers import Bound


@pytest.fixture
def page(tmp_path):
    """A page made from a small executed notebook."""
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([0, 1])
    drawn = figure_html(figure, alt='값은 "0.5"이다', caption="설명 <b>").data
    cells = [
        new_markdown_cell("# 보고서"),
        new_markdown_cell("## 1. 복기\n\n뷁 문장."),
        new_code_cell(
            "비밀 = 1",
            execution_count=1,
            outputs=[new_output("display_data", data={"text/html": drawn, "text/plain": "x"})],
        ),
        new_markdown_cell("## 2. 결론"),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "report.ipynb")
    return write_page(tmp_path / "report.ipynb", tmp_path / "index.html", "제목 & 시험")


def test_code_is_hidden_and_everything_is_inside(page):
    text = page.read_text(encoding="utf-8")
    assert "비밀" not in text
    assert "뷁 문장" in text
    assert "<title>제목 &amp; 시험</title>" in text
    assert not re.findall(r'(?:src|href)="(?!data:|#)', text)
    assert "{{" not in text


def test_figure_has_escaped_words(page):
    figure = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find("figure")
    assert figure.img["alt"] == '값은 "0.5"이다'
    assert figure.figcaption.text == "설명 <b>"


def test_figure_keeps_its_drawing(page):
    """The address is an SVG that an XML parser reads, with the same number of drawn things."""
    image = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find("figure").img
    kind, _, svg = image["src"].partition(",")
    root = ElementTree.fromstring(unquote(svg))
    assert kind == "data:image/svg+xml"
    assert len(root.findall(".//{*}path")) > 3
    assert (image["width"], image["height"]) == ("300", "200")


def test_numbers_of_a_caption_keep_their_cells_and_alt_texts_are_plain():
    number = Bound(0.25, "tables/test.csv[0].f1")
    figure = Figure(figsize=(3, 2))
    drawn = figure_html(figure, alt=f"F1 {number:.2f}", caption=f"<F1> {number:.2f}").data
    soup = BeautifulSoup(drawn, "html.parser")
    assert soup.img["alt"] == "F1 0.25"
    assert soup.figcaption.data["data-cell"] == "tables/test.csv[0].f1"
    assert soup.figcaption.text == "<F1> 0.25"


def test_notebook_page_shows_the_code_and_an_anchor_for_each_cell(page, tmp_path):
    notebook = tmp_path / "report.ipynb"
    out = write_notebook_page(notebook, tmp_path / "code.html", "02_train")
    soup = BeautifulSoup(out.read_text(encoding="utf-8"), "html.parser")
    assert "비밀" in soup.find("main").text
    cells = [cell.id for cell in nbformat.read(notebook, 4).cells]
    assert [e["id"] for e in soup.find_all(class_="cell")] == [f"cell-id={i}" for i in cells]
    assert soup.find("nav") is None


def test_contents_link_to_the_sections(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r'<li><a href="#([^"]+)">([^<]+)</a>', text)
    assert [name for _, name in links] == ["1. 복기", "2. 결론"]
    assert all(f'id="{target}"' in text for target, _ in links)


def test_hangul_without_a_glyph_stops_the_page(page, tmp_path, monkeypatch):
    small = base64.b64decode(embedded_font("가나다 abc"))
    monkeypatch.setattr(
        "harmlib.reporting.figures.fonts.TTFont", lambda path: TTFont(io.BytesIO(small))
    )
    with pytest.raises(FontError, match="no glyph for 결, 고, "):
        write_page(tmp_path / "report.ipynb", tmp_path / "boxes.html", "제목")
    assert not (tmp_path / "boxes.html").exists()


def test_embedded_font_holds_the_glyphs_of_the_page_and_few_others():
    font = TTFont(io.BytesIO(base64.b64decode(embedded_font("가뷁A"))))
    assert {ord(c) for c in "가뷁A"} <= set(font.getBestCmap())
    assert len(font.getBestCmap()) < 10


def test_page_opens_in_a_browser_without_errors_or_requests(browser, page):
    with open_page(browser, page.as_uri(), viewport={"width": 390, "height": 800}) as tab:
        assert tab.locator("h2").count() == 2
        assert tab.evaluate("document.fonts.check('16px NanumGothic', '뷁')")
        wide = tab.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390, "a phone must not scroll sideways"
