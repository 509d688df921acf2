from itertools import product

import numpy as np
import pandas as pd
import pytest
from audit_tables import printed, table

from harmlib.audit.auditor import METRICS, audit
from harmlib.audit.counts import Row, count_fits, parse_printed


def test_numbers_share_the_digits_of_their_column():
    texts, numbers = pd.Series(["1.0000", "0.9858"]), pd.Series([1.0, 0.9858])
    assert [str(p.value) for p in parse_printed(numbers)] == texts.tolist()
    assert parse_printed(numbers) == parse_printed(texts)


def _fitting_positives(figures, max_items):
    claims = table(figures)
    row = Row(*(parse_printed(claims[name])[0] for name in METRICS))
    return set(count_fits(row, np.arange(1, max_items + 1), max_items).positives.tolist())


ODD_FIGURES = [("0.5", "0.0", "0.0"), ("0.0", "0.4", "0.0"), ("1", "0", "0"), ("0.50", "1", "0.7")]


@pytest.mark.parametrize(
    "figures",
    [
        printed(*counts, digits)
        for counts in [(0, 3, 5), (3, 0, 5), (5, 4, 9), (0, 0, 4), (9, 9, 9)]
        for digits in (0, 1, 2, 4)
    ]
    + ODD_FIGURES,
)
def test_fits_equal_brute_force(figures):
    digits = np.array([len(figure.partition(".")[2]) for figure in figures])
    row = Row(*(parse_printed(table(figures)[name])[0] for name in METRICS))
    fits = count_fits(row, np.arange(1, 13), 12)
    found = {
        (p, tp, fp) for p, tp, low, high in zip(*fits, strict=True) for fp in range(low, high + 1)
    }
    half = 0.5 / 10.0**digits + 1e-12
    target = np.array(figures, dtype=float)
    brute = set()
    for p, tp, fp in product(range(1, 13), range(13), range(13)):
        if tp > p or tp + fp > 12:
            continue
        precisions = [tp / (tp + fp)] if tp + fp else [0, 1]
        options = [(v, tp / p, 2 * tp / (tp + fp + p)) for v in precisions]
        if any((np.abs(values - target) <= half).all() for values in np.array(options)):
            brute.add((p, tp, fp))
    assert found == brute


def test_ends_of_the_rounding_interval_fit():
    # 1/8 = 0.125 prints as 0.12 or as 0.13, by the rounding rule of the printer.
    for figure in ("0.12", "0.13"):
        result = audit(table(("1.00", figure, "0.22")), max_items=8)
        assert result.findings[-1].n_sets >= 1
        assert 8 in _fitting_positives(("1.00", figure, "0.22"), 8)


def test_trailing_zeros_count_as_digits():
    precise, coarse = (_fitting_positives((p, "0.6", "0.7"), 60) for p in ("0.7100", "0.71"))
    assert precise < coarse
