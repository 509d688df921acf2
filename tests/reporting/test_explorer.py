import json
import os
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.thresholds import sweep
from harmlib.reporting.explorer import STEPS, _inline, drops, explorer_html
from harmlib.reporting.page import write_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on this machine (apt install chromium)"
)
COUNTS = ("tp", "fp", "fn", "tn")
METRICS = ("precision", "recall", "f1", "accuracy", "share")


# ---- what goes in


def scores(variant, epoch, labels, probabilities):
    return pd.DataFrame(
        {"variant": variant, "epoch": epoch, "label": labels, "probability": probabilities}
    )


def point(variant, epoch, threshold, best=np.nan, chosen=True):
    return {"variant": variant, "epoch": epoch, "threshold": threshold}, best, chosen


def points(*rows):
    return pd.DataFrame([r | {"best_threshold": b, "chosen": c} for r, b, c in rows])


def many(rng, n, decimals=None):
    """Labels, and scores that tell them apart a little."""
    labels = (rng.random(n) < 0.7).astype(int)
    p = rng.beta(1 + 2 * labels, 3 - 2 * labels)
    return labels, p if decimals is None else p.round(decimals)


def decode(encoded, total):
    """As explorer.js does it."""
    above = []
    for drop in encoded:
        if drop > 0:
            total -= drop
        above += [total] * max(-drop, 1)
    return above


def data_of(html):
    _, curves, _ = json.loads(BeautifulSoup(html, "html.parser").template.text)
    return curves


VALIDATION = {
    "video": pd.concat(
        [
            scores("model2", 1, *many(np.random.default_rng(1), 300)),
            scores("model2", 2, *many(np.random.default_rng(2), 2600)),
            scores("ties", 1, *many(np.random.default_rng(3), 90, decimals=1)),
            # Thirty-two of each: rates that end in an exact half of the fourth digit.
            scores("halves", 1, [1] * 32 + [0] * 32, np.arange(64) % 32 / 32),
        ]
    ),
    "image": pd.concat(
        [
            scores("constant", 1, [1, 1, 0, 1], 0.5),
            scores("ends", 1, [1, 0, 1, 0, 1], [1.0, 1.0, 0.0, 0.0, 0.9995]),
            scores("safe_only", 1, [0, 0, 0], [0.2, 0.3, 0.4]),
        ]
    ),
}
POINTS = {
    "video": points(
        point("model2", 1, 0.4, 0.35, chosen=False),
        point("model2", 2, 0.55, 0.6),
        point("ties", 1, 0.3, 0.5),
        point("halves", 1, 0.15627, 0.25),
    ),
    "image": points(
        point("constant", 1, 0.5), point("ends", 1, 0.0, 1.0), point("safe_only", 1, 0.5)
    ),
}


def with_probability(value):
    return {"image": VALIDATION["image"].assign(probability=value)}


IMAGE = {"image": POINTS["image"]}


@pytest.mark.parametrize(
    ("validation", "at", "message"),
    [
        ({}, {}, "at least one"),
        (VALIDATION, IMAGE, r"has the modalities \['image', 'video'\]"),
        (
            {"image": VALIDATION["image"].drop(columns="label")},
            IMAGE,
            r"lacks the columns \['label",
        ),
        (
            {"image": VALIDATION["image"]},
            {"image": POINTS["image"].drop(columns="chosen")},
            "lacks",
        ),
        ({"image": VALIDATION["image"].assign(split="test")}, IMAGE, "another split"),
        ({"image": VALIDATION["image"].query("variant != 'ends'")}, IMAGE, r"\('ends', 1\)"),
        ({"image": VALIDATION["image"]}, {"image": POINTS["image"].iloc[[0, 1, 2, 2]]}, "repeated"),
        ({"image": VALIDATION["image"]}, {"image": POINTS["image"].assign(chosen=False)}, "choose"),
        (with_probability(1.5), IMAGE, "from 0 to 1"),
        (with_probability(np.nan), IMAGE, "not finite"),
        ({"image": VALIDATION["image"]}, {"image": POINTS["image"].assign(threshold=1.2)}, "1.2"),
        (
            {"image": VALIDATION["image"]},
            {"image": POINTS["image"].assign(threshold=np.nan)},
            "nan",
        ),
    ],
)
def test_what_does_not_fit_is_refused(validation, at, message):
    with pytest.raises(ValueError, match=message):
        explorer_html(validation, at)


