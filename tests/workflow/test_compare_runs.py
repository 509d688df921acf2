import copy
import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from two_languages import differences, english_words, in_both

from harmlib.analysis.paired import paired_difference
from harmlib.workflow.compare_runs import (
    ABSENT,
    RecordedRun,
    changed_keys,
    compare_runs,
    figure_changes,
    manifest_changes,
    paired_f1,
)
from harmlib.workflow.compare_runs_text import format_changes

N = 40


def make_run(name="a", seed=0, threshold=0.5, noise=0.3):
    """One model on N test and N validation videos, four of a group; epoch 2 is chosen."""
    rng = np.random.default_rng(seed)
    label = np.tile([1, 1, 0, 1], N // 2)
    manifest = pd.DataFrame(
        {
            "item_id": [f"v{i:03d}.mp4" for i in range(2 * N)],
            "modality": "video",
            "label": label,
            "group": [f"g{i // 4}" for i in range(2 * N)],
            "split": ["val"] * N + ["test"] * N,
            "sha256": [f"{i:064x}" for i in range(2 * N)],
        }
    )
    scores = pd.concat(
        manifest[["modality", "item_id", "label", "split"]].assign(
            variant="model4",
            fold=fold,
            epoch=epoch,
            probability=np.clip(label * 0.4 + 0.3 + rng.normal(0, noise, 2 * N), 0, 1),
        )
        for fold in (-1, 0)  # scores of folds are no business of the saved classifier's
        for epoch in (1, 2)
    )
    test = {"precision": 0.9, "recall": 0.8, "f1": 0.85, "average_precision": 0.9, "roc_auc": None}
    about = {
        "params": {"run": name, "seed": 1, "reports": name, "artifacts": name, "data": {"n": [1]}},
        "weights": [{"modality": "video", "backbone": "clip", "weights": "x", "items": 3}],
        "versions": {"torch": "2"},
        "machine": "m",
        "commit": "c" * 40 + "+",
        "device": "CPU",
    }
    models = {
        "model4": {
            "epoch": 2,
            "operating_threshold": threshold,
            "validation": {},
            "test": test,
        },
        "baseline": {"test": test},
    }
    metrics = {"schema_version": 2, "run": name, "modalities": {"video": models}}
    return RecordedRun(name, about, metrics, manifest, scores)


def altered(run, part, change):
    value = copy.deepcopy(getattr(run, part))
    changed = change(value)
    return dataclasses.replace(run, **{part: value if changed is None else changed})


def test_a_run_and_itself_differ_in_nothing_but_the_name():
    changes = compare_runs(make_run("a"), make_run("b"))
    for table in ("data", "params", "weights", "environment"):
        assert getattr(changes, table).empty, table
    assert (changes.figures["difference"].dropna() == 0).all()
    assert changes.paired["verdict"].tolist() == ["same"]
    assert changes.paired["common"].tolist() == [N]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ({}, {}, []),
        ({"x": {"y": 1}}, {"x": {"y": 2}}, [("x.y", 1, 2)]),
        ({"x": [1, 2]}, {"x": [1, 3]}, [("x", [1, 2], [1, 3])]),
        ({"x": None}, {}, [("x", None, ABSENT)]),
        ({}, {"x": {"y": None}}, [("x.y", ABSENT, None)]),
        ({"x": {"y": 1}}, {"x": None}, [("x.y", 1, ABSENT), ("x", ABSENT, None)]),
        ({"b": 1, "a": 1}, {"a": 2, "b": 2}, [("b", 1, 2), ("a", 1, 2)]),
    ],
)
def test_changed_keys(a, b, expected):
    assert list(changed_keys(a, b).itertuples(index=False, name=None)) == expected


@pytest.mark.parametrize(
    ("part", "change", "table", "key"),
    [
        ("about", lambda d: d["params"].update(seed=2), "params", "seed"),
        ("about", lambda d: d["params"]["data"].update(n=[2]), "params", "data.n"),
        ("about", lambda d: d["weights"][0].update(weights="y"), "weights", "video.clip.weights"),
        ("about", lambda d: d["versions"].update(torch="3"), "environment", "versions.torch"),
        ("about", lambda d: d.update(device="GPU"), "environment", "device"),
        ("about", lambda d: d.pop("commit") and None, "environment", "commit"),
    ],
)
def test_a_change_stands_in_its_own_table_only(part, change, table, key):
    changes = compare_runs(make_run(), altered(make_run(), part, change))
    assert getattr(changes, table)["key"].tolist() == [key]
    others = {"data", "params", "weights", "environment"} - {table}
    assert all(getattr(changes, other).empty for other in others)


