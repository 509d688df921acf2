"""The reader of CSV files: what it reads, and what it says of what it can't."""

import csv
import io
import re

import pytest
from csv_files import write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harmlib.tables.complaint import TableError
from harmlib.tables.table import read_table

# --- whatever is written can be read ----------------------------------------------------------

_TEXT = st.text(st.sampled_from("ab0가힣뷁 .,;\t\"'\n\r=é한"), max_size=6)
_CELL = _TEXT.map(str.strip).filter(lambda cell: not cell.startswith('="'))
_ROWS = st.lists(st.lists(_CELL, min_size=3, max_size=3).filter(any), max_size=6)
_LAYOUTS = st.tuples(
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)


def written(rows, separator, end, quoting):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting).writerows(rows)
    return text.getvalue()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_ROWS, layout=_LAYOUTS)
def test_round_trip_through_encodings_separators_and_quotes(tmp_path, rows, layout):
    encoding, separator, end, quoting = layout
    if any(end in cell for row in rows for cell in row for end in "\r\n"):
        quoting = csv.QUOTE_ALL  # Python's own writer quotes only the line end that it writes
    text = written([["path", "label", "note"], *rows], separator, end, quoting)
    frame = read_table(write(tmp_path, text, encoding)).frame
    assert frame.columns.tolist() == ["path", "label", "note"]
    assert frame.to_numpy().tolist() == rows


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    blocks=st.lists(
        st.one_of(st.integers(1, 4), st.sampled_from(["blank", "empty"])), min_size=1, max_size=12
    ),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_line_numbers_are_those_of_the_file(tmp_path, blocks, end):
    """Rows of several lines, blank lines and empty rows: the mark says where its row begins."""
    lines = ["path,note"]
    for block in blocks:
        if isinstance(block, str):
            lines.append("" if block == "blank" else ",")
        else:
            lines += [f'{len(lines) + 1},"1', *["x"] * (block - 1), 'end"']
    frame = read_table(write(tmp_path, end.join(lines))).frame
    assert frame["path"].tolist() == [str(line) for line in frame.index]
    assert len(frame) == sum(isinstance(block, int) for block in blocks)


def test_more_rows_than_are_read_at_once(tmp_path):
    text = "".join(f"{line},safe\n" for line in range(2, 25_002))
    for last in ("25002,safe\n", '25002,"safe"\n'):  # the fast way without quotes, and the other
        frame = read_table(write(tmp_path, f"path,label\n{text}{last}")).frame
        assert frame["path"].astype(int).tolist() == frame.index.tolist()
        assert set(frame["label"]) == {"safe"}
        assert len(frame) == 25_001


# --- headers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("path,label,Label", r"columns 2 \('label'\) and 3 \('Label'\) have the same name"),
        ("label,path,label", r"columns 1 \('label'\) and 3 \('label'\)"),
        ("path, LABEL ,label", r"columns 2 \('LABEL ?'\) and 3"),
        ("path,가,\u1100\u1161", "columns 2 .* and 3 "),
        ("path,x,\ufeffX", "columns 2 .* and 3 "),
        ("path,label;x", "line 1: the header's columns may be separated by comma or semicolon"),
        ("path;label\tx", "separated by semicolon or tab"),
        ("a,b;c\td", "separated by comma or semicolon or tab"),
        ('path,"label', r"line 1: a quote \(\"\) opens here and is never closed"),
        ('"path', "line 1: a quote .* never closed"),
        ("sep=|\npath|label", r"line 1: separator '\|'; use one of comma, semicolon, tab"),
        (",,\n;;", "no header"),
    ],
)
def test_headers_that_cannot_be_used(tmp_path, header, message):
    path = write(tmp_path, f"{header}\n")
    with pytest.raises(TableError, match=message) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("path,label\na,b\n", ()),
        ("path;label\na;b\n", ()),
        ("path\tlabel\na\tb\n", ()),
        ("\n\n PATH , Label \na , b\n", ()),
        ('"path","label"\n"a","b"\n', ()),
        ("sep=;\npath;label\na;b\n", ()),
        ("path,label,\na,b,\n", ()),
        (",path,label\n0,a,b\n", ()),
        ("path,label\na,b,,\n", ()),
        ("path,label\n,,\n\n ,\na,b\n", ()),
        ("\u200bpath,label\xa0\n\ufeffa,b\u200b\n", ()),
        ("path,label\ra,b\r", ()),
        ('path,label\n"=""a""",b\n', ()),
        ("path,label,a;b\na,b,1\n", ("path", "label")),
        ("path;label;a, b\na;b;1\n", ("path", "label")),
        ('path,"x;y",label\na,1,b\n', ()),
        ('path;label;"say ""x"""\na;b;1\n', ()),
    ],
)
def test_what_means_the_same_is_read_alike(tmp_path, text, needed):
    frame = read_table(write(tmp_path, text), needed).frame
    assert frame[["path", "label"]].to_numpy().tolist() == [["a", "b"]]


