"""Lists of media that are spoilt, or that say what hypothesis likes: one error, one sentence."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from spoilt import EDITS, spoilt

from harmlib.media.listing import DataError, list_media, read_csv
from harmlib.params import DataParams

BUDGET = settings(
    max_examples=150, deadline=5000, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
GOOD = (
    "path,label,group,split\n"
    + "".join(f"images/{i}.jpg,{('safe', 'harmful')[i % 2]},cam 카{i // 3},\n" for i in range(12))
)  # fmt: skip
CELL = st.text(max_size=12) | st.sampled_from(
    ["harmful", "safe", "train", "val", "a.jpg", "../a", "/dev/zero", "\0", "\ud800", "=1+1", '"',
     "a" * 300, "C:\\x", "=\"007\"", "\r", "한글", "e\u0301"]
)  # fmt: skip


def holds_or_says(path):
    try:
        rows = read_csv(path)
    except DataError as error:
        message = str(error)
        assert message.startswith(str(path))
        assert len(message) < 5000
        return
    assert list(rows.columns)[:4] == ["path", "label", "group", "split"]
    assert rows["label"].isin(["harmful", "safe"]).all()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_spoilt_bytes(tmp_path, encoding):
    path = tmp_path / "a.csv"
    content = GOOD.encode(encoding)

    @BUDGET
    @given(EDITS, st.floats(0.01, 1.0))
    def holds(edits, keep):
        path.write_bytes(spoilt(content, edits, keep))
        holds_or_says(path)

    holds()


@BUDGET
@given(st.binary(max_size=400))
@example(b"path,label\n" + b'"' * 399)
def test_any_bytes(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    holds_or_says(path)


@BUDGET
@given(st.lists(st.lists(CELL, min_size=1, max_size=5), max_size=8), st.sampled_from(",;\t"))
def test_any_cells_below_a_good_header(tmp_path_factory, rows, separator):
    path = tmp_path_factory.getbasetemp() / "cells.csv"
    lines = [["path", "label", "group", "split"], *rows]
    text = "\n".join(separator.join(row) for row in lines)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    holds_or_says(path)
    root = path.parent
    try:
        listed = list_media(DataParams(root=str(root), image_csv=path.name), "image")
    except DataError:
        return
    assert len(listed) <= len(rows) + text.count("\r")
