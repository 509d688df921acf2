import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from audit_tables import FP, TP, kinds, printed, published_text, table

from harmlib.audit.auditor import METRICS, audit, format_audit, read_claims
from harmlib.audit.published import published_figures

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("HARMLIB_SHARED", ROOT / ".." / "shared"))

# --- the published table -------------------------------------------------------------------


@pytest.fixture(scope="module")
def published():
    return audit(published_text())


def test_published_counts_are_recovered_and_unique(published):
    assert published.counts["tp"].tolist() == TP
    assert published.counts["fp"].tolist() == FP
    assert published.counts["fn"].tolist() == [423 - tp for tp in TP]
    assert published.counts["tn"].tolist() == [158 - fp for fp in FP]
    assert published.counts["unique"].all()
    assert published.counts["recall"].iloc[0] == "1.0000"


def test_published_set_is_unique_up_to_its_multiples(published):
    (found,) = published.sets.to_dict("records")
    assert (found["positives"], found["negatives"], found["next_positives"]) == (423, 158, 846)
    assert found["n_sets"] == 5000 // (423 + 158)
    assert pd.isna(found["rival_positives"])


def test_published_findings_are_the_known_ones_and_no_more(published):
    assert kinds(published, "impossible") == []
    assert sorted(kinds(published, "warning")) == [
        ("baseline", 1),
        ("edge_optimum", 10),
        ("edge_optimum", 11),
        ("gain_split", 10),
    ]
    assert kinds(published, "note") == [("evaluation_set", None)]
    findings = published.to_frame().set_index(["kind", "row"])
    baseline = findings.loc[("baseline", 1)]
    assert (baseline["positives"], baseline["negatives"], baseline["printed"]) == (423, 158, 0.7281)
    assert "423 of 581" in baseline["message"]
    gain = findings.loc[("gain_split", 10)]
    assert gain["total_gain"] == 0.0979
    assert gain["same_threshold_gain"] == 0.0872
    assert gain["threshold_gain"] == 0.0107
    assert (gain["other_row"], gain["other_model"], gain["other_threshold"]) == (1, 2, 0.5)
    edge = findings.loc[("edge_optimum", 11)]
    assert (edge["epoch"], edge["grid_low"], edge["grid_high"]) == (2, 0.30, 0.70)


def test_numbers_give_the_same_audit_as_text(published):
    assert audit(published_figures()).findings == published.findings


def test_the_shared_table_gives_the_same_audit(published):
    path = SHARED / "seed" / "published_counts.csv"
    if not path.is_file():
        pytest.skip(f"the seed table is not at {path} (set HARMLIB_SHARED)")
    result = audit(read_claims(path))
    assert [f.message for f in result.findings] == [f.message for f in published.findings]
    counts = ["tp", "fp", "fn", "tn"]
    truth = pd.read_csv(path)[counts].astype("Int64")
    pd.testing.assert_frame_equal(result.counts[counts], truth)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("units", [-1, 1, 20])
@pytest.mark.parametrize("row", [0, 4, 7, 11])
def test_a_misprint_of_one_figure_is_found(metric, units, row):
    claims = published_text()
    claims.loc[row, metric] = f"{float(claims.loc[row, metric]) + units / 10_000:.4f}"
    assert row + 1 in [found for _, found in kinds(audit(claims), "impossible")]


def test_an_impossible_row_blames_no_other_for_rising():
    claims = published_text()
    claims.loc[1, "recall"] = "0.9885"  # below the recall at the next threshold
    assert kinds(audit(claims), "impossible") == [("f1_mismatch", 2)]


def test_a_misprint_that_a_far_larger_set_would_fit_is_still_found():
    claims = published_text().drop(columns="threshold")
    claims.loc[5, "recall"] = "0.9861"
    assert kinds(audit(claims, max_items=20_000), "impossible") == [("misfit", 6)]


def test_figures_in_full_precision():
    tp, fp = np.array(TP), np.array(FP)
    claims = published_figures()
    claims["precision"], claims["recall"] = tp / (tp + fp), tp / 423
    claims["f1"] = 2 * tp / (tp + fp + 423)
    result = audit(claims)
    assert result.counts["tp"].tolist() == TP
    assert result.counts["unique"].all()
    assert kinds(result, "impossible") == []


