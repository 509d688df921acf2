"""Tables of scores, with labels as people write them."""

import numpy as np
import pandas as pd
import pytest

from harmlib.predict.read_scores import read_scores, with_sources

TABLE = pd.DataFrame(
    {"path": ["a", "b", "c"], "modality": ["video", "image", "video"], "probability": [0.1, 0.2, 1]}
)
WRITERS = {
    "t.csv": lambda table, path: table.to_csv(path, index=False),
    "t.parquet": lambda table, path: table.to_parquet(path),
    "t.jsonl": lambda table, path: table.to_json(path, orient="records", lines=True),
}


@pytest.mark.parametrize("name", WRITERS)
def test_rows_of_one_modality_in_every_format(tmp_path, name):
    WRITERS[name](TABLE, tmp_path / name)
    found = read_scores(tmp_path / name, "video")
    assert found["path"].tolist() == ["a", "c"]
    assert found["probability"].tolist() == [0.1, 1.0]
    assert "label" not in found


@pytest.mark.parametrize(
    ("labels", "numbers"),
    [
        (["harmful", "x", "safe"], [1, 0]),
        ([1, "x", 0], [1, 0]),
        (["harmful", "x", None], [1, np.nan]),
        ([1.0, None, None], [1, np.nan]),
        ([None, None, None], [np.nan, np.nan]),
    ],
)
def test_labels_become_numbers(tmp_path, labels, numbers):
    TABLE.assign(label=labels).to_csv(tmp_path / "t.csv", index=False)
    found = read_scores(tmp_path / "t.csv", "video")["label"]
    np.testing.assert_array_equal(found.astype(float), numbers)


@pytest.mark.parametrize(
    ("table", "name", "message"),
    [
        (TABLE, "t.txt", r"must end in one of \.csv, \.parquet, \.jsonl"),
        (TABLE.drop(columns="probability"), "t.csv", "no column probability; give a table"),
        (TABLE.assign(label=["maybe"] * 3), "t.csv", "label 'maybe'; use harmful or safe"),
    ],
)
def test_what_cannot_be_used_is_explained(tmp_path, table, name, message):
    table.to_csv(tmp_path / name, index=False)
    with pytest.raises(ValueError, match=message):
        read_scores(tmp_path / name, "video")


FOLDERS = pd.DataFrame(
    {"path": [f"in/{i // 2}/{i}.mp4" for i in range(12)], "lens": list("aabbccddeeff")}
)


@pytest.mark.parametrize(
    ("change", "by", "sources", "told_by"),
    [
        (lambda t: t, None, 6, "folder"),
        (lambda t: t, "folder", 6, "folder"),
        (lambda t: t, "path", 12, "path"),
        (lambda t: t.iloc[:8], None, None, ""),  # four folders: they may be anything
        (lambda t: t.iloc[:8], "folder", 4, "folder"),
        (lambda t: t.assign(group="one"), None, 1, "group"),
        (lambda t: t.assign(group="one"), "lens", 6, "lens"),
        (lambda t: t.drop(columns="path"), None, None, ""),
    ],
)
def test_what_tells_the_sources(change, by, sources, told_by):
    table = change(FOLDERS)
    found, told = with_sources(table, by)
    assert told == told_by
    assert ("group" in found) == (sources is not None)
    if sources is not None:
        assert found["group"].nunique() == sources
    assert len(found) == len(table)


@pytest.mark.parametrize(
    ("change", "by", "message"),
    [
        (lambda t: t, "camera", "no column camera in the table of scores; it has path, lens"),
        (lambda t: t.assign(lens=t["lens"].where(t.index > 1)), "lens", "lens has 2 empty cells"),
        (lambda t: t.drop(columns="path"), "folder", "no column path"),
    ],
)
def test_sources_that_cannot_be_told(change, by, message):
    with pytest.raises(ValueError, match=message):
        with_sources(change(FOLDERS), by)