# ---- what the browser gets


probabilities = st.one_of(st.integers(0, 1000).map(lambda k: k / 1000), st.floats(0, 1))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), probabilities), min_size=1, max_size=80))
def test_the_encoding_gives_back_every_count(items):
    labels, p = np.array([i[0] for i in items]), np.array([i[1] for i in items])
    table = sweep(labels, p, np.arange(STEPS + 1) / STEPS)
    for name, is_class in (("tp", labels), ("fp", ~labels)):
        decoded = decode(drops(table[name].to_numpy(), int(is_class.sum())), int(is_class.sum()))
        assert decoded == [int((p[is_class] > k / STEPS).sum()) for k in range(STEPS + 1)]


def test_the_size_is_bounded_whatever_the_number_of_items():
    rng = np.random.default_rng(0)
    scored = pd.concat([scores("model3", epoch, *many(rng, 10_000)) for epoch in (1, 2, 3)])
    at = points(*[point("model3", epoch, 0.5, 0.4, chosen=epoch == 1) for epoch in (1, 2, 3)])
    curves = data_of(explorer_html({"video": scored}, {"video": at}).data)
    assert len(json.dumps(curves)) / 3 * 39 < 300_000
    few = scored.groupby("epoch").head(40)
    small = data_of(explorer_html({"video": few}, {"video": at}).data)
    assert len(json.dumps(small)) / 3 * 39 < 50_000


def test_the_fragment_is_whole_and_quotes_what_could_end_it():
    validation = {"image": VALIDATION["image"].replace("ends", "</script><b>")}
    at = {"image": POINTS["image"].replace("ends", "</script><b>")}
    html = explorer_html(validation, at).data
    soup = BeautifulSoup(html, "html.parser")
    assert [child.name for child in soup.section.find_all(recursive=False)] == [
        *("style", "noscript", "div", "template", "script")
    ]
    assert data_of(html)[1]["model"] == "</script><b>"
    assert html.count("<script") == html.count("</script") == 1
    assert html == explorer_html(validation, at).data
    assert not soup.find(id=True), "ids would collide where two explorers share a page"


def test_a_script_cannot_end_its_element():
    text = json.dumps("</script></SCRIPT><!-- a < b")
    assert not re.search("</script|<!--", _inline(text), flags=re.IGNORECASE)
    assert json.loads(_inline(text)) == json.loads(text)


def test_all_hangul_is_outside_of_the_scripts_for_the_font_of_the_page():
    soup = BeautifulSoup(explorer_html(VALIDATION, POINTS).data, "html.parser")
    assert not re.search("[가-힣]", soup.script.string)


def test_a_threshold_between_two_steps_keeps_its_counts_and_says_its_step():
    curve = data_of(explorer_html(VALIDATION, POINTS).data)[3]
    exact = sweep([1] * 32, np.arange(32) / 32, [0.15627]).iloc[0]
    assert curve["operating"] == {
        "k": 156,
        "between": "0.15627",
        "tp": exact["tp"],
        "fp": exact["tp"],
    }


# ---- in the browser


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking"],
            env=dict(os.environ),
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Two explorers in the frame of the report's pages."""
    first = explorer_html(VALIDATION, POINTS).data
    second = explorer_html({"image": VALIDATION["image"]}, IMAGE).data
    out = tmp_path_factory.mktemp("explorer") / "index.html"
    return write_html(f"<h1>시험</h1>{first}{second}", out, "시험")


