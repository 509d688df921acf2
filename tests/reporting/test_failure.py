"""The page of a run that stopped."""

import builtins
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

import harmlib
from harmlib.language import languages
from harmlib.reporting.page.failure import (
    _MEANINGS,
    Failure,
    is_failure_page,
    write_failure_page,
)
from harmlib.reporting.page.pages import write_html
from harmlib.workflow import execution

STATES = {"00_data": "done", "02_train-video-model4": "failed", "05_report": "waiting"}


def write(tmp_path, **changes):
    about = {"step": "02_train-video-model4", "kind": "WeightsError", "message": "no <file>"}
    failure = Failure(**about | {"cell": "train"} | changes)
    return write_failure_page(failure, STATES, tmp_path / "index.html", "실행 demo")


def read(page):
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def test_the_page_says_where_why_and_how_to_go_on(tmp_path):
    page = read(write(tmp_path))
    assert page.title.text == "02_train-video-model4가 중단됨: 실행 demo"
    (error,) = page.select("section.error")
    assert "단계가 셀 train에서 중단되었습니다. 사전 학습된 가중치를 찾지 못했거나" in error.text
    assert error.pre.text == "WeightsError: no <file>"
    assert error.a["href"] == "notebooks/02_train-video-model4.html#cell-id=train"
    rows = [[cell.text for cell in row.find_all(["th", "td"])] for row in page.select("tbody tr")]
    assert rows == [
        ["00_data", "완료"], ["02_train-video-model4", "중단됨"], ["05_report", "실행하지 않음"],
    ]  # fmt: skip


def test_done_steps_and_the_report_before_are_a_link_away(tmp_path):
    failure = Failure("02_train-video-model4", "DataError", "x")
    out = write_failure_page(failure, STATES, tmp_path / "index.html", "demo", "previous.html")
    page = read(out)
    assert [a["href"] for a in page.select("tbody a")] == ["notebooks/00_data.html"]
    assert [a["href"] for a in page.section.find_all("a")][1:] == ["previous.html"]


def test_an_english_page_is_english_throughout(tmp_path):
    with languages(page="en"):
        out = write(tmp_path)
    text = out.read_text(encoding="utf-8").partition("</style>")[2].partition("<script>")[0]
    assert "The step 02_train-video-model4 stopped in the cell train." in read(out).section.text
    assert not re.search("[가-힣]", text.replace("실행 demo", ""))


def test_a_kernel_that_died_between_cells_names_no_cell(tmp_path):
    error = read(write(tmp_path, cell="", kind="DeadKernelError")).section
    assert error.a["href"] == "notebooks/02_train-video-model4.html"
    assert "단계가 중단되었습니다." in error.text


def test_an_error_without_a_meaning_is_called_unexpected(tmp_path):
    assert "예상하지 못한 오류입니다" in read(write(tmp_path, kind="SomeError")).section.text


def test_only_this_page_is_a_failure_page(tmp_path):
    assert is_failure_page(write(tmp_path))
    assert not is_failure_page(write_html("<h1>보고서</h1>", tmp_path / "report.html", "제목"))
    assert not is_failure_page(tmp_path / "none.html")


@pytest.mark.parametrize("kind", _MEANINGS)
def test_each_error_with_a_meaning_exists(kind):
    sources = [
        path.read_text(encoding="utf-8") for path in Path(harmlib.__file__).parent.rglob("*.py")
    ]
    own = re.findall(r"^class (\w+)\(", "\n".join(sources), flags=re.M)
    of_torch_and_nbclient = ["OutOfMemoryError", "DeadKernelError"]
    named = re.findall(r'"(\w+)"', Path(execution.__file__).read_text(encoding="utf-8"))
    assert kind in [*own, *named, *dir(builtins), *of_torch_and_nbclient]
