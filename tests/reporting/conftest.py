"""What several test files of this room use: explorers, the lab over scores, printed figures."""

import pandas as pd
import pytest
from browser import watch
from explorer_page import IMAGE, OPERATING_POINTS, VALIDATION
from lab_scores import make_lab, make_scored

from harmlib.reporting.page.pages import write_html
from harmlib.reporting.page.threshold_explorer import explorer_html


@pytest.fixture
def scored():
    return make_scored()


@pytest.fixture
def lab(scored):
    """The threshold lab over `scored`."""
    return make_lab(scored)


@pytest.fixture(scope="module")
def two_explorers(tmp_path_factory):
    """Two explorers in the frame of the report's pages: the file."""
    first = explorer_html(VALIDATION, OPERATING_POINTS, recommended={"video": "model2"}).data
    second = explorer_html({"image": VALIDATION["image"]}, IMAGE).data
    out = tmp_path_factory.mktemp("explorer") / "index.html"
    return write_html(f"<h1>시험</h1>{first}{second}", out, "시험")


@pytest.fixture(scope="module")
def opened(browser):
    """A tab, and what was asked for or went wrong there."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    problems = watch(tab)
    yield tab, problems
    context.close()


@pytest.fixture
def tab(opened, two_explorers):
    """The page with both explorers as they open; nothing may go wrong there."""
    tab, problems = opened
    tab.set_viewport_size({"width": 1100, "height": 900})
    tab.emulate_media(color_scheme="light", media="screen")
    tab.goto("about:blank")
    tab.goto(two_explorers.as_uri())
    yield tab
    assert not problems


@pytest.fixture
def published():
    """Printed figures of the earlier report: one row of Model 2, two of one epoch of Model 3."""
    return pd.DataFrame(
        {"modality": "video", "model": [2, 3, 3], "epoch": 1, "threshold": [0.5, 0.3, 0.7],
         "precision": [0.7, 0.8, 0.9], "recall": [1.0, 0.9, 0.8], "f1": [0.84, 0.86, 0.88]}
    )  # fmt: skip