@pytest.fixture(scope="module")
def opened(browser, page):
    """The page in a tab, and what was asked for or went wrong there."""
    problems = []
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    tab.on("console", lambda m: problems.append(m.text) if m.type in ("error", "warning") else None)
    tab.on("pageerror", lambda e: problems.append(str(e)))
    tab.on("request", lambda r: problems.append(r.url) if r.url.startswith("http") else None)
    tab.goto(page.as_uri())
    yield tab, problems
    context.close()


@pytest.fixture
def tab(opened):
    """The page with both explorers as they open; nothing may go wrong there."""
    tab, problems = opened
    tab.set_viewport_size({"width": 1100, "height": 900})
    tab.emulate_media(color_scheme="light", media="screen")
    for which in (1, 0):
        part(tab, "slider", which).press("Home")
        if which == 0:
            part(tab, "modality").select_option("video")
        part(tab, "model", which).select_option(index=1)
        part(tab, "model", which).select_option(index=0)
    yield tab
    assert not problems


def part(tab, name, which=0):
    return tab.locator(f".harm-explorer >> nth={which}").locator(f'[data-part="{name}"]')


def shown(tab, which=0):
    """What the explorer says: the text, value or label of every part."""
    return tab.evaluate(
        """which => Object.fromEntries(
            [...document.querySelectorAll(".harm-explorer")[which].querySelectorAll("[data-part]")]
            .map(e => [e.dataset.part, e.value || e.ariaLabel || e.textContent]))""",
        which,
    )


def choose(tab, modality, variant, epoch):
    part(tab, "modality").select_option(modality)
    part(tab, "model").select_option(variant.replace("model", "Model "))
    part(tab, "epoch").select_option(str(epoch))


def items(modality, variant, epoch):
    rows = VALIDATION[modality].query("variant == @variant and epoch == @epoch")
    return rows["label"].to_numpy(), rows["probability"].to_numpy()


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
    """Every number of the explorer against the analysis. Returns the step of the line."""
    text, (labels, p) = shown(tab), items(*curve)
    k = round(float(text["number"]) * STEPS)
    expected = numbers(labels, p, k / STEPS)
    assert {name: text[name] for name in expected} == expected
    at = numbers(labels, p, operating)
    assert [text[f"{m}-operating"] for m in METRICS] == [f"운영 {at[m]}" for m in METRICS]
    everything = numbers(labels, np.ones(len(p)), 0)
    assert text["f1-baseline"] == f"모두 유해 {everything['f1']}"
    assert f"threshold {k / STEPS:.3f}: 검증 항목 {len(p):,}개" in text["caption"]
    words = text["scores-words"]
    assert f"유해 {expected['fn']}개와 안전 {expected['tn']}개" in words
    assert f"유해 {expected['tp']}개와 안전 {expected['fp']}개" in words
    words = text["pr-words"]
    assert f"지금 Precision {expected['precision']}, Recall {expected['recall']}." in words
    assert f"모두 유해로 판정하면 Precision {everything['precision']}" in words
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


@needs_browser
@pytest.mark.parametrize(("curve", "operating"), CURVES)
def test_every_number_follows_the_line(tab, curve, operating):
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


@needs_browser
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


@needs_browser
def test_a_model_opens_at_its_saved_epoch_and_an_epoch_keeps_the_line(tab):
    def selected(name):
        return part(tab, name).evaluate("select => select.selectedOptions[0].text")

    assert [selected(n) for n in ("modality", "model", "epoch")] == [
        "비디오",
        "Model 2",
        "2 (저장된 epoch)",
    ]
    assert shown(tab)["number"] == "0.550"
    part(tab, "number").fill("0.123")
    part(tab, "epoch").select_option("1")
    assert check(tab, ("video", "model2", 1), 0.4) == 123
    part(tab, "model").select_option("ties")
    assert check(tab, ("video", "ties", 1), 0.3) == 300
    part(tab, "modality").select_option("image")
    assert selected("model") == "constant"
    assert part(tab, "best").is_disabled()
    assert part(tab, "best").inner_text() == "최적 threshold 없음"
    assert part(tab, "modality", which=1).is_hidden(), "one modality needs no menu"