def test_two_misprints_are_found_together():
    claims = published_text()
    claims.loc[4, "precision"], claims.loc[10, "recall"] = "0.8743", "0.9550"
    result = audit(claims)
    assert kinds(result, "impossible") == [("misfit", 5), ("misfit", 11)]
    assert result.counts["fits"].tolist() == [1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1]
    assert result.counts["tp"].drop([4, 10]).tolist() == TP[:4] + TP[5:10] + TP[11:]
    assert result.counts.loc[[4, 10], ["positives", "tp", "fp", "fn", "tn"]].isna().all(axis=None)


# --- sets ----------------------------------------------------------------------------------


def test_each_evaluation_set_is_searched_by_itself():
    claims = table(*(printed(*c) for c in [(7, 3, 11), (5, 2, 7), (9, 1, 11), (6, 6, 7)]))
    result = audit(claims.assign(modality=["video", "image", "video", "image"]))
    assert result.sets["modality"].tolist() == ["video", "image"]
    assert result.sets["positives"].tolist() == [11, 7]
    assert result.counts["fn"].tolist() == [4, 2, 2, 1]
    assert result.counts["row"].tolist() == [1, 2, 3, 4]
    assert result.counts["negatives"].tolist() == [3, 6, 3, 6]
    notes = [f for f in result.findings if f.kind == "evaluation_set"]
    assert [f.modality for f in notes] == ["video", "image"]


def test_rows_of_two_sets_mixed_are_a_warning_with_the_limit():
    result = audit(table(("0.500000", "0.333333", "0.400000"), printed(5, 2, 7, 6)), max_items=20)
    assert kinds(result) == [("no_common_set", None)]
    assert result.findings[0].severity == "warning"
    assert "up to 20 items" in result.findings[0].message
    assert result.counts["fits"].tolist() == [0, 0]


def test_a_row_without_counts_is_a_warning_with_the_limit():
    claims = table(printed(1009, 300, 1999, digits=8), printed(5, 2, 7))
    assert kinds(audit(claims, max_items=500)) == [("no_counts", 1)]
    assert audit(claims, max_items=3000).sets["positives"].isna().all()
    assert audit(claims.head(1), max_items=3000).counts["tp"].tolist() == [1009]


def test_ambiguous_counts_are_given_as_ranges():
    result = audit(table(printed(21, 4, 30, digits=1)))
    row = result.counts.loc[0]
    assert row["fits"] > 1 or result.sets.loc[0, "n_sets"] > 1
    assert not row["unique"]
    two = audit(table(("0.8", "0.7", "0.7"), printed(211, 20, 301)))
    first = two.counts.loc[0]
    assert first["fits"] > 1
    assert pd.isna(first["tp"])
    assert first["tp_low"] < first["tp_high"]


def test_nothing_flagged_fits_by_either_convention_for_precision():
    for precision in ("0.0000", "1.0000"):
        result = audit(table((precision, "0.0000", "0.0000"), printed(5, 2, 7)))
        assert kinds(result, "impossible") == []
        assert result.counts["tp"].tolist() == [0, 5]


def test_missed_items_and_false_alarms_count_towards_the_limit():
    claims = table(printed(1, 50, 59, 6), printed(40, 1, 59, 6))
    assert audit(claims, max_items=109).sets["positives"].tolist() == [59]
    assert audit(claims, max_items=108).sets["positives"].isna().all()


def test_two_digits_leave_too_many_sets_to_warn_of_a_baseline_row():
    claims = published_text()
    for name in METRICS:
        claims[name] = [f"{float(figure):.2f}" for figure in claims[name]]
    result = audit(claims)
    assert ("baseline", 1) in kinds(result, "note")
    assert not result.counts["unique"].any()


# --- reading and printing ------------------------------------------------------------------


