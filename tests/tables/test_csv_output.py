"""CSV files of ours: no name splits a row or becomes a formula, and all come back as they were."""

import csv
import io
import math
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harmlib.tables import csv_output
from harmlib.tables.csv_output import RowWriter, as_text, from_text, read_csv, write_csv

NAMES = [
    "=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1",
    "'=1", "''=1", "'a", "'", "a\rb", "a\nb", "a\r\nb", "\r", "\n\r", "a,b", 'q"u"o', "a;b",
    "{{x}}", "$(x)", "<b>", "가.mp4", "😀", " =1", "nan.jpg", "a\x1fb",
]  # fmt: skip
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@given(st.one_of(st.sampled_from(NAMES), TEXT))
def test_a_text_comes_back_and_is_no_formula(text):
    written = as_text(text)
    assert from_text(written) == text
    assert not written.startswith(FORMULAS)


def test_a_table_comes_back(tmp_path):
    table = pd.DataFrame({"path": NAMES, "n": range(len(NAMES)), "x": -0.5})
    table.loc[3, "x"] = float("nan")
    write_csv(table, tmp_path / "a.csv")
    again = read_csv(tmp_path / "a.csv", keep_default_na=False, na_values={"x": [""]})
    pd.testing.assert_frame_equal(again, table, check_dtype=False)
    text = (tmp_path / "a.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == 1 + len(NAMES)
    assert all(len(row) == 3 and not row[0].startswith(FORMULAS) for row in rows[1:])
    assert rows[1][2] == "-0.5", "numbers stay numbers"


@given(st.lists(st.tuples(TEXT, st.floats(allow_nan=False)), min_size=1, max_size=5))
def test_rows_one_at_a_time_are_those_of_the_table(rows):
    file = io.StringIO(newline="")
    writer = RowWriter(file, ["path", "x"])
    for path, x in rows:
        writer.write({"path": path, "x": x})
    file.seek(0)
    read = list(csv.DictReader(file))
    assert [(from_text(row["path"]), float(row["x"])) for row in read] == rows


def test_usual_tables_are_what_they_were(tmp_path):
    table = pd.DataFrame({"path": ["videos/가.mp4", "b,c"], "n": [1, -2], "ok": [True, False]})
    write_csv(table, tmp_path / "a.csv")
    table.to_csv(tmp_path / "b.csv", index=False, encoding="utf-8-sig")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@given(
    st.lists(
        st.tuples(
            st.floats() | st.floats(-1, 1) | st.integers(-5, 5).map(float),
            st.integers(-(2**63), 2**63 - 1), st.booleans(), st.none() | TEXT | st.just("nan"),
        ),
        max_size=8,
    )
)  # fmt: skip
@example([(x, 0, True, "a") for x in (-0.0, 1e-4, 9e-5, 0.1, 21483128017.835, 1e16, -1e22, 5e-324)])
def test_the_bytes_are_those_of_pandas(rows):
    table = pd.DataFrame(rows, columns=["x", "n", "ok", "text"])
    table = table.astype({"x": float, "n": "int64", "ok": bool, "text": "str"})
    with tempfile.TemporaryDirectory() as folder:
        write_csv(table, Path(folder, "a.csv"))
        written = Path(folder, "a.csv").read_bytes()
    file = io.StringIO(newline="")
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(table)
    for x, n, ok, text in table.itertuples(index=False):
        cells = ["" if math.isnan(x) else repr(x), n, ok, "" if pd.isna(text) else as_text(text)]
        rows.writerow(cells)
    plain = not any("\r" in str(text) or "\n" in str(text) for text in table["text"])
    assert not plain or written == file.getvalue().encode("utf-8-sig")


def test_many_rows_are_written_in_parts_that_fit(tmp_path, monkeypatch):
    table = pd.DataFrame(
        {"x": [0.25, 1.0, float("nan"), 1e-7, 3e10], "ok": True, "t": list("abcde")}
    )
    write_csv(table, tmp_path / "a.csv")
    monkeypatch.setattr(csv_output, "_ROWS", 2)
    write_csv(table, tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    table.to_csv(tmp_path / "c.csv", index=False, encoding="utf-8-sig")
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "c.csv").read_bytes()


def test_names_that_are_not_utf8_are_written_out(tmp_path):
    table = pd.DataFrame({"path": pd.Series(["a\udcff.jpg"], dtype=object)})
    write_csv(table, tmp_path / "a.csv")
    assert read_csv(tmp_path / "a.csv")["path"].tolist() == ["a\\udcff.jpg"]


@pytest.mark.parametrize("cell", [1, None, 0.5, True, b"=x"])
def test_only_texts_are_marked(tmp_path, cell):
    write_csv(pd.DataFrame({"a": pd.Series([cell, "=x"], dtype=object)}), tmp_path / "a.csv")
    assert read_csv(tmp_path / "a.csv")["a"].tolist()[1] == "=x"
