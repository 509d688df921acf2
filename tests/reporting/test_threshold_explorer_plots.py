"""The plots of the threshold explorer as the browser draws them."""

import numpy as np
import pytest
from explorer_page import COUNTS, choose, items, part

from harmlib.analysis.thresholds import sweep
from harmlib.reporting.page.threshold_explorer_curves import STEPS

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
    threshold: scores.moved(scores.marks("threshold_marks", "line")[0])[0] / scores.width,
    stop: scores.moved(scores.marks("stop_marks", "line")[0])[0] / scores.width,
    curve: path("curve_marks"), level: path("level_marks"),
    current: point("current"), operating: point("operating"), baseline: point("baseline"),
    words: scores.marks("text_marks", "text").map(e => e.textContent),
    tp: counts["#D55E00true"] ?? 0, fn: counts["#D55E00false"] ?? 0,
    fp: counts["#0072B2true"] ?? 0, tn: counts["#0072B2false"] ?? 0,
  };
}"""


@pytest.mark.parametrize(
    ("curve", "operating", "threshold"),
    [
        (("video", "model2", 2), 0.55, 0.2),
        (("video", "model2", 2), 0.55, 0.777),
        (("video", "model2", 1), 0.4, 0.51),
        (("image", "ends", 1), 0.0, 0.5),
    ],
)
def test_the_marks_of_the_plots_move_with_the_threshold(tab, curve, operating, threshold):
    choose(tab, *curve)
    part(tab, "number").fill(str(threshold))
    labels, p = items(*curve)
    row = sweep(labels, p, [threshold]).iloc[0]
    places = tab.evaluate(PLACES)
    table = sweep(labels, p, np.arange(STEPS + 1) / STEPS).query("tp + fp > 0")
    for at in table.iloc[::20].itertuples():
        assert np.abs(np.array(places["curve"]) - [at.recall, at.precision]).max(1).min() < 0.006
    steps = np.abs(np.diff(places["curve"], axis=0)).min(1)
    assert len(places["curve"]) >= len(table.drop_duplicates(["tp", "fp"]))
    assert steps.max(initial=0) < 1e-3, "between two points of the curve lies no other, only a step"
    f1 = [2 * r * p / (r + p) for r, p in places["level"]]
    assert len(f1) == 61
    assert f1 == pytest.approx([2 * labels.mean() / (1 + labels.mean())] * len(f1), abs=0.003)
    assert places["threshold"] == pytest.approx(threshold, abs=0.004)
    assert places["stop"] == pytest.approx(operating, abs=0.004)
    assert places["current"] == pytest.approx([row["recall"], row["precision"]], abs=0.006)
    at = sweep(labels, p, [operating]).iloc[0]
    assert places["operating"] == pytest.approx([at["recall"], at["precision"]], abs=0.006)
    assert places["baseline"] == pytest.approx([1, labels.mean()], abs=0.006)
    assert places["words"] == [
        f"미탐 {row['fn']:,.0f}",
        f"찾음 {row['tp']:,.0f}",
        f"통과 {row['tn']:,.0f}",
        f"오탐 {row['fp']:,.0f}",
    ]
    for name in COUNTS:
        assert places[name] == pytest.approx(row[name], rel=1e-3, abs=0.01)


def test_a_plot_without_a_current_point_keeps_the_others(tab):
    part(tab, "slider").press("End")
    kinds = ("baseline", "operating", "current")
    marks = [part(tab, "pr").locator(f".{kind}_marks path").count() for kind in kinds]
    assert marks == [1, 1, 0]
    bars = part(tab, "scores").locator(".bar_marks path")
    assert bars.count() > 10
    assert bars.and_(tab.locator("[fill-opacity='0.25']")).count() == bars.count(), (
        "none is flagged"
    )


def test_plots_follow_light_dark_and_print(tab):
    colours = """() => [["axis-label text", "fill"], ["axis-grid line", "stroke"]]
      .map(([name, key]) => getComputedStyle(document.querySelector(".role-" + name))[key])"""
    light = tab.evaluate(colours)
    tab.emulate_media(color_scheme="dark")
    dark = tab.evaluate(colours)
    tab.emulate_media(color_scheme="dark", media="print")
    for a, b in ((light, dark), (dark, tab.evaluate(colours))):
        assert all(x != y for x, y in zip(a, b, strict=True))
    for name in ("slider", "number", "model", "goal", "copy"):
        assert part(tab, name).is_hidden()
    assert "Model 2 · epoch 2 · threshold 0.550" in part(tab, "caption").inner_text()


def click(tab, name, x, y):
    """Click at fractions of the plot's area, counted from its lower left."""
    part(tab, name).scroll_into_view_if_needed()
    area = part(tab, name).locator(".background").first.bounding_box()
    place = area["x"] + x * area["width"], area["y"] + (1 - y) * area["height"]
    tab.mouse.click(*place)


@pytest.mark.parametrize("width", [390, 1100])
def test_a_click_on_the_distribution_sets_the_threshold_there(tab, width):
    tab.set_viewport_size({"width": width, "height": 900})
    tab.wait_for_timeout(100)
    for x in (0.25, 0.8, 0.995):
        click(tab, "scores", x, 0.5)
        assert float(part(tab, "number").input_value()) == pytest.approx(x, abs=0.006)


def test_a_click_on_the_curve_sets_the_nearest_point(tab):
    choose(tab, "video", "ties", 1)
    labels, p = items("video", "ties", 1)
    table = sweep(labels, p, np.arange(STEPS + 1) / STEPS).query("tp + fp > 0")
    points = table.drop_duplicates(["tp", "fp"])
    lowest = np.floor((min(points["precision"].min(), labels.mean()) - 0.05) * 20) / 20
    for row in points.iloc[1:-1].itertuples():
        height = (row.precision - lowest) / (1 - lowest)
        click(tab, "pr", row.recall, height - 0.01 if height > 0.5 else height + 0.01)
        assert float(part(tab, "number").input_value()) == row.threshold
    assert len(points) > 6