def test_read_claims_keeps_text_and_known_columns(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text("\ufeffModel, Precision ,recall,F1,tp\n가, 0.7100,0.7000,0.7050,3\n", "utf-8")
    claims = read_claims(path)
    assert claims.to_dict("records") == [
        {"model": "가", "precision": "0.7100", "recall": "0.7000", "f1": "0.7050"}
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("precision,recall\n0.9,0.9\n", "no column 'f1'; it has precision, recall"),
        ("precision,recall,f1\n", "no rows"),
        ("", "not a readable CSV: the file is empty"),
        (
            "precision,recall,f1\n0.9,0.9,0.9\n0.9,91.1%,0.9\n",
            r"line 2: column 'recall': '0.9' has no per cent sign, but '91.1%' in line 3 has",
        ),
        ("precision,recall,f1\n0.9,,0.9\n", "line 2: column 'recall' is empty"),
        ("precision,recall,f1\n0.9,inf,0.9\n", "line 2: column 'recall': 'inf' is no number"),
        ("precision,recall,f1\n0.9,0.9,1e300\n", "line 2: column 'f1': '1e300' is not between"),
        (
            "precision,recall,f1,threshold\n0.9,0.9,0.9,half\n",
            "line 2: column 'threshold': 'half' is no number",
        ),
        ("precision,recall,f1,threshold\n0.9,0.9,0.9,.5\n0.8,0.8,0.8,.5\n", "lines 2 and 3 give"),
    ],
)
def test_read_claims_names_what_is_wrong(tmp_path, text, message):
    path = tmp_path / "claims.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_claims(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("encoding", ["cp949", "utf-16", "utf-8-sig"])
def test_read_claims_from_a_spreadsheet(tmp_path, encoding):
    path = tmp_path / "claims.csv"
    text = "모델;model;epoch;precision;recall;f1\r\n;모델;3.0;0,90;90.0%;0.9000\r\n"
    path.write_bytes(text.encode(encoding))
    [claim] = read_claims(path).to_dict("records")
    assert claim == {
        "model": "모델", "epoch": "3", "precision": "0.90", "recall": "0.900", "f1": "0.9000"
    }  # fmt: skip


def test_read_claims_refuses_other_encodings(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_bytes("model,precision,recall,f1\nmodèle,0.9,0.9,0.9\n".encode("cp1252"))
    with pytest.raises(ValueError, match=r"line 2: byte 0xE8: not in UTF-8 .*save it as"):
        read_claims(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "precision,Precision,recall,f1\n.9,.9,.9,.9\n",
            r"1 \('precision'\) and 2 \('Precision'\)",
        ),
        ("precision,recall,f1,treshold\n.9,.9,.9,.5\n", "did you mean 'treshold'"),
        ("precision,recall,f1,model\n.9,.9,.9,#REF!\n", "line 2: column 'model': '#REF!'"),
        ('precision,recall,f1,note\n.9,.9,.9,"a\nb"\n.8,x,.8,\n', "line 4: column 'recall': 'x'"),
    ],
)
def test_read_claims_names_file_line_and_column(tmp_path, text, message):
    path = tmp_path / "claims.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_claims(path)
    assert str(error.value).startswith(f"{path}: ")


def test_the_shared_case_of_two_like_headers():
    path = SHARED / "data/cases/audit_two_like_headers.csv"
    if not path.is_file():
        pytest.skip(f"the case is not at {path} (set HARMLIB_SHARED)")
    with pytest.raises(ValueError, match=r"columns 3 \('precision'\) and 4 \('Precision'\)"):
        read_claims(path)


def test_rows_without_a_threshold_may_differ():
    claims = table(printed(80, 20, 100), printed(70, 20, 100), threshold=[None, None])
    assert kinds(audit(claims), "impossible") == []


def test_a_row_printed_twice_is_allowed():
    row = printed(80, 20, 100)
    result = audit(table(row, row, threshold=["0.5", "0.50"]))
    assert kinds(result, "impossible") == []


@pytest.mark.parametrize("max_items", [0, 20_001])
def test_max_items_is_bounded(max_items):
    with pytest.raises(ValueError, match=f"max_items is {max_items}; allowed: 1 to 20000"):
        audit(published_figures(), max_items=max_items)


def test_the_table_is_not_changed():
    claims = published_text()
    before = claims.copy()
    audit(claims)
    pd.testing.assert_frame_equal(claims, before)


def test_to_frame_has_numbers_where_numbers_belong(published):
    frame = published.to_frame()
    assert str(frame["row"].dtype) == "Int64"
    assert str(frame["threshold_gain"].dtype) == "float64"
    assert frame["severity"].tolist() == ["warning"] * 4 + ["note"]
    assert audit(table(printed(1, 1, 2))).to_frame()["total_gain"].isna().all()


def test_format_audit_shows_findings_and_counts(published):
    text = format_audit(published)
    for finding in published.findings:
        assert f"- {finding.severity}: {finding.message}" in text
    assert "411  40  12 118" in text
    assert "moving it adds 0.0107" in text
