"""A table of scores is analysed where torch can't be imported, in every process of the run."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
# Python imports this file first, in each process whose PYTHONPATH has its folder
BLOCKER = """
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision"):
            with (FOLDER / "asked.txt").open("a") as file:
                print(name, *sys.orig_argv, file=file)
            raise ModuleNotFoundError(f"{name} is not for this run", name=name)


sys.meta_path.insert(0, NoTorch())
with (FOLDER / "processes.txt").open("a") as file:
    print(*sys.orig_argv, file=file)
"""


@pytest.fixture(scope="module")
def without_torch(tmp_path_factory):
    """The environment of processes in which `import torch` fails, and where they say so."""
    folder = tmp_path_factory.mktemp("no-torch")
    (folder / "sitecustomize.py").write_text(BLOCKER, encoding="utf-8")
    return folder, os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


@pytest.fixture(scope="module")
def run_of_scores(without_torch, tmp_path_factory):
    """After `harmlib run` on two models' scores of two categories, with a slice and a loss."""
    _, env = without_torch
    work = tmp_path_factory.mktemp("scores")
    rng, n = np.random.default_rng(0), 600
    label = rng.integers(0, 2, n)
    table = {"id": range(n), "label": label, "group": np.arange(n) // 2}
    table |= {"category": rng.choice(["gun", "fire"], n), "language": rng.choice(["ko", "en"], n)}
    for model, spread in (("api", 0.5), ("open", 0.7)):
        table[f"score_{model}"] = 1 / (1 + np.exp(-(label - 0.5 + rng.normal(0, spread, n))))
    table["score_api"][::50] = np.nan  # it timed out
    table["label2"] = np.where(rng.random(n) < 0.05, 1 - label, label)
    pd.DataFrame(table).to_csv(work / "scores.csv", index=False)
    told = {"run": "quick", "reports": str(work / "reports"), "scores": str(work / "scores.csv")}
    told |= {"artifacts": str(work / "artifacts")}
    told |= {"policies": {"children": {"objective": "recall>=0.9"}}}
    (work / "scores.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    command = [sys.executable, "-m", "harmlib.cli.main", "run", str(work / "scores.yaml")]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All items, judged by the threshold that the other half chose:" in done.stdout
    return work / "reports" / "quick"


def test_torch_cannot_be_imported(without_torch):
    _, env = without_torch
    done = subprocess.run([sys.executable, "-c", "import torch"], env=env, capture_output=True)
    assert b"torch is not for this run" in done.stderr


@pytest.fixture(scope="module")
def page(run_of_scores):
    """The report, without what draws the explorer."""
    text = (run_of_scores / "index.html").read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser").find("main")


def test_what_decides_is_open_and_the_rest_is_folded(page):
    assert [title.text.strip() for title in page.select("h2") if title.text[:1].isdigit()] == [
        "1. 무엇을 어떻게 읽었는가", "2. 결과", "3. Threshold 선택", "4. 오류",
        "5. 한계와 다음 할 일", "6. 상세",
    ]  # fmt: skip
    folds = page.select("details.fold")
    assert not [fold for fold in folds if fold.has_attr("open")]
    assert all(fold.select_one(".brief").text.strip() for fold in folds)
    assert [fold.find("h3")["id"] for fold in folds] == [
        "scores-results", "uncertainty", "differences", "thresholds", "objectives", "floors",
        "prevalence", "scores-sections", "policies", "scores-calibration", "scores-columns",
        "scores-labels", "scores-items", "glossary", "reproduction",
    ]  # fmt: skip
    open_tables = [table for table in page.select("table") if not table.find_parent("details")]
    assert len(open_tables) < 10


def test_results_of_each_section_are_a_tab_that_begins_with_counts(page):
    panels = page.select(".tabs")[0].select("section")
    assert [panel.find(["h3", "h4"]).text for panel in panels] == ["fire", "gun"]
    heads = [head.text for head in panels[0].select("table thead th")]
    assert heads[2:6] == ["TP", "FP", "FN", "TN"]


def test_every_link_leads_somewhere(page, run_of_scores):
    places = [link["href"] for link in page.select("a[href]")]
    names = {element["id"] for element in page.select("[id]")}
    within = {place[1:] for place in places if place.startswith("#")}
    assert within
    assert within <= names
    files = [place for place in places if not place.startswith(("#", "http"))]
    assert files
    assert [name for name in files if not (run_of_scores / name).is_file()] == []


def test_items_without_a_score_are_told_in_the_open_and_counted_in_the_fold(page):
    links = page.find_all("a", href="#scores-items")
    told = [link.find_parent("li").text for link in links]
    assert any(text.startswith("쓰지 못한 항목: fire") for text in told)
    fold = page.find("h3", id="scores-items").find_parent("details")
    assert "점수 없음(api)" in fold.text


def test_the_run_writes_its_report(run_of_scores):
    assert (run_of_scores / "index.html").is_file()
    assert not (run_of_scores / "failure.html").exists()


@pytest.mark.usefixtures("run_of_scores")
def test_no_process_of_the_run_asks_for_torch(without_torch):
    folder, _ = without_torch
    asked = folder / "asked.txt"
    lines = asked.read_text().splitlines() if asked.exists() else []
    assert [line for line in lines if "import torch" not in line] == []


@pytest.mark.usefixtures("run_of_scores")
def test_the_kernels_were_among_those_processes(without_torch):
    folder, _ = without_torch
    processes = (folder / "processes.txt").read_text()
    assert "harmlib.workflow.kernel_server" in processes or "ipykernel" in processes
