"""What is copied from the explorer: harmlib.params loads it, and it says what was shown."""

import numpy as np
import pandas as pd
import pytest
import yaml
from browser import open_page
from explorer_page import operating_points, scores

from harmlib.analysis.own_scores.scales import Scale
from harmlib.params import load_params, load_run_params
from harmlib.params.policies import Costs
from harmlib.reporting.page.pages import write_html
from harmlib.reporting.page.threshold_explorer import explorer_html

FREE = {"permissions": ["clipboard-read", "clipboard-write"]}
SCALES = {
    "model2": Scale("percent"),
    "model4": Scale("logit"),
    "no": Scale("levels", (0.0, 2.0, 4.0, 6.0)),
}
ITEMS = [0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9]


def page(path, models, **options):
    scored = {"video": pd.concat([scores(model, 1, *ITEMS) for model in models])}
    points = {"video": operating_points(*[(model, 1, 0.5, np.nan, True) for model in models])}
    return write_html(explorer_html(scored, points, **options).data, path, "시험").as_uri()


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    return page(tmp_path_factory.mktemp("copies") / "a.html", ["model2", "model4"])


@pytest.fixture(scope="module")
def own_url(tmp_path_factory):
    return page(tmp_path_factory.mktemp("copies") / "b.html", list(SCALES), scales=SCALES)


def copied(tab, name):
    tab.evaluate("navigator.clipboard.writeText('')")
    tab.locator(f"[data-part={name}]").click()
    tab.locator("[data-part=notice]").filter(has_text="복사함").wait_for()
    return tab.evaluate("navigator.clipboard.readText()")


def loaded(tmp_path, text, base="run: mine\ndata: {root: data}\n"):
    file = tmp_path / "mine.yaml"
    file.write_text(base + text, encoding="utf-8")
    return load_run_params(file)


def test_the_copied_params_fix_the_threshold_of_that_model_alone(browser, url, tmp_path):
    with open_page(browser, url, **FREE) as tab:
        tab.locator("[data-part=model]").select_option("model4")
        tab.locator("[data-part=number]").fill("0.317")
        text = copied(tab, "copy-params")
    assert yaml.safe_load(text) == {
        "variants": {"model4": {"threshold_rule": "fixed", "fixed_threshold": 0.317}}
    }
    assert text.startswith("# 검증에서 고른 값: 비디오 Model 4 · epoch 1 · threshold 0.317.")
    params = loaded(tmp_path, text)
    before = load_params("params/demo.yaml")
    assert params.variants["model4"].fixed_threshold == 0.317
    assert params.variants["model3"] == before.variants["model3"]


@pytest.mark.parametrize("threshold", ["0.003", "0.29", "0.5", "0.831"])
@pytest.mark.parametrize("model", list(SCALES))
def test_a_table_of_scores_gets_the_threshold_in_its_own_numbers(
    browser, own_url, tmp_path, model, threshold
):
    with open_page(browser, own_url, **FREE) as tab:
        tab.locator("[data-part=model]").select_option(model)
        tab.locator("[data-part=number]").fill(threshold)
        text = copied(tab, "copy-params")
    assert list(yaml.safe_load(text)["threshold"]) == [model], "also a model that is called no"
    params = loaded(tmp_path, text, "run: mine\nscores: a.csv\n")
    native, scale = params.threshold_of(model), SCALES[model]
    read = scale.threshold_probability(native)
    if scale.kind == "levels":
        levels = scale.to_probability(np.array(scale.levels))
        assert (levels > read).tolist() == (levels > float(threshold)).tolist()
    else:
        assert read == pytest.approx(float(threshold), abs=1e-12)


def test_what_a_scale_cannot_say_is_not_copied(browser, own_url):
    with open_page(browser, own_url, **FREE) as tab:
        tab.locator("[data-part=model]").select_option("model4")
        tab.locator("[data-part=slider]").press("Home")
        tab.locator("[data-part=copy-params]").click()
        notice = tab.locator("[data-part=notice]")
        notice.filter(has_text="척도에 없습니다").wait_for()


