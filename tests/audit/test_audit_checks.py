import numpy as np
import pytest
from audit_tables import kinds, printed, table

from harmlib.audit.auditor import audit


@pytest.mark.parametrize(
    ("row", "kind", "fragment"),
    [
        (("1.2000", "0.9000", "0.9500"), "out_of_range", "precision 1.2000 lies outside"),
        (("91.13", "0.9716", "0.9405"), "out_of_range", "divide by 100"),
        (("0.9000", "-0.1000", "0.5000"), "out_of_range", "recall -0.1000 lies outside"),
        (("0.9113", "0.9716", "0.9400"), "f1_mismatch", "F1 0.9400 does not follow"),
        (("0.5000", "0.5000", "0.5002"), "f1_mismatch", "0.49995 to 0.50005"),
        (("0.0000", "0.9000", "0.9000"), "f1_mismatch", "does not follow"),
    ],
)
def test_impossible_rows(row, kind, fragment):
    result = audit(table(row, printed(8, 2, 10)))
    (finding,) = [f for f in result.findings if f.severity == "impossible"]
    assert (finding.kind, finding.row) == (kind, 1)
    assert fragment in finding.message
    assert result.counts["fits"].tolist()[0] == 0


def test_all_rows_impossible():
    result = audit(table(("2.0", "0.5", "0.5")))
    assert kinds(result) == [("out_of_range", 1)]
    assert result.sets["positives"].isna().all()
    assert result.counts["tp"].isna().all()


@pytest.mark.parametrize(
    ("figures", "metric"),
    [
        ([(80, 20), (81, 10)], "recall"),
        ([(80, 20), (79, 40)], "false alarms"),
        ([(80, 20), (71, 10), (75, 5)], "recall"),
    ],
)
def test_counts_that_rise_with_the_threshold(figures, metric):
    claims = table(*(printed(tp, fp, 100) for tp, fp in figures))
    thresholds = np.linspace(0.3, 0.5, len(figures))
    result = audit(claims.assign(model="a", threshold=thresholds))
    (finding,) = [f for f in result.findings if f.severity == "impossible"]
    assert (finding.kind, finding.row, finding.metric) == ("non_monotone", len(figures), metric)
    assert finding.other_row == len(figures) - 1
    assert result.counts["tp"].tolist() == [tp for tp, _ in figures]


def test_a_rise_in_the_last_digit_is_a_rise():
    rows = [("0.8000", "0.8000", "0.8000"), ("0.8001", "0.8001", "0.8001")]
    assert kinds(audit(table(*rows, threshold=[0.4, 0.6])), "impossible") == [("non_monotone", 2)]


def test_row_order_does_not_matter_for_monotony():
    claims = table(printed(70, 10, 100), printed(80, 20, 100), threshold=["0.6", "0.4"])
    assert kinds(audit(claims), "impossible") == []


@pytest.mark.parametrize("column", ["model", "epoch", "split", "dataset", "modality"])
def test_only_rows_of_one_sweep_must_fall(column):
    claims = table(printed(70, 10, 100), printed(80, 20, 100), threshold=["0.4", "0.6"])
    assert ("non_monotone", 2) in kinds(audit(claims))
    assert kinds(audit(claims.assign(**{column: ["a", "b"]})), "impossible") == []


def test_a_small_fall_hidden_by_rounding_is_no_rise():
    rows = [printed(163, 20, 203, 2), printed(163, 20, 203, 4)]
    assert (rows[0][1], rows[1][1]) == ("0.80", "0.8030")
    claims = table(*rows, threshold=["0.4", "0.6"])
    assert kinds(audit(claims), "impossible") == []


@pytest.mark.parametrize(
    ("best_at", "grid", "edge"),
    [
        (0, [0.3, 0.5, 0.7], "first"),
        (1, [0.3, 0.5, 0.7], None),
        (2, [0.3, 0.5, 0.7], "last"),
        (1, [0.3, 0.7], "last"),
        (2, [0.7, 0.5, 0.3], "first"),
    ],
)
def test_edge_optima(best_at, grid, edge):
    rows = [("0.8000", "0.8000", "0.8000")] * len(grid)
    rows[best_at] = ("0.9000", "0.9000", "0.9000")
    found = [f for f in audit(table(*rows, threshold=grid)).findings if f.kind == "edge_optimum"]
    assert [f.row for f in found] == ([best_at + 1] if edge else [])
    if edge:
        assert f"the {edge} of its grid, 0.30 to 0.70" in found[0].message
        assert (found[0].grid_low, found[0].grid_high) == (0.3, 0.7)


def test_a_tie_with_an_inner_threshold_is_no_edge_optimum():
    rows = [("0.8000", "0.8000", "0.8000"), *[("0.9000", "0.9000", "0.9000")] * 2]
    claims = table(*rows, threshold=[0.3, 0.5, 0.7])
    assert "edge_optimum" not in [f.kind for f in audit(claims).findings]


