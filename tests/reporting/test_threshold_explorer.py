"""What the threshold explorer takes, and what it gives to the browser."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from explorer_page import IMAGE, OPERATING_POINTS, VALIDATION, many, operating_points, scores
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.thresholds import sweep
from harmlib.language import languages
from harmlib.params.policies import Costs, Volume
from harmlib.reporting.page import threshold_explorer
from harmlib.reporting.page.threshold_explorer import _inline, explorer_html
from harmlib.reporting.page.threshold_explorer_curves import STEPS, drops
from harmlib.reporting.page.threshold_explorer_texts import script_words
from harmlib.reporting.text.korean import MODALITY

SCORED, POINTS = VALIDATION["image"], OPERATING_POINTS["image"]


@pytest.mark.parametrize(
    ("scored", "points", "message"),
    [
        (SCORED.drop(columns="label"), POINTS, r"validation\['image'\] lacks .*\['label'\]"),
        (
            SCORED,
            POINTS.drop(columns="chosen"),
            r"operating_points\['image'\] lacks .*\['chosen'\]",
        ),
        (SCORED.assign(split="test"), POINTS, "another split than 'val'"),
        (SCORED[SCORED["variant"] != "ends"], POINTS, r"same epochs; check \[\('ends', 1\)\]"),
        (SCORED, POINTS.iloc[[0, 1, 2, 2]], "check repeated rows of operating_points"),
        (SCORED, POINTS.assign(chosen=False), "choose one epoch per variant, got {'constant': 0"),
        (SCORED.assign(probability=1.5), POINTS, "probabilities from 1.5 to 1.5: .* from 0 to 1"),
        (SCORED.assign(probability=np.nan), POINTS, "not finite"),
        (SCORED, POINTS.assign(threshold=1.2), r"constant epoch 1 has threshold 1\.2: give 0 to 1"),
        (SCORED, POINTS.assign(threshold=np.nan), "constant epoch 1 has threshold nan"),
    ],
)
def test_what_does_not_fit_is_refused(scored, points, message):
    with pytest.raises(ValueError, match=message):
        explorer_html({"image": scored}, {"image": points})


@pytest.mark.parametrize("validation", [{}, VALIDATION])
def test_both_tables_have_the_same_modalities(validation):
    with pytest.raises(ValueError, match=r"has the modalities \[.*\], operating_points has"):
        explorer_html(validation, IMAGE if validation else {})


def decode(encoded, total):
    """As threshold_rates.js does it."""
    above = []
    for drop in encoded:
        if drop > 0:
            total -= drop
        above += [total] * max(-drop, 1)
    return above


def data_of(html):
    _, curves, _, _ = json.loads(BeautifulSoup(html, "html.parser").template.text)
    return curves


probabilities = st.one_of(st.integers(0, 1000).map(lambda k: k / 1000), st.floats(0, 1))


@settings(max_examples=60)
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
    at = operating_points(*[("model3", epoch, 0.5, 0.4, epoch == 1) for epoch in (1, 2, 3)])
    curves = data_of(explorer_html({"video": scored}, {"video": at}).data)
    assert len(json.dumps(curves)) / 3 * 39 < 300_000
    few = scored.groupby("epoch").head(40)
    small = data_of(explorer_html({"video": few}, {"video": at}).data)
    assert len(json.dumps(small)) / 3 * 39 < 50_000


def test_the_fragment_is_whole_and_quotes_what_could_end_it():
    validation = {"image": VALIDATION["image"].replace("ends", "</script><b>")}
    at = {"image": OPERATING_POINTS["image"].replace("ends", "</script><b>")}
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
    soup = BeautifulSoup(explorer_html(VALIDATION, OPERATING_POINTS).data, "html.parser")
    assert not re.search("[가-힣]", soup.script.string)


def test_a_threshold_between_two_steps_keeps_its_counts():
    curve = data_of(explorer_html(VALIDATION, OPERATING_POINTS).data)[3]
    exact = sweep([1] * 32, np.arange(32) / 32, [0.15627]).iloc[0]
    assert curve["operating_threshold"] == {
        "k": 156,
        "between": "0.1563",
        "tp": exact["tp"],
        "fp": exact["tp"],
    }


def test_it_begins_with_the_model_that_is_best_on_validation_or_was_named():
    """Each model's F1 is that of its saved epoch at its operating threshold."""
    good, bad = [0.9, 0.2, 0.7, 0.1], [0.9, 0.8, 0.7, 0.1]
    shown = {("first", 1): bad, ("first", 2): good, ("better", 1): good, ("better", 2): bad}
    scored = pd.concat([scores(*key, [1, 0, 1, 0], p) for key, p in shown.items()])
    points = operating_points(*[(*key, 0.5, 0.5, key[1] == 1) for key in shown])

    def begins_with(**options):
        curves = data_of(explorer_html({"image": scored}, {"image": points}, **options).data)
        return [(c["model"], c["epoch"]) for c in curves if c.get("recommended")]

    assert begins_with() == [("better", 1)]
    assert begins_with(recommended={"image": "first"}) == [("first", 1)]
    with pytest.raises(ValueError, match=r"recommended 'none' of 'image' is none of \['first'"):
        begins_with(recommended={"image": "none"})


def test_prices_traffic_and_volume_come_from_the_params():
    params = SimpleNamespace(
        costs=Costs(miss=7, false_alarm=2, review=1, unit="분"),
        volume=Volume(items_per_hour=50),
        prevalence_of={"image": 0.007}.get,
    )
    html = explorer_html({"image": SCORED}, {"image": POINTS}, params).data
    settings = json.loads(BeautifulSoup(html, "html.parser").template.text)[3]
    assert settings["amounts"] == {"day": 1200, "miss": 7, "alarm": 2, "review": 1}
    assert settings["unit"] == "분"
    assert "비용(분)" in html
    assert settings["prevalence"] == {"image": 0.7}


def test_a_page_in_english_has_no_hangul():
    with languages(page="en"):
        soup = BeautifulSoup(explorer_html({"image": SCORED}, IMAGE).data, "html.parser")
    soup.script.decompose()
    assert soup.section["lang"] == "en"
    hangul = set(re.findall("[가-힣]+", str(soup)))
    assert hangul <= {MODALITY["image"]}
    assert "KRW" in str(soup)


def test_every_text_of_the_scripts_is_there():
    """Keys that they name, and those that they compose."""
    folder = Path(threshold_explorer.__file__).parent
    script = "".join(p.read_text(encoding="utf-8") for p in folder.glob("threshold_*.js"))
    words = script_words(["image"])
    named = set(re.findall(r'say\("(\w+)"|words\.(\w+)', script))
    assert {a or b for a, b in named} - {"section", "goals", "measures", "states"} <= set(words)
    for goal in re.findall(r'^  "?([\w:@><=]+)"?: \{', script, flags=re.MULTILINE):
        assert goal in words["goals"], goal
        assert goal in words["measures"], goal
    for state in re.findall(r'none\("(\w+)"\)', script):
        assert state in words["states"], state
    for kind in ("found", "alarms"):
        assert {f"{kind}{end}" for end in ("", "_all", "_none", "_no_items")} <= set(words)
