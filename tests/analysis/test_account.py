"""Files in = files used + ledger; and what the lost files could have done to the figures."""

from itertools import product

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.account import (
    BOUNDED,
    AccountError,
    account,
    check_sum,
    count_listed,
    lost_bounds,
    lost_files,
    worst_and_best,
)

FATES = (
    "train",
    "val",
    "test",
    "unusable",
    "left_out",
    "failed_train",
    "failed_val",
    "failed_test",
)


def run_of(fates, modality="video"):
    """Listed files, manifest, ledger and scores of files with these (fate, label)."""
    names = [f"{i}\n<b>.mp4" for i in range(len(fates))]
    listed = pd.DataFrame(
        {"path": names, "label": ["harmful" if label else "safe" for _, label in fates]}
    )
    kept = [(n, f, label) for n, (f, label) in zip(names, fates, strict=True)
            if f not in ("unusable", "left_out")]  # fmt: skip
    manifest = pd.DataFrame(
        {"item_id": [n for n, *_ in kept], "path": [f"/data/{n}" for n, *_ in kept],
         "modality": modality, "label": [label for *_, label in kept],
         "split": [f.removeprefix("failed_") for _, f, _ in kept]}
    )  # fmt: skip
    reasons = {"unusable": "empty file", "left_out": "left out to reach harmful:safe 1.0:1"}
    rows = [
        (n if f in reasons else f"/data/{n}", "harmful" if label else "safe", modality,
         "data" if f in reasons else "extract", reasons.get(f, "damaged"))
        for n, (f, label) in zip(names, fates, strict=True) if f in reasons or "failed" in f
    ]  # fmt: skip
    ledger = pd.DataFrame(rows, columns=["path", "label", "modality", "step", "reason"])
    scored = manifest[
        manifest["split"].isin(["val", "test"]) & ~manifest["path"].isin(ledger["path"])
    ]
    scores = pd.concat([scored[["item_id", "split"]].assign(variant=v, epoch=e)
                        for v, e in product(("a", "b"), (1, 2))])  # fmt: skip
    return listed, manifest, ledger, scores


FILES = st.lists(st.tuples(st.sampled_from(FATES), st.integers(0, 1)), max_size=30)


@settings(max_examples=30)
@given(FILES)
def test_every_file_is_counted_once_whatever_became_of_it(fates):
    listed, manifest, ledger, scores = run_of(fates)
    counted = count_listed({"video": listed}, manifest, ledger[ledger["step"] == "data"])
    table = account(counted, manifest, ledger, {"video": scores})
    assert table["files"].sum() == len(fates)
    parts = table[["left_out", "unusable", "failed", "used"]].sum(axis=1)
    assert (parts == table["files"]).all()
    for label in (0, 1):
        own = table[table["label"] == label].set_index("split")
        for split in ("train", "val", "test"):
            assert own.loc[split, "used"] == fates.count((split, label))
            assert own.loc[split, "failed"] == fates.count((f"failed_{split}", label))
        assert own.loc["unknown", "unusable"] == fates.count(("unusable", label))
        assert own.loc["unknown", "left_out"] == fates.count(("left_out", label))
        lost = lost_files(table, "video", only_test=False)[0 if label else 1]
        assert lost == fates.count(("unusable", label)) + fates.count(("failed_test", label))


@settings(max_examples=30)
@given(FILES.filter(bool), st.data())
def test_one_row_more_or_less_anywhere_is_named(fates, data):
    listed, manifest, ledger, _ = run_of(fates)
    early = ledger[ledger["step"] == "data"]
    which = data.draw(st.integers(0, len(fates) - 1))
    name = listed["path"][which]
    is_used = name in set(manifest["item_id"])
    gone_m, gone_l = manifest[manifest["item_id"] != name], early[early["path"] != name]
    with pytest.raises(AccountError, match="nowhere: ") as refused:
        count_listed({"video": listed}, gone_m, gone_l)
    assert ascii(name) in str(refused.value)
    with pytest.raises(AccountError, match="used more than once, or never there: "):
        count_listed({"video": listed.drop(which)}, manifest, early)
    both = pd.concat([early, pd.DataFrame({"path": [name], "modality": ["video"]})])
    if is_used:
        with pytest.raises(AccountError, match="both used and in the ledger: "):
            count_listed({"video": listed}, manifest, both)


