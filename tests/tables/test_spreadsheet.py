"""Names that went through a spreadsheet."""

import pandas as pd
import pytest

from harmlib.tables.complaint import TableError
from harmlib.tables.spreadsheet import check_groups, check_texts
from harmlib.tables.table import Table


def column(*cells):
    index = pd.RangeIndex(2, 2 + len(cells), name="line")
    return Table("t.csv", pd.DataFrame({"group": cells}, index=index, dtype="str"))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["a", "04-Mar"], "line 3: column 'group': '04-Mar' looks like a date"),
        (["Mar-04"], "looks like a date"),
        (["4-mar-26", "5-mar-26"], r"looks like a date .* \(and 1 more line: 3\)"),
        (["03월 04일"], "looks like a date"),
        (["2026-03-04", "3-14"], "line 2: .*'2026-03-04' looks like a date"),
        (["3/4/2026", "cam"], "looks like a date"),
        (["2026-03-04 00:00:00", "cam"], "looks like a date"),
        (["1", "1.0"], "line 3: .* '1.0' and '1' in line 2 are one number"),
        (["007", "x", "7", "7"], r"line 4: .* '7' and '007' in line 2 .* \(and 1 more line: 5\)"),
        (["1.23E+11"], "a spreadsheet rounded a longer name"),
        (["#NAME?"], "an error of a spreadsheet"),
        (["#####"], "an error of a spreadsheet"),
        (["=B2"], "a formula"),
        (["=VLOOKUP(A1,B:C,2)"], "a formula"),
        (["=-lens"], "a formula"),
    ],
)
def test_groups_that_a_spreadsheet_changed(cells, message):
    with pytest.raises(TableError, match=message):
        check_groups(column(*cells), "group")


@pytest.mark.parametrize(
    "cells",
    [
        ["2026-03-04", "2026-03-05", ""],
        ["1.0", "2.0", "1.0"],
        ["007", "008", ""],
        ["cam-1", "cam-2", "1e5"],
        ["may-be", "Mar-a-Lago", "3-14", "1-2-3"],
        ["=lens", "#1", "E+11"],
        ["", ""],
    ],
)
def test_groups_that_are_just_names(cells):
    check_groups(column(*cells), "group")


@pytest.mark.parametrize("cell", ["#REF!", '=HYPERLINK("a")', '="a', "1.2E+10"])
def test_texts_that_a_spreadsheet_changed(cell):
    with pytest.raises(TableError, match="line 2: column 'group'"):
        check_texts(column(cell), "group")
    check_texts(column("=a.png", "#1.png", "04-Mar", "1", "1.0"), "group")
