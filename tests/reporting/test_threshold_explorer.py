"""What the threshold explorer takes, and what it gives to the browser."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from explorer_page import IMAGE, OPERATING_POINTS, VALIDATION, many, operating_points, scores
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.thresholds import sweep
from harmlib.reporting.page.threshold_explorer import STEPS, _inline, drops, explorer_html

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
    """As threshold_explorer.js does it."""
    above = []
    for drop in encoded:
        if drop > 0:
            total -= drop
        above += [total] * max(-drop, 1)
    return above


def data_of(html):
    _, curves, _ = json.loads(BeautifulSoup(html, "html.parser").template.text)
    return curves


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


def test_a_threshold_between_two_steps_keeps_its_counts_and_says_its_step():
    curve = data_of(explorer_html(VALIDATION, OPERATING_POINTS).data)[3]
    exact = sweep([1] * 32, np.arange(32) / 32, [0.15627]).iloc[0]
    assert curve["operating_threshold"] == {
        "k": 156,
        "between": "0.15627",
        "tp": exact["tp"],
        "fp": exact["tp"],
    }