@pytest.mark.parametrize(
    ("goal", "limit", "sought"),
    [
        ("f1", None, "f1"),
        ("fbeta:2", None, "fbeta:2"),
        ("mcc", None, "mcc"),
        ("youden", None, "youden"),
        ("precision@recall>=", "0.9", "precision@recall>=0.9"),
        ("recall@precision>=", "1", "recall@precision>=1"),
        ("recall@flagged<=", "0.005", "recall@flagged<=0.005000000"),
        ("recall@flagged<=", "1", "recall@flagged<=1"),
        ("cost", None, "cost:miss=0.25,alarm=5e-07,review=0.125"),
    ],
)
@pytest.mark.parametrize("kind", ["media", "scores"])
def test_the_copied_policy_seeks_the_same(browser, url, tmp_path, kind, goal, limit, sought):
    with open_page(browser, url, **FREE) as tab:
        for name, value in [("miss", "0.25"), ("alarm", "0.0000005"), ("review", "0.125")]:
            tab.locator(f"[data-part={name}]").fill(value)
        tab.locator("[data-part=goal]").select_option(goal)
        if limit:
            tab.locator("[data-part=limit]").fill(limit)
        tab.locator("[data-part=prevalence]").fill("0.7")
        text = copied(tab, "copy-policy")
    base = {"media": "run: mine\ndata: {root: data}\n", "scores": "run: mine\nscores: a.csv\n"}
    params = loaded(tmp_path, text, base[kind])
    (policy,) = params.policies.values()
    assert policy.objective_text(params.costs, params.volume) == sought
    assert params.prevalence_of("video") == 0.007
    if goal == "cost":
        assert params.costs == Costs(miss=0.25, false_alarm=5e-7, review=0.125, unit="원")
    else:
        assert params.costs is None


def test_the_threshold_alone_is_copied(browser, url):
    with open_page(browser, url, **FREE) as tab:
        tab.locator("[data-part=number]").fill("0.3")
        assert copied(tab, "copy") == "0.300"
        assert tab.locator("[data-part=copied]").is_hidden()
        tab.locator("[data-part=slider]").press("ArrowLeft")
        assert tab.locator("[data-part=notice]").inner_text() == ""


@pytest.mark.parametrize("works", [True, False])
def test_without_a_clipboard_the_text_is_selected(browser, url, works):
    tab = browser.new_page()
    tab.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    tab.add_init_script(
        "addEventListener('copy', () => { window.copied = String(getSelection()); })"
    )
    if not works:
        tab.add_init_script("Document.prototype.execCommand = () => false")
    tab.goto(url)
    tab.locator("[data-part=number]").fill("0.3")
    tab.locator("[data-part=copy-params]").press("Enter")
    notice, field = (tab.locator(f"[data-part={name}]") for name in ("notice", "copied"))
    notice.filter(has_text="복사").wait_for()
    focused = "document.activeElement.dataset.part"
    if works:
        assert notice.inner_text() == "복사함"
        assert "fixed_threshold: 0.300" in tab.evaluate("window.copied")
        assert field.is_hidden()
        assert tab.evaluate(focused) == "copy-params"
    else:
        assert notice.inner_text().startswith("복사하지 못했습니다. 선택된 글을 Ctrl+C")
        assert tab.evaluate(focused) == "copied"
        selected = tab.evaluate(
            "(e => e.value.slice(e.selectionStart, e.selectionEnd))(document.activeElement)"
        )
        assert selected == field.input_value()
        assert yaml.safe_load(selected)["variants"]["model2"]["fixed_threshold"] == 0.3
        tab.locator("[data-part=slider]").press("ArrowLeft")
        assert field.is_hidden(), "it would be the text of another threshold"
    tab.close()