@pytest.mark.parametrize(
    ("change", "kinds", "values"),
    [
        (lambda m: m.drop(index=3), ["removed"], (None, None)),
        (lambda m: m.replace({"item_id": {"v003.mp4": "new"}}), ["removed", "added"], None),
        (lambda m: m.assign(split=m["split"].where(m.index != 3, "test")), ["split"],
         ("val", "test")),
        (lambda m: m.assign(label=m["label"].where(m.index != 3, 0)), ["label"], (1, 0)),
        (lambda m: m.assign(group=m["group"].where(m.index != 3, "z")), ["group"], ("g0", "z")),
        (lambda m: m.assign(sha256=m["sha256"].where(m.index != 3, "z")), ["sha256"], None),
        (lambda m: m.sample(frac=1, random_state=0), [], None),
    ],
)  # fmt: skip
def test_manifest_changes(change, kinds, values):
    manifest = make_run().manifest
    found = manifest_changes(manifest, change(manifest))
    assert found["change"].tolist() == kinds
    if values:
        assert tuple(found.loc[0, ["a", "b"]]) == values
        assert isinstance(found.loc[0, "a"], type(values[0])), "a label stays an integer"


def test_figures_are_b_minus_a_and_missing_ones_stay_missing():
    a, b = make_run(), make_run(threshold=0.25)
    b.metrics["modalities"]["video"]["mine"] = b.metrics["modalities"]["video"]["model4"]
    table = figure_changes(a.metrics, b.metrics).set_index(["variant", "figure"])
    assert table.loc[("model4", "operating_threshold"), "difference"] == -0.25
    assert np.isnan(table.loc[("model4", "roc_auc"), "difference"])
    assert table.loc["mine", "a"].isna().all()
    assert table.loc[("mine", "f1"), "b"] == 0.85
    assert ("baseline", "operating_threshold") not in table.index


def test_the_pair_is_that_of_paired_difference_on_the_chosen_epochs():
    a, b = make_run(), make_run(seed=1, threshold=0.6)
    row = paired_f1(a, b).iloc[0]
    columns = [run.scores.query("fold == -1 and epoch == 2 and split == 'test'") for run in (a, b)]
    expected = paired_difference(
        columns[0]["label"].to_numpy(),
        columns[0]["probability"].to_numpy(), 0.5,
        columns[1]["probability"].to_numpy(), 0.6,
        a.manifest["group"].to_numpy()[N:],
    ).set_index("metric").loc["f1"]  # fmt: skip
    for name, other in (("f1_a", "a"), ("f1_b", "b"), ("low", "low"), ("high", "high")):
        assert row[name] == expected[other]
    assert row["difference"] == row["f1_b"] - row["f1_a"]


@pytest.mark.parametrize(
    ("noise", "threshold", "verdict"),
    [(0.3, 0.5, "same"), (0.3, 0.56, "noise"), (0.01, 0.99, "change")],
)
def test_the_verdict_follows_the_interval(noise, threshold, verdict):
    a = make_run(noise=noise)
    row = paired_f1(a, make_run(noise=noise, threshold=threshold)).iloc[0]
    assert row["verdict"] == verdict
    assert (row["low"] <= 0 <= row["high"]) == (verdict != "change")


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.assign(sha256=m["sha256"].where(m.index != N, "z")),
        lambda m: m.assign(item_id=m["item_id"].where(m.index != N, "z")),
    ],
)
def test_only_the_same_items_are_paired(change):
    b = altered(make_run(), "manifest", change)
    b = altered(b, "scores", lambda s: s.replace({"item_id": {f"v{N:03d}.mp4": "z"}})
                if "z" in set(b.manifest["item_id"]) else None)  # fmt: skip
    row = paired_f1(make_run(), b).iloc[0]
    assert (row["items_a"], row["items_b"], row["common"]) == (N, N, N - 1)


def test_an_item_with_another_label_is_not_the_same():
    b = altered(make_run(), "scores", lambda s: s.assign(
        label=s["label"].where(s["item_id"] != f"v{N:03d}.mp4", 0)))  # fmt: skip
    assert paired_f1(make_run(), b).iloc[0]["common"] == N - 1