@needs_browser
def test_buttons_go_back_to_the_thresholds_of_the_epoch(tab):
    part(tab, "slider").press("Home")
    part(tab, "best").click()
    assert shown(tab)["number"] == "0.600"
    part(tab, "operating").click()
    assert shown(tab)["number"] == "0.550"
    part(tab, "model").select_option("halves")
    assert part(tab, "operating").inner_text() == "운영 threshold 0.15627 (눈금 0.156)"
    assert shown(tab)["number"] == "0.156"
    places = [
        part(tab, f"{n}-tick").evaluate("e => e.style.getPropertyValue('--at')")
        for n in ("operating", "best")
    ]
    assert places == ["0.156", "0.25"]


@needs_browser
def test_the_threshold_is_copied(tab):
    part(tab, "number").fill("0.3")
    part(tab, "copy").press("Enter")
    notice = part(tab, "notice")
    notice.filter(has_text="복사함").wait_for()
    assert tab.evaluate("navigator.clipboard.readText()") == "0.300"
    part(tab, "slider").press("ArrowLeft")
    assert notice.inner_text() == ""


@needs_browser
@pytest.mark.parametrize(
    ("works", "said"),
    [(True, "복사함"), (False, "복사하지 못했습니다. 숫자 칸에서 직접 복사해 주세요.")],
)
def test_without_a_clipboard_a_selection_is_copied(browser, page, works, said):
    tab = browser.new_page()
    tab.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    tab.add_init_script("""addEventListener("copy", () => {
      window.copied = document.activeElement.value;
    })""")
    if not works:
        tab.add_init_script("Document.prototype.execCommand = () => false")
    tab.goto(page.as_uri())
    part(tab, "number").fill("0.3")
    part(tab, "copy").press("Enter")
    part(tab, "notice").filter(has_text="복사").wait_for()
    assert part(tab, "notice").inner_text() == said
    assert tab.evaluate("window.copied") == ("0.300" if works else None)
    assert tab.evaluate("document.activeElement.dataset.part") == "copy"
    assert tab.locator("textarea").count() == 0
    tab.close()


@needs_browser
def test_the_summary_waits_until_the_line_rests(browser, page):
    tab = browser.new_page()
    tab.clock.install(time=0)
    tab.goto(page.as_uri())
    tab.clock.pause_at(60_000)
    summary, slider = part(tab, "summary"), part(tab, "slider")
    labels, p = items("video", "model2", 2)
    at, trivial = (sweep(labels, p, [threshold]).iloc[0] for threshold in (0.55, 0.0))
    text = summary.inner_text()
    assert text == (
        f"Threshold 0.550에서는 유해 {labels.sum():,}개 가운데 {at.tp:,.0f}개를 찾고 "
        f"{at.fn:,.0f}개를 놓칩니다. 안전 {(1 - labels).sum():,}개 가운데 {at.fp:,.0f}개를 유해로 "
        f"잘못 판정합니다. F1은 {at.f1:.4f}입니다. 모두 유해로 판정하는 "
        f"기준선({trivial.f1:.4f})보다 {at.f1 - trivial.f1:.4f} 높습니다."
    )
    slider.press("End")
    tab.clock.run_for(399)
    slider.press("Home")
    tab.clock.run_for(399)
    assert summary.inner_text() == text, "announced while the line still moved"
    tab.clock.run_for(1)
    assert summary.inner_text().endswith(f"기준선({trivial.f1:.4f})과 차이가 없습니다.")
    slider.press("End")
    tab.clock.run_for(400)
    assert "유해로 판정한 항목이 없어 Precision은 계산할 수 없습니다." in summary.inner_text()
    assert summary.inner_text().endswith(f"보다 {trivial.f1:.4f} 낮습니다.")
    tab.close()


