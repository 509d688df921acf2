"""Labels taken back: what is wrong with them is said with its line, and estimates are of all."""

import numpy as np
import pandas as pd
import pytest
from audit_samples import make_decisions

from harmlib.analysis.audit_sample.drawing import draw_sample
from harmlib.analysis.audit_sample.estimates import estimate_sample, widest_stratum
from harmlib.analysis.audit_sample.labels import check_against, read_labelled
from harmlib.tables.complaint import TableError
from harmlib.tables.csv_output import write_csv

DECISIONS = make_decisions()
SAMPLE = draw_sample(DECISIONS, ["site"], 200, seed=1)


def labelled(path, change=None, label=None):
    rng = np.random.default_rng(3)
    truth = rng.random(len(SAMPLE)) < SAMPLE["score"].astype(float)
    sample = SAMPLE.assign(label=np.where(truth, "유해", "safe") if label is None else label)
    if change is not None:
        sample = change(sample)
    write_csv(sample, path)
    return path


def test_labels_come_back_as_they_were_given(tmp_path):
    def some(sample):
        return sample.assign(label=[*sample["label"][:-2], "모름", ""])

    back = read_labelled(labelled(tmp_path / "a.csv", some))
    assert back["item_id"].tolist() == SAMPLE["item_id"].tolist()
    assert back["label"].iloc[-2] == -1
    assert np.isnan(back["label"].iloc[-1])
    assert back["label"].isin([0, 1]).sum() == 198
    check_against(back, DECISIONS, tmp_path / "scores.csv")


def at(sample, row, column, value):
    sample = sample.copy()
    sample[column] = sample[column].astype(object)
    sample.loc[row, column] = value
    return sample


FAULTS = {
    "word": (lambda s: at(s, 4, "label", "maybe"), r"line 6: column 'label': 'maybe'; write harm"),
    "twice": (lambda s: pd.concat([s, s[:1]]), r"line 202: .*labelled twice \(first in line 2\)"),
    "not drawn": (
        lambda s: pd.concat([s, pd.DataFrame({"item_id": ["x.jpg"], "label": ["safe"]})]),
        r"line 202: item 'x.jpg' was not drawn",
    ),
    "added": (
        lambda s: pd.concat([s, s[:1].assign(item_id="x.jpg")]),
        r"items were added that were not drawn",
    ),
    "missing": (lambda s: s[1:], r"rows are missing; leave unlabelled items in"),
    "probability": (
        lambda s: at(s, 0, "inclusion_probability", 0.5),
        r"line 2: the inclusion probability is '0.5', but \d+ of \d+ items were drawn",
    ),
    "size": (lambda s: at(s, 0, "stratum_size", 0), r"column 'stratum_size' holds '0'"),
    "decision": (
        lambda s: s.assign(decision="flagged"), r"the rows are not those of sample \w{12}"
    ),
    "renamed": (lambda s: at(s, 0, "item_id", "y.jpg"), r"the rows are not those of sample"),
    "threshold": (lambda s: s.assign(threshold="0.7"), r"the rows are not those of sample"),
    "two samples": (lambda s: at(s, 0, "sample_id", "abc"), r"the row is of another sample"),
    "no column": (lambda s: s.drop(columns="stratum"), r"no column 'stratum'"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_the_sample_is_refused(tmp_path, fault):
    change, said = FAULTS[fault]
    with pytest.raises(TableError, match=said):
        read_labelled(labelled(tmp_path / "a.csv", change))


OTHERS = {
    "another threshold": (make_decisions(threshold=0.6), "the threshold is 0.6, but .* at 0.5"),
    "other scores": (
        DECISIONS.assign(flagged=~DECISIONS["flagged"]), "200 items are decided otherwise"
    ),
    "other items": (DECISIONS.assign(category="gun"), "lacks 200 of the sample's items"),
    "more items": (make_decisions(2500).assign(
        flagged=[*DECISIONS["flagged"], *[False] * 500]),
        "has 2,500 decisions, but the sample was drawn from 2,000"),
}  # fmt: skip


@pytest.mark.parametrize("other", OTHERS)
def test_another_table_than_it_was_drawn_from_is_refused(tmp_path, other):
    decisions, said = OTHERS[other]
    back = read_labelled(labelled(tmp_path / "a.csv"))
    with pytest.raises(TableError, match=said):
        check_against(back, decisions, tmp_path / "scores.csv")


def test_a_spreadsheet_may_sort_the_rows_and_cut_the_digits(tmp_path):
    def sorted_(sample):
        chance = sample["inclusion_probability"].round(5)
        return sample.assign(inclusion_probability=chance).sort_values("item_id")

    assert len(read_labelled(labelled(tmp_path / "a.csv", sorted_))) == 200


def test_estimates_weigh_by_the_design_and_name_slices(tmp_path):
    sample = read_labelled(labelled(tmp_path / "a.csv"))
    table = estimate_sample(sample)
    assert table["slice"].unique().tolist() == ["", "site=a", "site=b"]
    weight = sample["stratum_size"] / sample["stratum_sampled"]
    found = table[table["slice"] == ""].set_index("measure")
    assert found.loc["prevalence", "value"] == pytest.approx(
        (weight * sample["label"]).sum() / weight.sum()
    )
    assert found.loc["prevalence", "decisions"] == 2000
    flagged = sample["decision"] == "flagged"
    assert found.loc["recall", "value"] == pytest.approx(
        (weight * sample["label"])[flagged].sum() / (weight * sample["label"]).sum()
    )
    assert (found["low"] == found["lowest"]).all()


def test_unknown_labels_widen_and_never_narrow(tmp_path):
    def doubtful(sample):
        return sample.assign(label=["unknown"] * 30 + list(sample["label"][30:]))

    table = estimate_sample(read_labelled(labelled(tmp_path / "a.csv", doubtful)))
    overall = table[table["slice"] == ""]
    assert (table["lowest"] <= table["low"]).all()
    assert (table["highest"] >= table["high"]).all()
    assert (overall["highest"] - overall["lowest"] > overall["high"] - overall["low"] + 0.01).all()
    assert overall.set_index("measure").loc["recall", "unknown"] == 30


def test_a_stratum_without_a_label_is_too_few(tmp_path):
    def unlooked(sample):
        blank = sample["stratum"].str.startswith("flagged 1, site=a")
        return sample.assign(label=sample["label"].mask(blank, ""))

    table = estimate_sample(read_labelled(labelled(tmp_path / "a.csv", unlooked)))
    states = table[table["slice"] == ""].set_index("measure")["state"]
    assert states["precision"] == "too_few"
    assert states["false_omission_rate"] == "ok"


def test_nothing_labelled_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="not one item is labelled"):
        estimate_sample(read_labelled(labelled(tmp_path / "a.csv", label="")))


def test_the_stratum_that_could_hide_most_is_named(tmp_path):
    name, size, seen, harmful, most = widest_stratum(
        read_labelled(labelled(tmp_path / "a.csv", label="safe"))
    )
    assert name.startswith("passed 3")
    assert (seen, harmful) == (SAMPLE.groupby("stratum").size()[name], 0)
    assert 0.02 * size < most < 0.4 * size
