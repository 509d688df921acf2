"""Sentences are made from the tables, and from nothing else."""

import re
import shutil

import pandas as pd
import papermill
import pytest
import yaml
from prose import uncited_numbers, wrong_particles

from harmlib.reporting.page.pages import write_page
from harmlib.workflow.execution import NOTEBOOKS


@pytest.fixture(scope="module")
def copy(small_run, small_folder, tmp_path_factory):
    """The finished run in another folder, and params that point there."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(small_run, folder / "small")
    content = yaml.safe_load((small_folder / "params.yaml").read_text(encoding="utf-8"))
    content["reports"] = str(folder)
    (folder / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder / "small"


def report_again(run):
    out = run / "notebooks" / "05_report.ipynb"
    papermill.execute_notebook(
        str(NOTEBOOKS / "05_report.ipynb"),
        str(out),
        parameters={"params_file": str(run.parent / "params.yaml")},
        progress_bar=False,
    )
    return write_page(out, run / "index.html", "보고서")


def words_of(page, start):
    text = re.sub(r"<[^>]*>", "", page.read_text(encoding="utf-8"))
    return re.findall(re.escape(start) + r".*", text)


def test_every_digit_of_the_prose_stands_in_a_table(small_run):
    assert not uncited_numbers(small_run / "index.html")


def test_sections_that_are_referred_to_exist(small_run):
    text = (small_run / "index.html").read_text(encoding="utf-8")
    headings = re.findall(r"<h[2-4][^>]*>(?:<[^>]*>)*(\d+(?:\.\d+)*)\.? ([^<]*)", text)
    named = dict(headings)
    assert set(re.findall(r"(\d+(?:\.\d+)*)절", re.sub(r"<[^>]*>", " ", text))) <= set(named)


def test_particles_fit_the_numbers_before_them(small_run, tmp_path):
    page = small_run / "index.html"
    assert not wrong_particles(page)
    text = page.read_text(encoding="utf-8")
    spoilt = re.sub(r"(\d</data>)(은|을|으로|과)(?![가-힣])", r"\1는", text)
    assert spoilt != text
    (tmp_path / "spoilt.html").write_text(spoilt, encoding="utf-8")
    assert wrong_particles(tmp_path / "spoilt.html")


@pytest.mark.parametrize(
    ("found", "put", "complaint"),
    [
        (r"에서 F1 (?=<data)", "에서 F1 77.3%인 ", "'77.3%' in"),
        (r"(<data [^>]*>)0\.(\d)", r"\g<1>0.9\2", "cites tables/"),
        (r"\[0\]\.f1", "[999].f1", "which is nowhere"),
        (r'(aria-label="[^"]*) PR 곡선', r"\1 0.123456번째 PR 곡선", "'0.123456' in the alt text"),
    ],
)
def test_a_digit_from_elsewhere_is_noticed(copy, found, put, complaint):
    page = copy / "index.html"
    whole = page.read_text(encoding="utf-8")
    changed, times = re.subn(found, put, whole, count=1)
    assert times == 1
    page.write_text(changed, encoding="utf-8")
    problems = uncited_numbers(page)
    page.write_text(whole, encoding="utf-8")
    assert problems
    assert all(complaint in problem for problem in problems)


def test_other_tables_give_other_sentences(copy):
    before = words_of(copy / "index.html", "비디오: 검증 F1이 가장 높은")[0]
    names = ("pooled", "pooled_intervals", "against_baseline")
    test, intervals, against = (pd.read_csv(copy / f"tables/{name}_video.csv") for name in names)
    best = test.loc[test["validation_f1"].idxmax(), "variant"]
    test.loc[test["variant"] == best, "f1"] = 0.98765
    own = (intervals["variant"] == best) & (intervals["metric"] == "f1")
    intervals.loc[own, ["value", "low", "high"]] = [0.98765, 0.955, 0.995]
    own = against["variant"] == best
    against.loc[own, ["value", "difference"]] = [0.98765, 0.14]
    against.loc[own, ["corrected_low", "corrected_high"]] = [0.03, 0.25]
    for name, table in zip(names, (test, intervals, against), strict=True):
        table.to_csv(copy / f"tables/{name}_video.csv", index=False, encoding="utf-8-sig")
    changes = pd.read_csv(copy / "tables/changes_image.csv")
    changes.loc[0, ["difference", "low", "high", "verdict"]] = [0.35, 0.3, 0.4, "moved"]
    changes.to_csv(copy / "tables/changes_image.csv", index=False, encoding="utf-8-sig")
    page = report_again(copy)
    after = words_of(page, "비디오: 검증 F1이 가장 높은")[0]
    assert before != after
    assert "F1 0.9877(95% 신뢰구간 0.955~0.995)입니다" in after
    assert "차이 +0.1400은 보정한 95% 신뢰구간(+0.0300~+0.2500) 전체가 0보다 높습니다" in after
    assert words_of(page, "이미지 Model 4: epoch 1에서 2 사이에 최적 threshold가 +0.35 움직였고")
    assert not uncited_numbers(page)
