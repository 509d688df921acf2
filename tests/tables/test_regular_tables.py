"""A regular table is read at once, an irregular one row by row: nobody can tell the difference."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmlib.tables import table as tables
from harmlib.tables.csv_output import marked
from harmlib.tables.layout import find_layout

CELLS = st.text(st.characters(codec="utf-8", exclude_characters='\r\n",;\t\0'), max_size=4)


def layout(text):
    return find_layout(text, Path("a.csv"), ())


def alike(text):
    fast, slow = tables._regular(layout(text)), tables._row_by_row(layout(text))
    assert fast is not None
    # Spaces around a cell, which the csv module drops on one side, go in either case
    clean = [frame.apply(tables._clean) for frame in (fast, slow)]
    kept = [frame[(frame != "").any(axis=1)] for frame in clean]
    pd.testing.assert_frame_equal(*kept, check_index_type=False, check_column_type=False)
    return kept[0]


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_both_ways_read_the_same(rows, end):
    alike(end.join(["a,b", *map(",".join, rows)]) + end)


def test_a_blank_line_is_left_out_and_counted():
    assert alike("a,b\n1,2\n\n3,4\n").index.tolist() == [2, 4]


@pytest.mark.parametrize(
    "text",
    [
        'a,b\n"1",2\n',  # quotes
        "a,b\n1,2,3\n",  # a cell too many
        "a,b\n1\n",
        "a,b\n1,2\r3,4\n",  # several line ends
        "a,b\n",
        "a,b",
        f"a,b\n1,{'2' * 140_000}\n",  # more than the csv module reads
    ],
)
def test_an_irregular_table_is_left_to_the_csv_module(text):
    assert tables._regular(layout(text)) is None


def test_categorical_names_are_marked_as_texts_are():
    table = pd.DataFrame({"group": pd.Categorical(["=1+1", "b"])})
    assert marked(table)["group"].tolist() == ["'=1+1", "b"]
