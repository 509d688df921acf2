"""The contents list of a page, and the links among a run's pages."""

from bs4 import BeautifulSoup

from harmlib.language import languages
from harmlib.reporting.page.contents import contents_html, pages_html
from harmlib.reporting.page.sections import fold_html

BODY = (
    '<h1 id="t">제목</h1><h2 id="a">1. 결과<a class="anchor-link" href="#a">¶</a></h2>'
    '<h3 id="b">비디오 <em>모델</em></h3><h4 id="c">아님</h4>'
    '<h2 id="d">5. 상세 &lt;i&gt;</h2>'
    + fold_html("floors", "Recall 하한", "한 문장.", "<p>표</p>")
)


def soup(html):
    return BeautifulSoup(html, "html.parser")


def test_sub_sections_stand_within_their_section_folded_ones_too():
    found = []
    for item in soup(contents_html(BODY)).select("div.list > ol > li"):
        link, *own = item.find_all("a")
        found.append((link["href"], link.text, [(one["href"], one.text) for one in own]))
    assert found == [
        ("#a", "1. 결과", [("#b", "비디오 모델")]),
        ("#d", "5. 상세 <i>", [("#floors", "Recall 하한")]),
    ]


def test_a_page_of_one_section_needs_no_contents():
    assert contents_html('<h2 id="a">하나</h2><h3>이름 없음</h3>') == ""


def test_only_a_page_with_folds_offers_to_print_them():
    words = [button.text for button in soup(contents_html(BODY)).find_all("button")]
    assert words == ["접힌 부분까지 인쇄"]
    assert "<button" not in contents_html('<h2 id="a">하나</h2><h2 id="b">둘</h2>')


def test_a_page_of_the_run_leads_to_the_report_and_to_its_neighbours():
    links = soup(pages_html("00_data", "02_train-a&b")).find_all("a")
    assert [(a["href"], a.text, a.get("rel")) for a in links] == [
        ("../index.html", "↑ 보고서", None),
        ("00_data.html", "← 00_data", ["prev"]),
        ("02_train-a&b.html", "02_train-a&b →", ["next"]),
    ]
    assert len(soup(pages_html("", "")).find_all("a")) == 1


def test_both_speak_the_language_of_the_page():
    with languages(page="en"):
        assert soup(contents_html(BODY)).summary.text == "Contents"
        assert soup(pages_html("", "")).a.text == "↑ Report"
