"""The summary of one page: what it says, and that it is one page."""

import pypdfium2
from browser import open_page

from harmlib.reporting.page.pages import write_html
from harmlib.reporting.page.summary_sheet import ROWS, sheet_html

NAMES = ("accuracy", "precision", "recall", "error_rate", "false_positive_rate",
         "false_negative_rate")  # fmt: skip


def section(name, **changes):
    return {
        "section": name,
        "model_id": f"model4/{name}@0123456789ab",
        "threshold": 0.525,
        "native": 52.5,
        "scale": "percent",
        "decided_beforehand": False,
        "split": "halves",
        "lost": 3,
        "counts": {"decisions": 120345, "tp": 10345, "fp": 9000, "fn": 1000, "tn": 100000,
                   "harmful_groups": 10345, "safe_groups": 65000},
        "figures": [{"metric": n, "value": 0.5, "low": 0.4, "high": 0.6} for n in NAMES],
        "if_lost_judged": [{"metric": "recall", "value": 0.5, "low": 0.3, "high": 0.7}],
    } | changes  # fmt: skip


def means(sections, ledger=()):
    return {"run": "a<b>", "made": "2026-03-01T00:00:00", "model": "model4", "data": "scores",
            "level": 0.95, "sections": sections, "ledger": list(ledger)}  # fmt: skip


def test_a_level_and_a_threshold_decided_beforehand_are_told():
    found = sheet_html(means([section("gun", scale="levels", native=4.0, decided_beforehand=True)]))
    assert "등급 4 이상 (미리 정함)" in found
    assert "점수로는 52.5 초과" in sheet_html(means([section("gun")]))


def test_figures_that_do_not_exist_are_words():
    figures = [{"metric": n, "value": None, "low": None, "high": None} for n in NAMES[:3]]
    figures += [{"metric": n, "value": 0.5, "low": None, "high": None} for n in NAMES[3:]]
    found = sheet_html(means([section("gun", figures=figures)]))
    assert found.count("잴 수 없음") == 3
    assert found.count("0.500 (출처가 모자람)") == 3
    assert "nan" not in found


def test_names_are_text():
    found = sheet_html(means([section("gun")], [{"section": "gun", "reason": "<i>", "items": 2}]))
    assert "a&lt;b&gt;" in found
    assert "&lt;i&gt; 2개" in found


def test_the_longest_sheet_is_one_page(browser, tmp_path):
    sections = [section(f"a-long-category-{k}") for k in range(ROWS + 3)]
    losses = [
        {"section": one["section"], "reason": "no score of some model " * 4, "items": 9 - k}
        for k, one in enumerate(sections[:8])
    ]
    body = sheet_html(means(sections, losses))
    assert "절 3개가 더 있습니다" in body
    page_file = write_html(body, tmp_path / "sheet.html", "요약")
    with open_page(browser, page_file.as_uri()) as page:
        pdf = page.pdf(prefer_css_page_size=True)
    assert len(pypdfium2.PdfDocument(pdf)) == 1