def test_a_message_is_one_line_and_names_a_few():
    with pytest.raises(AccountError) as refused:
        check_sum([f"{i}\n" for i in range(1000)], [], [], "files")
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith("and 995 more")


@pytest.fixture
def run():
    return run_of([(fate, label) for fate in FATES for label in (0, 1) for _ in range(2)])


def test_an_item_without_a_score_is_named(run):
    listed, manifest, ledger, scores = run
    counted = count_listed({"video": listed}, manifest, ledger[ledger["step"] == "data"])
    spoilt = scores.drop(scores.index[0])
    item = scores["item_id"].iloc[0]
    with pytest.raises(
        AccountError, match=r"videos that . was to score at epoch .*nowhere"
    ) as refused:
        account(counted, manifest, ledger, {"video": spoilt})
    assert ascii(item) in str(refused.value)


def test_a_ledger_row_of_no_file_is_named(run):
    listed, manifest, ledger, scores = run
    counted = count_listed({"video": listed}, manifest, ledger[ledger["step"] == "data"])
    more = pd.concat([ledger, ledger[ledger["step"] == "extract"].head(1).assign(path="/x.mp4")])
    with pytest.raises(AccountError, match=r"never there: '/x\.mp4'"):
        account(counted, manifest, more, {"video": scores})
    with pytest.raises(AccountError, match="were listed, but"):
        account(counted, manifest, ledger.drop(ledger[ledger["step"] == "data"].index[:1]),
                {"video": scores})  # fmt: skip


def figures(pairs):
    tp, fp, fn, tn = (pairs.count(p) for p in ((1, 1), (0, 1), (1, 0), (0, 0)))
    share = lambda a, b: a / b if b else float("nan")  # noqa: E731
    return dict(zip(BOUNDED, (share(tp, tp + fn), share(tp, tp + fp),
                              share(2 * tp, 2 * tp + fp + fn),
                              share(tp + tn, tp + fp + fn + tn)), strict=True))  # fmt: skip


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=8),
    st.lists(st.integers(0, 1), max_size=5),
)
def test_no_judging_of_the_lost_leaves_the_bounds(judged, lost):
    pairs = {"tp": (1, 1), "fp": (0, 1), "fn": (1, 0), "tn": (0, 0)}
    counts = {name: judged.count(pair) for name, pair in pairs.items()}
    bounds = worst_and_best(counts, lost.count(1), lost.count(0)).set_index("metric")
    wrong = [(label, 1 - label) for label in lost]
    right = [(label, label) for label in lost]
    for metric in BOUNDED:
        assert bounds.loc[metric, "value"] == pytest.approx(figures(judged)[metric], nan_ok=True)
        assert bounds.loc[metric, "low"] == pytest.approx(
            figures(judged + wrong)[metric], nan_ok=True
        )
        assert bounds.loc[metric, "high"] == pytest.approx(
            figures(judged + right)[metric], nan_ok=True
        )
    for said in product((0, 1), repeat=len(lost)):
        got = figures(judged + list(zip(lost, said, strict=True)))
        for metric in BOUNDED:
            low, value, high = bounds.loc[metric, ["low", "value", "high"]]
            if value == value and got[metric] == got[metric]:
                assert min(low, value) - 1e-12 <= got[metric] <= max(high, value) + 1e-12


def test_bounds_are_given_for_what_was_lost_and_nothing_else(run):
    listed, manifest, ledger, scores = run
    counted = count_listed({"video": listed}, manifest, ledger[ledger["step"] == "data"])
    table = account(counted, manifest, ledger, {"video": scores})
    test = pd.DataFrame({"variant": ["a", "b"], "tp": 4, "fp": 1, "fn": 1, "tn": 4})
    bounds = lost_bounds(table, test, "video")
    assert bounds.groupby("lost")["harmful"].first().to_dict() == {"test": 2, "all": 4}
    assert len(bounds) == 2 * 2 * len(BOUNDED)
    whole = table.assign(unusable=0, failed=0)
    assert lost_bounds(whole, test, "video").empty