@pytest.mark.parametrize(("model", "threshold", "flagged"), [
    ("a", 0.7, True), ("a", 0.3, True), ("a", 0.5, False), ("b", 0.7, False),
])  # fmt: skip
def test_a_lone_threshold_is_held_against_the_grid_of_its_model(model, threshold, flagged):
    rows = [printed(90, 40, 100), printed(85, 10, 100), printed(60, 5, 100), printed(70, 10, 100)]
    claims = table(*rows, model=[*"aaa", model], epoch=[1, 1, 1, 2])
    result = audit(claims.assign(threshold=[0.3, 0.5, 0.7, threshold]))
    assert (("edge_optimum", 4) in kinds(result)) == flagged


@pytest.mark.parametrize(
    ("same", "best", "severity"),
    [(("0.8900",), ("0.9000",), "warning"), (("0.8100",), ("0.9000",), "note")],
)
def test_gain_split(same, best, severity):
    rows = [figures * 3 for figures in (("0.8000",), same, best)]
    claims = table(*rows, model=["old", "new", "new"], threshold=[0.5, 0.5, 0.6])
    (finding,) = [f for f in audit(claims).findings if f.kind == "gain_split"]
    assert (finding.severity, finding.row, finding.other_model) == (severity, 3, "old")
    assert finding.total_gain == 0.1
    assert finding.same_threshold_gain == pytest.approx(float(same[0]) - 0.8)
    assert finding.threshold_gain == pytest.approx(0.9 - float(same[0]))


@pytest.mark.parametrize(
    "columns",
    [
        {"model": ["a", "b", "b"], "threshold": [0.4, 0.5, 0.6]},  # nothing at the old threshold
        {"model": ["a", "b", "b"], "threshold": [0.6, 0.5, 0.6]},  # the threshold did not move
        {"model": ["a", "b", "b"], "threshold": [0.5, 0.5, 0.6], "epoch": [1, 1, 2]},
        {"model": ["a", "b", "b"], "threshold": [0.5, 0.5, 0.6], "split": ["x", "y", "y"]},
        {"model": ["a", "a", "a"], "threshold": [0.5, 0.55, 0.6]},
        {"model": ["a", "b", "b"]},
    ],
)
def test_no_gain_split_without_its_three_rows(columns):
    claims = table(*[(f,) * 3 for f in ("0.8000", "0.8500", "0.9000")], **columns)
    assert "gain_split" not in [f.kind for f in audit(claims).findings]


def test_no_gain_split_where_the_newer_model_is_worse():
    figures = [(f,) * 3 for f in ("0.9000", "0.7000", "0.8000")]
    claims = table(*figures, model=["a", "b", "b"], threshold=[0.5, 0.5, 0.6])
    assert "gain_split" not in [f.kind for f in audit(claims).findings]


def _baseline(result):
    return [(f.severity, f.row) for f in result.findings if f.kind == "baseline"]


def test_the_low_end_of_a_sweep_is_only_noted_as_baseline():
    counts = [(211, 97), (204, 60), (190, 33), (171, 20)]
    claims = table(*(printed(*c, 211) for c in counts), threshold=[0.0, 0.2, 0.4, 0.6])
    assert _baseline(audit(claims)) == [("note", 1)]


def test_a_model_that_spares_safe_items_at_another_threshold_is_only_noted_as_baseline():
    counts = [(211, 97), (211, 60), (204, 50), (190, 33), (171, 20)]
    claims = table(*(printed(*c, 211) for c in counts), model=list("aabbb"))
    claims["threshold"] = [0.4, 0.6, 0.2, 0.4, 0.6]
    assert _baseline(audit(claims)) == [("note", 1)]
    assert _baseline(audit(claims.drop(index=1))) == [("warning", 1)]


def test_a_row_alone_with_recall_1_is_only_noted():
    assert _baseline(audit(table(("0.9000", "1.0000", "0.9474")))) == [("note", 1)]


def test_recall_that_only_rounds_to_1_is_not_certain():
    counts = [(211, 97), (204, 60), (190, 33), (171, 20)]
    models = {"model": list("abbb"), "threshold": [0.5, 0.2, 0.4, 0.6]}
    claims = table(*(printed(*c, 211) for c in counts), **models)
    assert _baseline(audit(claims)) == [("warning", 1)]
    rounded = table(printed(*counts[0], 211, 2), *(printed(*c, 211) for c in counts[1:]))
    result = audit(rounded.assign(**models))
    assert result.counts.loc[0, ["tp_low", "tp_high"]].tolist() == [210, 211]
    assert _baseline(result) == [("note", 1)]


def test_full_recall_with_fewer_false_alarms_than_another_row_is_not_baseline():
    counts = [(211, 50), (204, 60), (190, 33), (171, 20)]
    claims = table(*(printed(*c, 211) for c in counts), model=list("abbb"))
    assert _baseline(audit(claims)) == []