PLACES = """() => {
  const plot = name => {
    const root = document.querySelector(`.harm-explorer [data-part="${name}"]`);
    const numbers = text => text.match(/-?[\\d.]+/g).map(Number);
    const moved = e => numbers(e.getAttribute("transform"));
    const marks = (kind, tag) => [...root.querySelectorAll(`.${kind} ${tag}`)];
    const [, , width] = numbers(marks("root", ".background")[0].getAttribute("d"));
    // Text stands 4 pixels below its tick.
    const ticks = [...root.querySelectorAll(".role-axis-label")[1].querySelectorAll("text")]
      .map(e => [moved(e)[1] - 4, Number(e.textContent.replace(",", ""))]);
    return {marks, numbers, moved, width, ticks};
  };
  const pr = plot("pr"), scores = plot("scores");
  const [[y0, v0], [y1, v1]] = [pr.ticks[0], pr.ticks.at(-1)];
  const value = ([x, y]) => [x / pr.width, v0 + (y - y0) / (y1 - y0) * (v1 - v0)];
  const point = kind => value(pr.moved(pr.marks(`${kind}_marks`, "path")[0]));
  const zero = scores.ticks.find(t => t[1] === 0), top = scores.ticks.at(-1);
  const path = name => pr.numbers(pr.marks(name, "path")[0].getAttribute("d").replaceAll("L", " "))
    .reduce((all, n, i) => (i % 2 ? all.at(-1).push(n) : all.push([n]), all), []).map(value);
  const counts = {};
  for (const bar of scores.marks("bar_marks", "path")) {
    const key = bar.getAttribute("fill") + (Number(bar.getAttribute("fill-opacity")) > 0.5);
    const [, , , height] = scores.numbers(bar.getAttribute("d"));
    counts[key] = (counts[key] ?? 0) + height / (zero[0] - top[0]) * top[1];
  }
  return {
    line: scores.moved(scores.marks("line_marks", "line")[0])[0] / scores.width,
    curve: path("curve_marks"), level: path("level_marks"),
    current: point("current"), operating: point("operating"), all: point("everything"),
    words: scores.marks("text_marks", "text").map(e => e.textContent),
    tp: counts["#D55E00true"] ?? 0, fn: counts["#D55E00false"] ?? 0,
    fp: counts["#0072B2true"] ?? 0, tn: counts["#0072B2false"] ?? 0,
  };
}"""


@needs_browser
@pytest.mark.parametrize(
    ("curve", "operating", "threshold"),
    [
        (("video", "model2", 2), 0.55, 0.2),
        (("video", "model2", 2), 0.55, 0.777),
        (("video", "model2", 1), 0.4, 0.51),
        (("image", "ends", 1), 0.0, 0.5),
    ],
)
def test_the_marks_of_the_plots_move_with_the_line(tab, curve, operating, threshold):
    choose(tab, *curve)
    part(tab, "number").fill(str(threshold))
    labels, p = items(*curve)
    row = sweep(labels, p, [threshold]).iloc[0]
    places = tab.evaluate(PLACES)
    table = sweep(labels, p, np.arange(STEPS + 1) / STEPS).query("tp + fp > 0")
    for at in table.iloc[::20].itertuples():
        assert np.abs(np.array(places["curve"]) - [at.recall, at.precision]).max(1).min() < 0.006
    steps = np.abs(np.diff(places["curve"], axis=0)).min(1)
    assert steps.max(initial=0) < 1e-3, "between two points of the curve lies no other, only a step"
    f1 = [2 * r * p / (r + p) for r, p in places["level"]]
    assert f1 == pytest.approx([2 * labels.mean() / (1 + labels.mean())] * len(f1), abs=0.003)
    assert places["line"] == pytest.approx(threshold, abs=0.004)
    assert places["current"] == pytest.approx([row["recall"], row["precision"]], abs=0.006)
    at = sweep(labels, p, [operating]).iloc[0]
    assert places["operating"] == pytest.approx([at["recall"], at["precision"]], abs=0.006)
    assert places["all"] == pytest.approx([1, labels.mean()], abs=0.006)
    assert places["words"] == [
        f"미탐 {row['fn']:,.0f}",
        f"찾음 {row['tp']:,.0f}",
        f"통과 {row['tn']:,.0f}",
        f"오탐 {row['fp']:,.0f}",
    ]
    for name in COUNTS:
        assert places[name] == pytest.approx(row[name], rel=1e-3, abs=0.01)


