"""Numbers as people and spreadsheets write them: read by one rule a column, or refused by name."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmlib.tables.complaint import TableError
from harmlib.tables.numbers import numbers, plain_numbers
from harmlib.tables.table import Table


def column(*cells, unit="line", **frame):
    first = 2 if unit == "line" else 1
    index = pd.RangeIndex(first, first + len(cells), name=unit)
    return Table("t.csv", pd.DataFrame({"p": cells}, index=index, **frame))


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["0.50", ".5", "5e-1", "+1", "1E-05"], ["0.50", ".5", "5e-1", "+1", "1E-05"]),
        (["0,50", "1", "12,25"], ["0.50", "1", "12.25"]),
        (["1,000", "0,5"], ["1.000", "0.5"]),
        (["0,500"], ["0.500"]),
        (["90.0%", "7 %", "100%"], ["0.900", "0.07", "1.00"]),
        (["87,5%", "1\xa0%"], ["0.875", "0.01"]),
        (["\u22120.5", "０．５", "５０％"][:2], ["-0.5", "0.5"]),
        (["５０％"], ["0.50"]),
    ],
)
def test_numbers_that_are_read(cells, read):
    assert plain_numbers(column(*cells), "p").tolist() == read


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["0.5", "", ""], r"line 3: column 'p' is empty; .* \(and 1 more line: 4\)"),
        (["0.5", "0,5"], "line 3: column 'p': '0,5' has a comma, but '0.5' in line 2 a point"),
        (["1,234"], "'1,234' may be 1.234 or 1234"),
        (["1,234", "2"], "'1,234' may be 1.234 or 1234"),
        (["1,234.5"], "'1,234.5' has a thousands separator"),
        (["1.234,5"], "has a thousands separator"),
        (["1,234,567"], "has a thousands separator"),
        (["1.234.567"], "has a thousands separator"),
        (["1 234"], "has a thousands separator"),
        (["1'234.5"], "has a thousands separator"),
        (["50%", "0.5"], "line 3: column 'p': '0.5' has no per cent sign, but '50%' in line 2 has"),
        (["NaN"], "'NaN' is no number; write one such as 0.87"),
        (["0.5", "inf"], "line 3: column 'p': 'inf' is no number"),
        (["1_0"], "is no number"),
        (["0x10"], "is no number"),
        (["10⁵"], "is no number"),
        (["0,5,6"], "'0,5,6' is no number"),
        (["n/a"], "'n/a' is no number"),
        (["#DIV/0!"], "'#DIV/0!' is no number; it is an error of a spreadsheet"),
        (["=A1*2"], "'=A1.2' is no number; it is a formula"),
        (["x" * 300], r"'x+…' is no number"),
    ],
)
def test_numbers_that_are_refused(cells, message):
    with pytest.raises(TableError, match=message):
        plain_numbers(column(*cells), "p")


@given(st.lists(st.decimals(-99, 99, places=3), min_size=1), st.sampled_from([".", ",", "%"]))
def test_no_way_of_writing_changes_a_number(values, sign):
    cells = [f"{value}%" if sign == "%" else str(value).replace(".", sign) for value in values]
    try:
        read = plain_numbers(column(*cells), "p").astype(float).tolist()
    except TableError as error:
        assert sign == "," and "may be" in str(error)  # noqa: PT017, PT018 - never 1000 times as much
    else:
        assert read == pytest.approx([float(v) / (100 if sign == "%" else 1) for v in values])


@pytest.mark.parametrize(
    ("cells", "unit", "message"),
    [
        (["0.5", "87"], "line", "line 3: column 'p': '87' is not between 0 and 1; .* or 87%"),
        (["1e999"], "line", "'1e999' is not between 0 and 1"),
        ([0.5, 1.5, -0.1], "row", r"row 2: column 'p': .*1\.5.* \(and 1 more row: 3\)"),
        ([0.5, None], "row", "row 2: column 'p' is empty"),
        ([True, False], "row", "holds no numbers, but bool"),
        (["0.5", "0.7"], "row", "holds no numbers"),
    ],
)
def test_numbers_outside_of_their_range(cells, unit, message):
    with pytest.raises(TableError, match=message):
        numbers(column(*cells, unit=unit), "p", 0, 1)


def test_numbers_may_lack_where_the_caller_says_so():
    found = numbers(column("0.5", ""), "p", 0, 1, may_be_empty=True)
    assert found.isna().tolist() == [False, True]
    assert found.index.tolist() == [2, 3]
