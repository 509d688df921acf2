"""What the explorer chooses and expects, against harmlib.analysis on random scores."""

import numpy as np
import pandas as pd
import pytest
from browser import open_page
from explorer_page import many, operating_points, scores

from harmlib.analysis.baseline import baseline_row
from harmlib.analysis.choice import choose
from harmlib.analysis.prevalence import at_prevalence
from harmlib.analysis.rates import rate
from harmlib.analysis.thresholds import sweep
from harmlib.reporting.page.pages import write_html
from harmlib.reporting.page.threshold_explorer import explorer_html
from harmlib.reporting.page.threshold_explorer_curves import STEPS

GRID = np.arange(STEPS + 1) / STEPS
OPERATING = 0.4321
PRICES = [(5000, 1000, 0), (1, 40, 0), (9.5, 0, 0.5)]
SHARES = [None, 1, 37.5]
GOALS = [
    *[(goal, None) for goal in ("f1", "fbeta:2", "mcc", "youden")],
    *[("precision@recall>=", limit) for limit in (0.5, 0.95, 1)],
    *[("recall@precision>=", limit) for limit in (0.7, 0.95, 1)],
    *[("recall@flagged<=", limit) for limit in (0.01, 0.2, 0.75)],
    ("cost", None),
]
STATES = {
    "infeasible": "조건을 만족하는 threshold가 없습니다.",
    "one_class": "한 클래스의 항목뿐이어서 고를 수 없습니다.",
    "constant_scores": "모든 점수가 같아 고를 수 없습니다.",
}


def random_items(seed):
    """Scores that tell the classes apart, or don't; few or many, with ties, at the ends."""
    rng = np.random.default_rng(seed)
    labels, p = many(rng, int(rng.integers(3, 400)), decimals=rng.choice([1, 2, None]))
    if seed % 3 == 0:
        p = rng.random(len(p)).round(2)
    if seed % 5 == 0:
        p = np.where(rng.random(len(p)) < 0.3, rng.choice([0.0, 1.0]), p)
    return labels, p


ITEMS = {f"m{seed}": random_items(seed) for seed in range(8)}
ITEMS |= {"safe": (np.zeros(4, int), np.array([0.1, 0.5, 0.6, 0.9]))}
ITEMS |= {"same": (np.array([0, 1, 1]), np.full(3, 0.5))}

# Sets the fields as a person would, and reads what is shown: for every model and question one row.
ASK = """([models, questions]) => {
  const part = name => document.querySelector(`[data-part="${name}"]`);
  const set = (name, value, event) => {
    part(name).value = value;
    part(name).dispatchEvent(new Event(event, {bubbles: true}));
  };
  const shown = () => Object.fromEntries(
    [...document.querySelectorAll("[data-part]")]
      .map(e => [e.dataset.part, e.value || e.textContent]));
  return models.map(model => {
    set("model", model, "change");
    return questions.map(({goal, limit, share, prices}) => {
      ["miss", "alarm", "review"].forEach((name, i) => set(name, prices[i], "input"));
      set("prevalence", share ?? "", "input");
      set("goal", goal, "change");
      if (limit !== null) set("limit", limit, "input");
      return shown();
    });
  });
}"""


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    scored = pd.concat([scores(name, 1, *items) for name, items in ITEMS.items()])
    points = operating_points(*[(name, 1, OPERATING, np.nan, True) for name in ITEMS])
    html = explorer_html({"image": scored}, {"image": points}).data
    return write_html(html, tmp_path_factory.mktemp("goals") / "a.html", "시험").as_uri()


@pytest.fixture(scope="module")
def answers(browser, url):
    """(model, question, what the page shows then), for all of them."""
    questions = [
        {"goal": goal, "limit": limit, "share": share, "prices": prices}
        for goal, limit in GOALS
        for share in SHARES
        for prices in (PRICES if goal == "cost" else PRICES[:1])
    ]
    with open_page(browser, url) as tab:
        found = tab.evaluate(ASK, [list(ITEMS), questions])
    return [
        (model, question, shown)
        for model, rows in zip(ITEMS, found, strict=True)
        for question, shown in zip(questions, rows, strict=True)
    ]


def asked(model, question):
    """The choice of the analysis."""
    text = question["goal"]
    if question["limit"] is not None:
        text += f"{question['limit']}"
    if text == "cost":
        miss, alarm, review = question["prices"]
        text = f"cost:miss={miss},alarm={alarm}" + (f",review={review}" if review else "")
    share = None if question["share"] is None else question["share"] / 100
    return choose(*ITEMS[model], text, thresholds=GRID, prevalence=share)


def test_every_objective_chooses_what_the_analysis_chooses(answers):
    states = set()
    for model, question, shown in answers:
        choice = asked(model, question)
        states.add((choice.state, choice.above_baseline))
        says, where = shown["goal-words"], (model, question)
        if choice.threshold is None:
            assert shown["goal-stop"] == "목적: 없음", where
            assert says.endswith(STATES[choice.state]), where
            continue
        digits = ",.2f" if question["goal"] == "cost" else ".4f"
        assert shown["goal-stop"] == f"목적 {choice.threshold:.3f}", where
        assert shown["number"] == f"{choice.threshold:.3f}", "the threshold goes there"
        assert f"threshold {choice.threshold:.3f}," in says, where
        assert f" {choice.value:{digits}}" in says, where
        assert ("기준선보다 낫지 않으므로" in says) == (not choice.above_baseline), where
        if choice.baseline_value is None:
            assert "모두 유해로 판정하면 조건을 지키지 못합니다." in says, where
        else:
            assert f"모두 유해로 판정하면 {choice.baseline_value:{digits}}" in says, where
    assert len(states) == 5, "chosen above the baseline and not, and three reasons why not"