@needs_browser
def test_a_plot_without_a_current_point_keeps_the_others(tab):
    part(tab, "slider").press("End")
    kinds = ("everything", "operating", "current")
    marks = [part(tab, "pr").locator(f".{kind}_marks path").count() for kind in kinds]
    assert marks == [1, 1, 0]
    assert part(tab, "scores").locator(".bar_marks path[fill-opacity='0.95']").count() == 0


@needs_browser
def test_the_keyboard_is_enough(tab):
    """Tab reaches every control in the order of the page, visibly, and each answers to keys."""
    reached = []
    tab.locator("h1").click()
    for _ in range(8):
        tab.keyboard.press("Tab")
        outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        reached.append(tab.evaluate("document.activeElement.dataset.part"))
    assert reached == [
        "modality",
        "model",
        "epoch",
        "operating",
        "best",
        "number",
        "copy",
        "slider",
    ]
    for key in ("ArrowLeft", "PageDown", "Home"):
        tab.keyboard.press(key)
    assert shown(tab)["number"] == "0.000"
    for _ in range(3):
        tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Space")
    assert shown(tab)["number"] == "0.600"
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Enter")
    assert shown(tab)["number"] == "0.550"
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("ArrowUp")
    assert shown(tab)["epoch"] == "1"
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("ArrowDown")
    assert shown(tab)["model"] == "ties"


@needs_browser
def test_two_explorers_do_not_touch_each_other_nor_the_page(browser, page, tab):
    before = shown(tab, which=1)
    part(tab, "model").select_option("ties")
    assert shown(tab, which=1) == before
    part(tab, "number", which=1).fill("0.7")
    assert shown(tab)["number"] == "0.300"
    empty = browser.new_page()
    empty.goto(write_html("", page.with_name("empty.html"), "시험").as_uri())
    names = "Object.getOwnPropertyNames(window).filter(name => isNaN(name))"
    assert set(tab.evaluate(names)) == set(empty.evaluate(names))
    empty.close()


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(tab, scheme):
    from axe_playwright_python.sync_playwright import Axe

    tab.emulate_media(color_scheme=scheme)
    part(tab, "summary").filter(has_text="Threshold").wait_for()
    found = Axe().run(tab).response
    assert len(found["passes"]) > 20
    serious = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
    assert [(v["id"], v["nodes"][0]["html"]) for v in serious] == []


@needs_browser
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
    assert tab.evaluate(spilled) == []


@needs_browser
def test_plots_follow_light_dark_and_print(tab):
    colours = """() => [["axis-label text", "fill"], ["axis-grid line", "stroke"]]
      .map(([name, key]) => getComputedStyle(document.querySelector(".role-" + name))[key])"""
    light = tab.evaluate(colours)
    tab.emulate_media(color_scheme="dark")
    dark = tab.evaluate(colours)
    tab.emulate_media(color_scheme="dark", media="print")
    for a, b in ((light, dark), (dark, tab.evaluate(colours))):
        assert all(x != y for x, y in zip(a, b, strict=True))
    for name in ("slider", "number", "model", "copy", "best"):
        assert part(tab, name).is_hidden()
    assert "Model 2 · epoch 2 · threshold 0.550" in part(tab, "caption").inner_text()


@needs_browser
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
