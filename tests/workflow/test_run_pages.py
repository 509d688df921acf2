"""Which pages of a run lead to which."""

from types import SimpleNamespace

import pytest

from harmlib.params import PROJECT_ROOT, load_params
from harmlib.workflow import run_pages
from harmlib.workflow.step_cache import StepCache
from harmlib.workflow.steps import plan


@pytest.fixture(scope="module")
def params():
    return load_params(PROJECT_ROOT / "params" / "demo.yaml")


def neighbours(params, step, monkeypatch):
    made = []
    monkeypatch.setattr(run_pages, "_executed_as_page", lambda *given: made.append(given[2:]))
    cache = SimpleNamespace(
        params=params, page_is_valid=lambda *_: False, page_done=lambda *_: None
    )
    run_pages.write_notebook_page(params, step, cache)
    return made


def test_each_notebook_leads_to_the_ones_around_it(params, monkeypatch):
    steps = plan(params)
    first, second, *_, last = steps
    assert neighbours(params, first, monkeypatch) == [("", second.name)]
    assert neighbours(params, second, monkeypatch) == [(first.name, steps[2].name)]
    assert neighbours(params, last, monkeypatch) == [(steps[-2].name, "")]


def test_a_page_is_made_again_when_other_notebooks_stand_around_it(params, tmp_path):
    page = tmp_path / "a.html"
    page.write_text("a", encoding="utf-8")
    one = params.model_copy(update={"modalities": ["image"]})
    states = [StepCache(p)._page_state(page, page) for p in (params, params, one)]
    assert states[0] == states[1] != states[2]