def test_rates_and_the_day_are_those_of_the_traffic(answers):
    for model, question, shown in answers:
        labels, p = ITEMS[model]
        share = None if question["share"] is None else question["share"] / 100
        choice = asked(model, question)
        at = sweep(labels, p, [OPERATING, float(shown["number"])])
        baseline = baseline_row(int(labels.sum()), int((1 - labels).sum()))
        lines = pd.concat([at, pd.DataFrame([baseline])[at.columns[1:]]]).reset_index(drop=True)
        lines = lines if share is None else at_prevalence(lines, share)
        by_threshold = dict(zip(at["threshold"], lines.to_dict("records"), strict=False))
        rows = {
            "operating": by_threshold[OPERATING],
            "current": by_threshold[float(shown["number"])],
            "baseline": lines.iloc[-1].to_dict(),
            "goal": choice.row,
        }
        for column, row in rows.items():
            check_day(shown, column, row, question["prices"])
        here = rows["current"]
        accuracy = rate("accuracy", [here[name] for name in ("tp", "fp", "fn", "tn")])
        expected = {
            "precision": f"{here['precision']:.4f}" if here["tp"] + here["fp"] else "–",
            "f1": f"{here['f1']:.4f}" if here["tp"] + here["fp"] + here["fn"] else "–",
            "accuracy": f"{float(accuracy):.4f}",
            "share": f"{here['flagged_share']:.1%}",
        }
        assert {name: shown[name] for name in expected} == expected, (model, question)


def check_day(shown, column, row, prices):
    if row is None:
        assert {shown[f"day-{name}-{column}"] for name in ("tp", "fp", "fn", "cost")} == {"–"}
        return
    a_day = 10_000 / sum(row[name] for name in ("tp", "fp", "fn", "tn"))
    day = {name: row[name] * a_day for name in ("tp", "fp", "fn")}
    day["flagged"] = day["tp"] + day["fp"]
    for name, value in day.items():
        text = shown[f"day-{name}-{column}"]
        # Halves and sums of fractions may round either way in the last digit.
        assert abs(float(text.replace(",", "")) - value) < (0.051 if value < 100 else 0.501)
        assert abs(value - 100) < 1e-9 or ("." in text) == (value < 100)
    cost = prices[0] * day["fn"] + prices[1] * day["fp"] + prices[2] * day["flagged"]
    assert float(shown[f"day-cost-{column}"].replace(",", "")) == pytest.approx(cost, abs=0.51)


def test_the_curve_is_drawn_at_the_share_of_the_traffic(browser, url):
    curve = "document.querySelector('.curve_marks path').getAttribute('d')"
    with open_page(browser, url) as tab:
        as_it_is = tab.evaluate(curve)
        tab.locator("[data-part=prevalence]").fill("1")
        words = tab.locator("[data-part=pr-words]").get_attribute("aria-label")
        assert "모두 유해로 판정하면 Precision 0.0100" in words
        tab.wait_for_function(f"before => {curve} !== before", arg=as_it_is)
        tab.locator("[data-part=prevalence]").fill("")
        tab.wait_for_function(f"before => {curve} === before", arg=as_it_is)


def test_only_the_objective_and_its_terms_move_the_threshold(browser, url):
    with open_page(browser, url) as tab:
        part = {n: tab.locator(f"[data-part={n}]") for n in
                ("number", "goal", "limit", "prevalence", "miss", "day", "goal-stop")}  # fmt: skip
        part["number"].fill("0.123")
        for name, value in [("prevalence", "3"), ("miss", "70"), ("day", "50")]:
            part[name].fill(value)
        assert part["number"].input_value() == "0.123"
        assert part["limit"].is_hidden()
        part["goal"].select_option("recall@flagged<=")
        followed = part["number"].input_value()
        assert part["goal-stop"].inner_text() == f"목적 {followed}" != "목적 0.123"
        part["limit"].fill("0.1")
        assert part["goal-stop"].inner_text() == f"목적 {part['number'].input_value()}"
        assert part["number"].input_value() > followed


def test_fields_keep_what_holds_and_prices_that_make_no_sense_are_named(browser, url):
    with open_page(browser, url) as tab:
        prevalence, miss = (tab.locator(f"[data-part={n}]") for n in ("prevalence", "miss"))
        prevalence.fill("5")
        prevalence.fill("250")
        prevalence.press("Tab")
        assert prevalence.input_value() == "5"
        tab.locator("[data-part=goal]").select_option("cost")
        miss.fill("0")
        words = tab.locator("[data-part=goal-words]")
        assert words.inner_text().startswith("비용 최소: 미탐은 검토보다 비싸야 하고")
        assert tab.locator("[data-part=copy-policy]").is_disabled()


def test_no_threshold_is_called_the_optimum(browser, url):
    """A model with one fixed threshold has none, and what is chosen here is the best of a grid."""
    with open_page(browser, url) as tab:
        assert "최적" not in tab.content()
