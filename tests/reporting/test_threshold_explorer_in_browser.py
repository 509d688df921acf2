"""The threshold explorer as a person uses it: numbers, buttons, keyboard, screens."""

import re

import numpy as np
import pytest
from explorer_page import COUNTS, IMAGE, VALIDATION, choose, items, part, shown

from harmlib.analysis.choice import choose as choose_threshold
from harmlib.analysis.thresholds import sweep
from harmlib.reporting.page.pages import write_html
from harmlib.reporting.page.threshold_explorer import explorer_html
from harmlib.reporting.page.threshold_explorer_curves import STEPS

METRICS = ("precision", "recall", "f1", "accuracy", "share")


def numbers(labels, p, threshold):
    """Counts and figures as the analysis computes them, written as the report writes them."""
    row = sweep(labels, p, [threshold]).iloc[0]
    tp, fp, fn, tn = (int(row[name]) for name in COUNTS)
    figures = {name: f"{row[name]:.4f}" for name in ("precision", "recall", "f1")}
    figures |= {"accuracy": f"{(tp + tn) / len(p):.4f}", "share": f"{row['flagged_share']:.1%}"}
    if tp + fp == 0:
        figures["precision"] = "–"
    if tp + fn == 0:
        figures["recall"] = "–"
    if tp + fp + fn == 0:
        figures["f1"] = "–"
    counts = {"tp": tp, "fp": fp, "fn": fn, "tn": tn, "n": len(p), "flagged": tp + fp}
    counts |= {"harmful": tp + fn, "safe": fp + tn, "passed": fn + tn}
    return {name: f"{count:,}" for name, count in counts.items()} | figures


def check(tab, curve, operating):
    """Every number of the explorer against the analysis. Returns the step of the threshold."""
    text, (labels, p) = shown(tab), items(*curve)
    k = round(float(text["number"]) * STEPS)
    expected = numbers(labels, p, k / STEPS)
    assert {name: text[name] for name in expected} == expected
    at = numbers(labels, p, operating)
    assert [text[f"{m}-operating"] for m in METRICS] == [f"운영 {at[m]}" for m in METRICS]
    baseline = numbers(labels, np.ones(len(p)), 0)
    assert text["f1-baseline"] == f"모두 유해 {baseline['f1']}"
    assert f"threshold {k / STEPS:.3f}: 검증 항목 {len(p):,}개" in text["caption"]
    words = text["scores-words"]
    assert f"유해 {expected['fn']}개와 안전 {expected['tn']}개" in words
    assert f"유해 {expected['tp']}개와 안전 {expected['fp']}개" in words
    words = text["pr-words"]
    assert f"현재 Precision {expected['precision']}, Recall {expected['recall']}." in words
    assert f"모두 유해로 판정하면 Precision {baseline['precision']}" in words
    return k


CURVES = [
    (("video", "model2", 1), 0.4),
    (("video", "model2", 2), 0.55),
    (("video", "ties", 1), 0.3),
    (("video", "halves", 1), 0.15627),
    (("image", "constant", 1), 0.5),
    (("image", "ends", 1), 0.0),
    (("image", "safe_only", 1), 0.5),
]


@pytest.mark.parametrize(("curve", "operating"), CURVES)
def test_every_number_follows_the_threshold(tab, curve, operating):
    choose(tab, *curve)
    check(tab, curve, operating)
    part(tab, "slider").focus()
    steps = [("End", 1000), ("ArrowLeft", 999), ("Home", 0), ("ArrowRight", 1), ("ArrowUp", 2)]
    for key, k in steps:
        tab.keyboard.press(key)
        assert check(tab, curve, operating) == k
    tab.keyboard.press("PageUp")
    assert check(tab, curve, operating) > 2
    thresholds = [0.2, 0.25, 0.281, 0.5, 0.781]
    for threshold in [*thresholds, *np.random.default_rng(0).integers(0, 1001, 5) / 1000]:
        part(tab, "number").fill(str(threshold))
        assert check(tab, curve, operating) == round(threshold * STEPS)


def test_the_number_field_takes_what_makes_sense(tab):
    number = part(tab, "number")
    for typed, kept in [("1.7", "1.000"), ("-3", "0.000"), ("0.12349", "0.123"), ("1e-1", "0.100")]:
        number.fill(typed)
        tab.keyboard.press("Enter")
        assert shown(tab)["number"] == kept
        assert float(shown(tab)["slider"]) == float(kept)
    number.focus()
    tab.keyboard.press("Control+A")
    tab.keyboard.type("e")
    assert shown(tab)["slider"] == "0.1"
    tab.keyboard.press("Tab")
    assert shown(tab)["number"] == "0.100"
    number.fill("0.5")
    assert shown(tab)["number"] == "0.5", "a field in which a person types must stay as it is"
    tab.keyboard.press("ArrowUp")
    assert shown(tab)["slider"] == "0.501"


