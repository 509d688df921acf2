"""The auditor finds nothing wrong with tables of real counts, whatever their size."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from audit_tables import kinds, printed, table
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.audit.auditor import METRICS, audit
from harmlib.audit.counts import Row, count_fits, parse_printed


@st.composite
def sound_tables(draw):
    """Simulated models scored on one set, printed; with the true counts."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    positives, negatives = draw(st.integers(1, 1500)), draw(st.integers(0, 1500))
    digits = draw(st.integers(2, 6))
    labels = np.repeat([1, 0], [positives, negatives])
    grid = sorted(draw(st.sets(st.sampled_from(np.arange(1, 20) / 20), min_size=1, max_size=9)))
    rows, counts = [], []
    for model, epoch in product(range(draw(st.integers(1, 2))), range(draw(st.integers(1, 2)))):
        logits = rng.normal(rng.uniform(0, 2) * (2 * labels - 1), 1) + rng.normal(0, 0.5)
        scores = np.round(1 / (1 + np.exp(-logits)), draw(st.integers(1, 6)))  # with ties
        for threshold in grid:
            flagged = scores > threshold
            tp, fp = int(flagged[:positives].sum()), int(flagged[positives:].sum())
            rows.append((model, epoch, threshold, *printed(tp, fp, positives, digits)))
            counts.append((tp, fp))
    claims = pd.DataFrame(rows, columns=["model", "epoch", "threshold", *METRICS])
    return claims, np.array(counts), positives, negatives


@settings(max_examples=40)
@given(sound_tables())
def test_sound_tables_have_nothing_impossible_and_keep_the_truth(drawn):
    claims, counts, positives, negatives = drawn
    result = audit(claims)
    assert kinds(result, "impossible") == []
    assert not {f.kind for f in result.findings} & {"no_counts", "no_common_set"}
    smallest, at_least = result.sets.loc[0, ["positives", "negatives"]]
    assert smallest <= positives
    if smallest == positives:
        assert at_least <= negatives
        assert (result.counts["tp_low"] <= counts[:, 0]).all()
        assert (result.counts["tp_high"] >= counts[:, 0]).all()
        known = result.counts["fits"] == 1
        assert (result.counts["fp"] == counts[:, 1])[known].all()
        assert (result.counts["tp"] == counts[:, 0])[known].all()
    for f in result.findings:
        if f.kind == "baseline" and f.severity == "warning" and smallest == positives:
            assert counts[f.row - 1, 0] == positives
    for row, (tp, fp) in zip(claims[list(METRICS)].itertuples(index=False), counts, strict=True):
        figures = Row(*(parse_printed(pd.Series([text]))[0] for text in row))
        fits = count_fits(figures, np.array([positives]), 5000)
        at = fits.tp == tp
        assert (at & (fits.fp_low <= fp) & (fp <= fits.fp_high)).any()


def test_a_sound_table_from_a_set_beyond_the_search_is_not_called_impossible():
    rng = np.random.default_rng(0)
    for _ in range(100):
        positives, negatives = int(rng.integers(300, 12_000)), int(rng.integers(300, 5_000))
        n, digits = int(rng.integers(4, 9)), int(rng.integers(2, 6))
        tp = np.sort(rng.integers(1, positives + 1, n))[::-1].tolist()
        fp = np.sort(rng.integers(0, negatives + 1, n))[::-1].tolist()
        rows = [printed(*counts, positives, digits) for counts in zip(tp, fp, strict=True)]
        result = audit(table(*rows, threshold=np.arange(n) / 10), max_items=3000)
        assert kinds(result, "impossible") == []


@pytest.mark.parametrize(
    ("positives", "digits", "tp", "fp"),
    [
        (11, 2, [11, 11, 11, 10], [0, 0, 0, 0]),  # most fit a set of one positive
        (52, 4, [39, 35, 26, 13, 13, 0], [0, 0, 0, 0, 0, 0]),  # most share the factor 13
        (32, 2, [24, 24, 13, 8], [8, 0, 0, 0]),
        (52, 2, [39, 26, 26, 24], [13, 13, 13, 5]),
        (33, 2, [22, 22, 11, 9, 0], [44, 44, 22, 11, 1]),  # a recall of 0 is no witness
        (20, 2, [18, 16, 13, 4], [34, 30, 25, 10]),  # chance, with two digits
        (2327, 3, [1312, 1251, 924, 359], [11565, 6908, 3804, 630]),  # beyond max_items
    ],
)
def test_agreement_of_most_rows_by_chance_is_no_proof_against_the_others(positives, digits, tp, fp):
    rows = [printed(*counts, positives, digits) for counts in zip(tp, fp, strict=True)]
    assert kinds(audit(table(*rows), max_items=2000), "impossible") == []
