import pandas as pd
import pytest
from matplotlib.figure import Figure

from harmlib.reporting import show


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, as text."""
    found = []
    monkeypatch.setattr(show, "display", lambda thing: found.append(thing.data))
    return found


def test_a_table_is_shown_with_its_caption_and_stressed_rows(shown):
    show.show_table(pd.DataFrame({"f1": [0.5, 0.9]}), "제목", pd.Series([False, True]))
    (html,) = shown
    assert "<caption>제목</caption>" in html
    assert html.count("class=best") == 1


def test_a_table_without_rows_is_left_out(shown):
    show.show_table(pd.DataFrame({"f1": []}), "제목")
    assert shown == []


class Folder:
    def __init__(self):
        self.written = []

    def write_figure(self, figure, name):
        self.written.append((figure, name))


def test_a_figure_is_written_only_under_a_name(shown):
    folder, figure = Folder(), Figure(figsize=(1, 1))
    show.show_figure(folder, figure, None, "글", "설명")
    assert folder.written == []
    show.show_figure(folder, figure, "pr_video", "글", "설명")
    assert folder.written == [(figure, "pr_video")]
    assert all('aria-label="글"' in html and "<figcaption>설명" in html for html in shown)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["하나", ""], ["<p>하나</p>"]),
        (["하나", "", "둘"], ["<ul><li>하나</li><li>둘</li></ul>"]),
        ([], []),
        ((line for line in ("하나", "둘")), ["<ul><li>하나</li><li>둘</li></ul>"]),
    ],
)
def test_findings(shown, lines, expected):
    show.show_findings(lines)
    assert shown == expected


def test_paragraphs_and_the_lists_among_them(shown):
    show.show_paragraphs(["**하나**", "- 둘 <b>\n- `셋`"])
    assert shown == [
        "<p><strong>하나</strong></p><ul><li>둘 &lt;b&gt;</li><li><code>셋</code></li></ul>"
    ]


def test_a_fold_holds_all_that_its_block_shows_in_one_output(shown):
    with show.fold("gains", "한 문장 `x`."):
        show.show_findings(["하나"])
        show.show_html("<p>둘</p>")
    (html,) = shown
    assert html.startswith('<details class="fold"><summary><h3 id="gains">')
    assert "한 문장 <code>x</code>." in html
    assert html.index("세 몫으로 나눕니다") < html.index("<p>하나</p>") < html.index("<p>둘</p>")


def test_an_empty_fold_is_left_out(shown):
    with show.fold("gains", "한 문장."):
        show.show_findings([])
    assert shown == []


def test_what_stopped_leaves_no_block_open(shown):
    def stops():
        with show.fold("gains", "한 문장."):
            show.show_findings(["하나"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stops()
    show.show_findings(["둘"])
    assert shown == ["<p>둘</p>"]


def test_tabs_within_a_fold(shown):
    with show.fold("gains", "한 문장."), show.tabs("결과") as tab:
        for name in ("비디오", "이미지"):
            with tab(name):
                show.show_findings([f"{name} 결과"])
        with tab("빈 것"):
            pass
    (html,) = shown
    assert html.count('<section class="panel">') == 2
    assert html.index("<h4>비디오</h4><p>비디오 결과</p>") < html.index("<h4>이미지</h4>")
    assert "빈 것" not in html


def test_one_panel_stands_without_a_tab(shown):
    with show.tabs("결과") as tab, tab("비디오"):
        show.show_findings(["하나"])
    assert shown == ["<p>하나</p>"]