def test_a_model_opens_at_its_saved_epoch_and_an_epoch_keeps_the_threshold(tab):
    def selected(name):
        return part(tab, name).evaluate("select => select.selectedOptions[0].text")

    assert [selected(n) for n in ("modality", "model", "epoch")] == [
        "비디오",
        "Model 2 (검증에서 선택)",
        "2 (저장된 epoch)",
    ]
    assert shown(tab)["number"] == "0.550"
    part(tab, "number").fill("0.123")
    part(tab, "epoch").select_option("1")
    assert check(tab, ("video", "model2", 1), 0.4) == 123
    part(tab, "model").select_option("ties")
    assert check(tab, ("video", "ties", 1), 0.3) == 300
    assert part(tab, "epoch").is_hidden(), "one epoch needs no menu"
    part(tab, "modality").select_option("image")
    assert selected("model") == "ends (검증에서 선택)"
    part(tab, "model").select_option("constant")
    assert part(tab, "goal-stop").is_disabled()
    assert part(tab, "goal-stop").inner_text() == "목적: 없음"
    assert part(tab, "goal-tick").is_hidden()
    assert part(tab, "modality", which=1).is_hidden(), "one modality needs no menu"


def test_buttons_go_to_the_thresholds_of_the_model_and_of_the_objective(tab):
    labels, p = items("video", "model2", 2)
    best = choose_threshold(labels, p, "f1", thresholds=np.arange(STEPS + 1) / STEPS).threshold
    part(tab, "slider").press("Home")
    part(tab, "goal-stop").click()
    assert shown(tab)["number"] == f"{best:.3f}"
    part(tab, "operating").click()
    assert shown(tab)["number"] == "0.550"
    part(tab, "model").select_option("halves")
    assert part(tab, "operating").inner_text() == "운영 0.1563"
    assert shown(tab)["number"] == "0.156"
    places = [
        part(tab, f"{n}-tick").evaluate("e => e.style.getPropertyValue('--at')")
        for n in ("operating", "goal")
    ]
    assert places == ["0.156", "0"]


def test_what_is_seen_is_immediate_and_what_is_announced_waits(browser, two_explorers):
    tab = browser.new_page()
    tab.clock.install(time=0)
    tab.goto(two_explorers.as_uri())
    tab.clock.pause_at(60_000)
    summary, announced, slider = (part(tab, n) for n in ("summary", "announced", "slider"))
    labels, p = items("video", "model2", 2)
    at, baseline = (sweep(labels, p, [threshold]).iloc[0] for threshold in (0.55, 0.0))
    assert summary.inner_text() == (
        f"Threshold 0.550에서는 유해 {labels.sum():,}개 가운데 {at.tp:,.0f}개를 찾고 "
        f"{at.fn:,.0f}개를 놓칩니다. 안전 {(1 - labels).sum():,}개 가운데 {at.fp:,.0f}개를 유해로 "
        f"잘못 판정합니다. F1은 {at.f1:.4f}입니다. 모두 유해로 판정하는 "
        f"기준선({baseline.f1:.4f})보다 {at.f1 - baseline.f1:.4f} 높습니다."
    )
    assert announced.text_content() == "", "opening a page announces nothing"
    slider.press("End")
    none = f"Threshold 1.000에서는 유해 {labels.sum():,}개를 모두 놓칩니다."
    assert summary.inner_text().startswith(none), "no time has passed"
    assert "유해로 판정한 항목이 없어 Precision은 계산할 수 없습니다." in summary.inner_text()
    assert summary.inner_text().endswith(f"보다 {baseline.f1:.4f} 낮습니다.")
    tab.clock.run_for(399)
    slider.press("Home")
    everything = summary.inner_text()
    assert everything.startswith(f"Threshold 0.000에서는 유해 {labels.sum():,}개를 모두 찾습니다.")
    assert everything.endswith(f"기준선({baseline.f1:.4f})과 같습니다.")
    tab.clock.run_for(399)
    assert announced.text_content() == "", "announced while the threshold still moved"
    tab.clock.run_for(1)
    assert announced.text_content() == everything
    part(tab, "goal").select_option("mcc")
    tab.clock.run_for(400)
    assert announced.text_content() == f"{shown(tab)['goal-words']} {summary.inner_text()}"
    slider.press("End")
    tab.clock.run_for(400)
    assert announced.text_content() == summary.inner_text(), "the objective is announced once"
    assert not announced.is_visible() or announced.bounding_box()["width"] == 1
    tab.close()


