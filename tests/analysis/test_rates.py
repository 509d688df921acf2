import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harmlib.analysis import rates as module
from harmlib.analysis.rates import COUNTS, RATES, rate, rates_table

NAMES = (*RATES, "accuracy")

# tp, fp, fn, tn, and each rate in the order of NAMES: two thirds, one whole, no denominator
BY_HAND = [
    ((6, 2, 4, 8), (6 / 8, 6 / 10, 12 / 18, 8 / 10, 40 / 9600**0.5, 8 / 20, 14 / 20)),
    ((5, 0, 0, 5), (1, 1, 1, 1, 1, 0.5, 1)),
    ((0, 5, 5, 0), (0, 0, 0, 0, -1, 0.5, 0)),
    ((3, 1, 0, 0), (3 / 4, 1, 6 / 7, 0, 0, 1, 3 / 4)),  # everything is flagged
    ((0, 0, 3, 1), (0, 0, 0, 1, 0, 0, 1 / 4)),  # nothing is flagged
    ((2, 0, 1, 0), (1, 2 / 3, 4 / 5, 0, 0, 2 / 3, 2 / 3)),  # harmful items only
    ((0, 2, 0, 1), (0, 0, 0, 1 / 3, 0, 2 / 3, 1 / 3)),  # safe items only
    ((0, 0, 0, 0), (0,) * 7),
]


@st.composite
def counts_of_one_set(draw):
    """Seven confusion matrices of the same harmful and safe items."""
    harmful, safe = draw(st.integers(0, 10**7)), draw(st.integers(0, 10**7))
    tp = draw(hnp.arrays(np.int64, 7, elements=st.integers(0, harmful)))
    fp = draw(hnp.arrays(np.int64, 7, elements=st.integers(0, safe)))
    return np.stack([tp, fp, harmful - tp, safe - fp])


@pytest.mark.parametrize(("counts", "expected"), BY_HAND)
def test_rates_by_hand(counts, expected):
    assert [rate(name, counts).item() for name in NAMES] == pytest.approx(expected, rel=1e-15)


def test_any_shape_and_no_number_without_counts():
    counts = np.array(BY_HAND[0][0])[:, None, None] * np.ones((2, 3))
    counts[:, 1, 2] = np.nan
    for name, expected in zip(NAMES, BY_HAND[0][1], strict=True):
        found = rate(name, counts)
        assert found.shape == (2, 3)
        assert np.isnan(found[1, 2])
        assert found[~np.isnan(found)].tolist() == pytest.approx([expected] * 5, rel=1e-15)


@given(counts_of_one_set())
def test_the_table_holds_each_rate_to_the_last_bit(counts):
    table = rates_table(np.arange(7.0), *counts)
    assert list(table.columns) == ["threshold", *COUNTS, *RATES]
    for name in RATES:
        assert table[name].tolist() == rate(name, counts).tolist()


@given(counts_of_one_set(), st.integers(-900, 900))
def test_the_unit_of_counts_changes_no_rate(counts, power):
    unit = rates_table(np.arange(7.0), *np.ldexp(counts.astype(float), power))
    pd.testing.assert_frame_equal(
        unit[list(RATES)], rates_table(np.arange(7.0), *counts)[list(RATES)], check_exact=True
    )


@given(counts_of_one_set())
def test_rates_stay_in_their_range(counts):
    for name in NAMES:
        found = rate(name, counts)
        assert (found >= (-1 if name == "mcc" else 0)).all()
        assert (found <= 1 + 1e-15).all()


@pytest.mark.parametrize("rows", [1, 4, 5, 9])
def test_blocks_change_nothing(rows, monkeypatch):
    counts = np.stack([np.arange(rows), np.arange(rows), 9 - np.arange(rows), 9 - np.arange(rows)])
    whole = rates_table(np.arange(float(rows)), *counts)
    monkeypatch.setattr(module, "_BLOCK_ROWS", 4)
    blocks = rates_table(np.arange(float(rows)), *counts)
    pd.testing.assert_frame_equal(blocks, whole, check_exact=True)


@pytest.mark.parametrize("power", [-900, 900])
@pytest.mark.parametrize("counts", [(1, 3, 1, 1), (1, 1, 3, 1), (1, 1, 1, 3), (3, 1, 1, 1)])
def test_the_unit_comes_from_all_counts(counts, power):
    """One count is as large as the others together."""
    unit = rates_table(*np.array([[0.5], *([np.ldexp(float(n), power)] for n in counts)]))
    assert unit["mcc"].item() == rate("mcc", counts).item() != 0


def test_counts_are_kept_as_they_are():
    counts = np.array([[6, 5], [2, 0], [4, 5], [8, 10]])
    before = counts.copy()
    table = rates_table(np.array([0.3, 0.5]), *counts)
    assert table[list(COUNTS)].to_numpy().T.tolist() == before.tolist() == counts.tolist()
    assert (table.dtypes[list(COUNTS)] == np.int64).all()
    for name, column in zip(COUNTS, counts, strict=True):  # at 10^7 rows every array is 80 MB
        assert np.shares_memory(table[name].to_numpy(), column)


def test_unknown_rate_is_named():
    with pytest.raises(ValueError, match=r"unknown rate 'auc'; known: precision, .*accuracy"):
        rate("auc", np.ones((4, 1)))
