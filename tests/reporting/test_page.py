import base64
import io
import os
import re
import shutil

import nbformat
import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from harmlib.reporting.fonts import embedded_font
from harmlib.reporting.page import figure_html, write_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


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


def test_contents_link_to_the_sections(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r'<li><a href="#([^"]+)">([^<]+)</a>', text)
    assert [name for _, name in links] == ["1. 복기", "2. 결론"]
    assert all(f'id="{target}"' in text for target, _ in links)


def test_embedded_font_holds_the_glyphs_of_the_page_and_few_others():
    font = TTFont(io.BytesIO(base64.b64decode(embedded_font("가뷁A"))))
    assert {ord(c) for c in "가뷁A"} <= set(font.getBestCmap())
    assert len(font.getBestCmap()) < 10


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt install chromium)")
def test_page_opens_in_a_browser_without_errors_or_requests(page):
    from playwright.sync_api import sync_playwright

    problems = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking"],
            env=dict(os.environ),
        )
        tab = browser.new_page(viewport={"width": 390, "height": 800})
        tab.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        tab.on("pageerror", lambda e: problems.append(str(e)))
        tab.on(
            "request",
            lambda r: problems.append(r.url) if not r.url.startswith(("file:", "data:")) else None,
        )
        tab.goto(page.as_uri())
        assert tab.locator("h2").count() == 2
        assert tab.evaluate("document.fonts.check('16px NanumGothic', '뷁')")
        wide = tab.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert not problems
    assert wide <= 390, "a phone must not scroll sideways"
