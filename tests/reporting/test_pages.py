"""Whole pages made from executed notebooks: self-contained, with contents, font and anchors."""

import base64
import io
import re

import nbformat
import pytest
from browser import open_page
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from harmlib.reporting.figures.fonts import FontError, embedded_font
from harmlib.reporting.page.drawings import figure_html
from harmlib.reporting.page.exporter import _LETTER, _letter
from harmlib.reporting.page.pages import write_notebook_page, write_page


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


def test_notebook_page_shows_the_code_and_an_anchor_for_each_cell(page):
    notebook = page.with_name("report.ipynb")
    out = write_notebook_page(notebook, page.with_name("code.html"), "02_train", "01", "03")
    soup = BeautifulSoup(out.read_text(encoding="utf-8"), "html.parser")
    assert "비밀" in soup.find("main").text
    cells = [cell.id for cell in nbformat.read(notebook, 4).cells]
    assert [e["id"] for e in soup.find_all(class_="cell")] == [f"cell-id={i}" for i in cells]
    assert [a.text for a in soup.select("nav.contents a")] == ["1. 복기", "2. 결론"]
    around = [a["href"] for a in soup.select("nav.pages a")]
    assert around == ["../index.html", "01.html", "03.html"]


def test_contents_link_to_the_sections(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r'<li><a href="#([^"]+)">([^<]+)</a>', text)
    assert [name for _, name in links] == ["1. 복기", "2. 결론"]
    assert all(f'id="{target}"' in text for target, _ in links)


def test_a_heading_has_its_letters_its_tags_end_and_numbers_make_no_others(tmp_path):
    cell = new_markdown_cell("## 뷁 é &#60;img src=x&#62; &#48373; `a` **b**\n\n문장<br />")
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    text = write_page(tmp_path / "a.ipynb", tmp_path / "index.html", "제목").read_text("utf-8")
    assert ">뷁 é &amp;#60;img src=x&amp;#62; &amp;#48373; <code>a</code> <strong>b</" in text
    assert not re.findall(r"<(?:a|code|strong)\b[^>]*/>", text)


@pytest.mark.parametrize(
    "number", ["&#0060;img src=x onerror=alert(1)&#0062;", "&#60;b&#62; &#55296; &#1114112;"]
)
def test_numbers_make_no_tag_in_a_fold_and_no_text_that_cannot_be_written(tmp_path, number):
    cell = new_markdown_cell(f"<details><summary>{number} 뷁</summary>\n\n{number}\n\n</details>")
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    write_page(tmp_path / "a.ipynb", tmp_path / "index.html", "제목")
    main = BeautifulSoup((tmp_path / "index.html").read_bytes(), "html.parser").find("main")
    assert not main.find_all(["img", "b"])
    assert main.find("summary").text == f"{number} 뷁", "as it was written"


def test_only_numbers_of_letters_become_letters():
    kept = "&#60; &#0060; &#0048373; &#127; &#55296; &#57343; &#1114112; &#9999999;"
    assert _LETTER.sub(_letter, f"&#48373; &#233; &#128512; {kept}") == f"복 é 😀 {kept}"


def test_hangul_without_a_glyph_stops_the_page(page, monkeypatch):
    small = base64.b64decode(embedded_font("가나다 abc"))
    monkeypatch.setattr(
        "harmlib.reporting.figures.fonts.TTFont", lambda *_, **__: TTFont(io.BytesIO(small))
    )
    with pytest.raises(FontError, match=r"no glyph for .*건, 걸, .*고, "):
        write_page(page.with_name("report.ipynb"), page.with_name("boxes.html"), "제목")
    assert not page.with_name("boxes.html").exists()


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


FOLDED = "<details><summary>읽는 것</summary>\n\n- `a.csv`\n\n</details>"


def test_a_part_can_be_folded_and_no_other_tag_is_one(tmp_path):
    texts = [FOLDED, "<details open ontoggle=alert(1)>", "a <details><summary>b</summary> c"]
    cells = [new_markdown_cell(text) for text in texts]
    path = tmp_path / "a.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    write_page(path, tmp_path / "index.html", "접힘")
    page = BeautifulSoup((tmp_path / "index.html").read_text(encoding="utf-8"), "html.parser")
    (folded,) = page.find("main").find_all("details")
    assert folded.summary.text == "읽는 것"
    assert folded.find("li").text == "a.csv"
    assert "ontoggle=alert(1)" in page.find("main").text
