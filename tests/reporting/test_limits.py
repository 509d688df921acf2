"""Limits and next steps: each sentence follows from a table and leads to what shows it."""

import re

import pandas as pd
import pytest

from harmlib.language import languages
from harmlib.reporting.text import limits
from harmlib.reporting.text.parts import EXPLANATIONS, TITLES

NAN = float("nan")


def points(edges, state="ok"):
    return pd.DataFrame({"variant": "model4", "at_grid_edge": edges, "state": state})


def every_sentence():
    edge = {"video": points(["low", ""]), "image": points([""], "constant_scores")}
    changes = {"video": pd.DataFrame({"variant": ["model4"], "verdict": "noise"})}
    weak = pd.DataFrame({"variant": ["model2"], "corrected_low": [-0.1]})
    return [
        limits.untrained_backbones(pd.DataFrame({"weights": ["untrained (seed 0)"]}), "YOLO."),
        *limits.grid_limits(edge),
        limits.unstable_epochs(changes),
        limits.no_better_than_baseline(weak, "video"),
        limits.size_of_test({"video": pd.DataFrame({"n": [36]})}),
        limits.upkeep(),
    ]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_sentence_leads_to_a_part_of_the_page(language):
    with languages(page=language):
        said = every_sentence()
    anchors = [re.findall(r"\]\(#([\w-]+)\)$", sentence) for sentence in said]
    assert all(anchors)
    assert {name for (name,) in anchors} <= set(TITLES)


def test_edges_are_counted_for_each_model_and_constant_scores_named():
    edge, constant = limits.grid_limits(
        {"video": points(["low", ""]), "image": points([""], "constant_scores")}
    )
    assert "비디오 Model 4 2개 epoch 중 1개" in edge
    assert "이미지" not in edge
    assert "(이미지 Model 4)" in constant


def test_what_is_well_is_no_limit():
    trained = pd.DataFrame({"weights": ["pretrained"]})
    moved = {"video": pd.DataFrame({"variant": ["model4"], "verdict": "moved"})}
    better = pd.DataFrame({"variant": ["model2"], "corrected_low": [0.01]})
    assert limits.untrained_backbones(trained, "x") == ""
    assert limits.grid_limits({"video": points(["", ""])}) == []
    assert limits.unstable_epochs(moved) == ""
    assert limits.no_better_than_baseline(better, "video") == ""


@pytest.mark.parametrize("low", [-0.1, 0.0, NAN])
def test_what_is_not_told_from_the_baseline_is_a_limit(low):
    table = pd.DataFrame({"variant": ["model3", "model4"], "corrected_low": [0.1, low]})
    text = limits.no_better_than_baseline(table, "video")
    assert text.startswith("비디오 Model 4는")


@pytest.mark.parametrize("verdict", ["noise", "unknown"])
def test_changes_that_may_be_chance_are_a_limit(verdict):
    text = limits.unstable_epochs(
        {"video": pd.DataFrame({"variant": ["model4"], "verdict": verdict})}
    )
    assert "(비디오 Model 4)" in text


def test_unusable_files_are_counted():
    manifest = pd.DataFrame({"item_id": ["a"]})
    text = limits.unusable_files(manifest, pd.DataFrame({"path": ["x", "y"]}))
    assert "쓰지 못한 파일은 2개" in text


def test_what_is_explained_has_a_heading():
    assert set(EXPLANATIONS) <= set(TITLES)
