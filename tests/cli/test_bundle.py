"""`harmlib bundle`: one file that holds a run's pages, and whose links work."""

import re
import zipfile
from pathlib import PurePosixPath

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from harmlib.cli import main as cli
from harmlib.reporting.page.failure import Failure, write_failure_page
from harmlib.reporting.page.pages import write_html, write_notebook_page

KEPT_OUT = ("manifest.parquet", "scores.parquet", "models/model4/image.pth", "steps.json")
FILES = ("run.json", "metrics.json", "ledger.csv", "tables/test.csv", "figures/a.svg")


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "own"
    for name in FILES + KEPT_OUT:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}", encoding="utf-8")
    links = '<a href="notebooks/00_data.html">1</a> <a href="metrics.json">2</a>'
    write_html(f"<h1>보고서</h1>{links}", folder / "index.html", "보고서")
    notebook = folder / "notebooks" / "00_data.ipynb"
    notebook.parent.mkdir()
    nbformat.write(new_notebook(cells=[new_markdown_cell("# 데이터")]), notebook)
    for name, before, after in (("00_data", "", "05_report"), ("05_report", "00_data", "")):
        write_notebook_page(notebook, notebook.with_name(f"{name}.html"), name, before, after)
    return folder


def names(path):
    with zipfile.ZipFile(path) as bundle:
        assert bundle.testzip() is None
        return bundle.namelist()


def test_pages_tables_and_figures_as_json_go_along_and_nothing_else(run, capsys):
    assert cli.main(["bundle", str(run)]) == 0
    assert names(run / "report.zip") == [
        f"own/{name}"
        for name in ("index.html", "notebooks/00_data.html", "notebooks/05_report.html",
                     "metrics.json", "run.json", "ledger.csv", "tables/test.csv")
    ]  # fmt: skip
    assert "3 pages and 4 other files" in capsys.readouterr().out


def test_every_link_leads_to_something_in_the_bundle(run, tmp_path):
    out = tmp_path / "a.zip"
    assert cli.main(["bundle", str(run), "--out", str(out)]) == 0
    held, links = set(names(out)), 0
    with zipfile.ZipFile(out) as bundle:
        for page in (name for name in held if name.endswith(".html")):
            text = bundle.read(page).decode()
            for link in re.findall(r'<a [^>]*href="([^"#:]+)[^"]*"', text):
                parts = [*PurePosixPath(page).parent.parts]
                for part in PurePosixPath(link).parts:
                    parts = parts[:-1] if part == ".." else [*parts, part]
                assert "/".join(parts) in held, f"{page} → {link}"
                links += 1
    assert links == 6


def test_figures_go_along_where_they_are_asked_for(run):
    cli.main(["bundle", str(run), "--figures"])
    assert "own/figures/a.svg" in names(run / "report.zip")


def test_the_same_run_gives_the_same_file(run, tmp_path):
    for name in ("a.zip", "b.zip"):
        assert cli.main(["bundle", str(run), "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_run_without_a_report_is_not_bundled(run, capsys):
    write_failure_page(Failure("02", "DataError", "x"), {}, run / "index.html", "own")
    assert cli.main(["bundle", str(run)]) == 2
    assert "no finished report (index.html); run it first" in capsys.readouterr().err
    assert not (run / "report.zip").exists()