@pytest.mark.parametrize("text", ["path,label", "path,label\n", "path,label\n,\n\n"])
def test_a_header_alone_is_a_table_without_rows(tmp_path, text):
    frame = read_table(write(tmp_path, text)).frame
    assert frame.columns.tolist() == ["path", "label"]
    assert len(frame) == 0


# --- rows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,b\nc,d,e\n", "line 3: 3 fields, but the header names 2 columns; put a cell that holds"),
        ("a,b\n\nc\n", "line 4: 1 field, but .* missing: label; write an empty cell"),
        ('"a\nb",c\nd,"e",f\n', "line 4: 3 fields"),
        ("a\n" * 12, r"line 2: .* \(and 11 more lines: 3, 4, 5, 6, 7, …\)$"),
        ("a\nb,c,d\n", r"line 2: 1 field, .* \(and 1 more line: 3\)$"),
        ('a\n"b', "line 2: 1 field"),
        ('a,b\n"c,d\ne,f\n', r"line 3: a quote .* opens here and is never closed"),
        ('"x\ny","z\n', "line 3: a quote .* never closed"),
        ('a,b\n"c,d\ne,f\n"g",h\n', "line 3: a quote .* opens here and closes in the middle"),
        ('"a" ,b\n', "line 2: a quote .* nothing between"),
        ('a,b\r"c,d\re,f\r', "line 3: a quote .* never closed"),
        (f"a,b\n{'c' * 140_000},d\n", "line 3: a cell of more than 131,072 signs"),
        (f'"a",b\n"{"c" * 140_000}",d\n', "line 3: a cell of more than 131,072 signs"),
        (f'a,b\n"c,{"x,y" * 50_000}\n', "line 3: "),
        ("a,b\npath,label\nc,d\n", "line 3: the header stands here again"),
    ],
)
def test_rows_that_cannot_be_used(tmp_path, rows, message):
    path = write(tmp_path, f"path,label\n{rows}")
    with pytest.raises(TableError, match=message) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_cells_below_no_name(tmp_path):
    with pytest.raises(TableError, match="line 3: column 3 has no name, but holds '7'; name it"):
        read_table(write(tmp_path, "path,label,\na,b,\nc,d,7\n"))
    with pytest.raises(TableError, match="line 2: column 3 has no name, but holds '0'"):
        read_table(write(tmp_path, "path,label,\na,b,0\nc,d,1\n"))
    with pytest.raises(TableError, match="line 2: column 1 has no name, but holds '5'"):
        read_table(write(tmp_path, ",path\n5,a\n6,b\n"))


# --- anything at all --------------------------------------------------------------------------

_PIECES = st.sampled_from(
    ["path", "label", ",", ";", "\t", "\n", "\r\n", "\r", '"', '""', " ", "=", "가", "sep=;", "\0"]
)
_BYTES = st.one_of(
    st.lists(_PIECES, max_size=30).map("".join).map(str.encode),
    st.lists(_PIECES, max_size=30).map("".join).map(lambda text: text.encode("utf-16")),
    st.lists(_PIECES, max_size=30).map("".join).map(lambda text: text.encode("cp949")),
    st.binary(max_size=60),
)


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=_BYTES)
def test_any_file_is_read_or_refused_with_a_line_that_it_has(tmp_path, content):
    path = write(tmp_path, content)
    lines = []
    try:
        frame = read_table(path, ["path"]).frame
        lines, said = frame.index.tolist(), f"{path}: read"
    except TableError as error:
        said = str(error)
    told = re.match(re.escape(str(path)) + r": (?:line (\d+): )?\w", said)
    assert told, f"no file, or no reason: {said}"
    lines += [int(told[1])] if told[1] else []
    # No encoding has a line end without one of these bytes.
    assert all(1 <= line <= 1 + content.count(b"\n") + content.count(b"\r") for line in lines)