@pytest.mark.parametrize(
    ("keep", "reason"),
    [
        (lambda rows: rows["label"] == 1, "10 groups hold a harmful item and 0 a safe one; an"),
        (
            lambda rows: rows["item_id"].between(f"v{N:03d}", f"v{N + 16:03d}"),
            "4 groups hold a harmful item and 4 a safe one; an interval needs 5 of each",
        ),
        (lambda rows: rows["item_id"] == "none", "no test item is the same in both"),
    ],
)
def test_without_an_interval_the_reason_is_told(keep, reason):
    b = altered(make_run(), "scores", lambda scores: scores[keep(scores)])
    changes = compare_runs(make_run(), b)
    assert changes.paired.iloc[0]["verdict"] == "unknown"
    assert reason in changes.paired.iloc[0]["reason"]
    assert reason in format_changes(changes)
    assert changes.paired.iloc[0].get("low") is None or np.isnan(changes.paired.iloc[0]["low"])


def test_without_an_interval_the_values_are_told_and_no_verdict():
    """A change that would be one in ten groups is unknown in one."""
    a, b = (altered(make_run(noise=0.01, threshold=t), "manifest", lambda m: m.assign(group="one"))
            for t in (0.5, 0.99))  # fmt: skip
    row = paired_f1(a, b).iloc[0]
    assert row["verdict"] == "unknown"
    assert row["difference"] == row["f1_b"] - row["f1_a"] != 0
    assert np.isnan([row["low"], row["high"]]).all()


def test_the_text_says_everything_in_the_order_of_the_questions():
    b = make_run("b", noise=0.01, threshold=0.99)
    b.about["params"]["seed"] = 7
    b.about["commit"] = "d" * 40
    a = altered(make_run("a", noise=0.01), "manifest", lambda m: m.drop(index=3))
    b.metrics["modalities"]["video"]["mine"] = b.metrics["modalities"]["video"]["model4"]
    text = format_changes(compare_runs(a, b))
    expected = [
        "A  a",
        "B  b",
        f"Data: {2 * N - 1} -> {2 * N} items",
        "1 video(s) only in B: v003.mp4",
        "Parameters: 1 changed",
        "seed: 1 -> 7",
        "Weights of the backbones: the same",
        "commit: cccccccccccc…+ -> dddddddddddd…",
        "threshold   0.5000 -> 0.9900  +0.4900",
        "epoch            2 ->      2       +0",
        f"F1 on {N} common test items (A has {N}, B {N}): -",
        "more than noise",
        "baseline (everything flagged): the same",
        "mine: only in B",
    ]
    places = [text.index(line) for line in expected]
    assert places == sorted(places)


def test_the_text_is_in_both_languages():
    b = make_run("b", noise=0.01, threshold=0.99)
    b.about["params"]["seed"] = 7
    b.metrics["modalities"]["video"]["mine"] = b.metrics["modalities"]["video"]["model4"]
    a = altered(make_run("a", noise=0.01), "manifest", lambda m: m.drop(index=3))
    for changes in (compare_runs(a, b), compare_runs(a, a)):
        english, korean = in_both(lambda changes=changes: format_changes(changes))
        assert not differences(english, korean)
        assert not english_words(korean)


def test_several_variants_bring_a_warning_of_chance():
    changes = compare_runs(make_run(noise=0.01), make_run(noise=0.01, threshold=0.99))
    both = pd.concat([changes.paired, changes.paired.assign(variant="other")])
    warning = "of many, some exclude 0 by chance"
    assert warning not in format_changes(changes)
    assert warning in format_changes(dataclasses.replace(changes, paired=both))
    noise = both.assign(verdict="noise")
    assert warning not in format_changes(dataclasses.replace(changes, paired=noise))


def test_a_long_list_of_items_is_cut():
    a = make_run()
    b = altered(a, "manifest", lambda m: m.assign(group="one"))
    text = format_changes(compare_runs(a, b))
    assert f"{2 * N} video(s) with another group: v000.mp4 (g0 -> one)" in text
    assert "v002.mp4 (g0 -> one), …" in text
    assert "v003.mp4" not in text


def test_the_document_is_plain_json_with_null_for_what_is_missing():
    b = altered(make_run(), "scores", lambda s: s[s["item_id"] == "none"])
    document = json.loads(json.dumps(compare_runs(make_run(), b).to_document(), allow_nan=False))
    assert document["paired"][0]["low"] is None
    assert document["items"] == [2 * N, 2 * N]
    assert {row["figure"] for row in document["figures"]} >= {"operating_threshold", "f1"}