def test_the_keyboard_is_enough(tab):
    """Tab reaches every control in the order of the page, visibly, and each answers to keys."""
    reached = []
    tab.locator("h1").click()
    for _ in range(16):
        tab.keyboard.press("Tab")
        outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        reached.append(tab.evaluate("document.activeElement.dataset.part"))
    assert reached == [
        *("modality", "model", "epoch", "goal", "miss", "alarm", "review", "prevalence", "day"),
        *("number", "operating", "goal-stop", "slider", "copy", "copy-params", "copy-policy"),
    ]

    def back(times):
        for _ in range(times):
            tab.keyboard.press("Shift+Tab")

    back(3)
    for key in ("ArrowLeft", "PageDown", "Home"):
        tab.keyboard.press(key)
    assert shown(tab)["number"] == "0.000"
    back(1)
    tab.keyboard.press("Space")
    assert shown(tab)["goal-stop"] == f"목적 {shown(tab)['number']}"
    back(1)
    tab.keyboard.press("Enter")
    assert shown(tab)["number"] == "0.550"
    back(7)
    tab.keyboard.press("ArrowDown")
    assert shown(tab)["goal"] == "fbeta:2"
    back(1)
    tab.keyboard.press("ArrowUp")
    assert shown(tab)["epoch"] == "1"
    back(1)
    tab.keyboard.press("ArrowDown")
    assert shown(tab)["model"] == "ties"


def test_two_explorers_do_not_touch_each_other_nor_the_page(browser, two_explorers, tab):
    before = shown(tab, which=1)
    part(tab, "model").select_option("ties")
    assert shown(tab, which=1) == before
    part(tab, "number", which=1).fill("0.7")
    assert shown(tab)["number"] == "0.300"
    empty = browser.new_page()
    empty.goto(write_html("", two_explorers.with_name("empty.html"), "시험").as_uri())
    names = "Object.getOwnPropertyNames(window).filter(name => isNaN(name))"
    assert set(tab.evaluate(names)) == set(empty.evaluate(names))
    empty.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(tab, scheme):
    from axe_playwright_python.sync_playwright import Axe

    tab.emulate_media(color_scheme=scheme)
    part(tab, "summary").filter(has_text="Threshold").wait_for()
    found = Axe().run(tab).response
    assert len(found["passes"]) > 20
    serious = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
    assert [(v["id"], v["nodes"][0]["html"]) for v in serious] == []


@pytest.mark.parametrize("width", [320, 390, 700, 1100, 1600])
def test_nothing_spills_at_any_width(tab, width):
    tab.set_viewport_size({"width": width, "height": 800})
    plot = part(tab, "pr").locator("svg")
    plot.and_(tab.locator(f"[width='{part(tab, 'pr').evaluate('e => e.clientWidth')}']")).wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    spilled = """() => [...document.querySelectorAll(".harm-explorer *")].filter(e => {
      const [box] = e.getClientRects(), frame = e.closest("section").getBoundingClientRect();
      return box && (box.right > frame.right + 0.5 || box.left < frame.left - 0.5);
    }).map(e => e.outerHTML.slice(0, 80))"""
    assert tab.locator(".harm-explorer td").count() > 10, "or nothing could spill"
    assert tab.evaluate(spilled) == []


def test_alone_without_javascript_it_says_what_is_missing_in_its_own_colours(browser, tmp_path):
    file = tmp_path / "alone.html"
    file.write_text(explorer_html({"image": VALIDATION["image"]}, IMAGE).data, encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(file.as_uri())
    assert tab.locator("noscript p").is_visible()
    assert "JavaScript" in tab.locator("noscript p").inner_text()
    assert tab.locator(".explorer-body").is_hidden()
    shades = []
    for media in ("screen", "print"):
        tab.emulate_media(color_scheme="dark", media=media)
        paper = tab.locator("section").evaluate("e => getComputedStyle(e).backgroundColor")
        shades.append(sum(map(int, re.findall(r"\d+", paper))))
    assert shades[0] < 200 < shades[1] == 3 * 255
    context.close()
