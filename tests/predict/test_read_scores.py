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
        (TABLE, "t.json", r"must end in one of \.csv, \.parquet, \.jsonl"),
        (TABLE.drop(columns="probability"), "t.csv", "no column probability; give a table"),
        (TABLE.assign(label=["maybe"] * 3), "t.csv", "label 'maybe'; use harmful or safe"),
    ],
)
def test_what_cannot_be_used_is_explained(tmp_path, table, name, message):
    table.to_csv(tmp_path / name, index=False)
    with pytest.raises(ValueError, match=message):
        read_scores(tmp_path / name, "video")


SPREADSHEET = "Modality;Probability;Label\r\nvideo;0,25;TRUE\r\nimage;1;\r\nvideo;0,5;NA\r\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949", "utf-16"])
def test_a_spreadsheets_csv(tmp_path, encoding):
    (tmp_path / "t.CSV").write_bytes(SPREADSHEET.encode(encoding))
    found = read_scores(tmp_path / "t.CSV", "video")
    assert found["probability"].tolist() == [0.25, 0.5]
    np.testing.assert_array_equal(found["label"], [1, np.nan])
    assert found.index.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modality,probability\nvideo,.5\nvideo,\n", "line 3: column 'probability' is empty"),
        ("modality,probability\nvideo,NaN\n", "line 2: column 'probability': 'NaN' is no number"),
        ("modality,probability\nvideo,2.2\n", "'2.2' is not between 0 and 1; write a fraction"),
        ("modality,probability\nvideo,.5\nvidoe,.5\n", "line 3: .*'vidoe'; use image or video"),
        ("modality,probability\nimage,.5\n", "no row of modality video; the table has 1 of image"),
        ("modality,probability\n", "no row of modality video; the table has 0"),
        ("modality,probability,lable\nvideo,.5,1\n", "no column 'label'; did you mean 'lable'"),
        ("modality,probabilty\nvideo,.5\n", "no column 'probability'; did you mean 'probabilty'"),
        ("modality,probability,label,Label\nvideo,.5,1,0\n", "columns 3 .* and 4 .* same name"),
        ("modality,probability,label\nvideo,.5,#REF!\n", "line 2: label '#REF!'; it is an error"),
        (
            "modality,probability,label\nvideo,.5,Safe\n",
            "line 2: label 'Safe'; use harmful or safe",
        ),
        ("modality,probability,group\nvideo,.5,1\nvideo,.5,1.0\n", "line 3: .*are one number"),
        ("modality,probability,path\nvideo,.5,=A1\n", "line 2: column 'path': '=A1': it is a form"),
        ('modality,probability,n\nvideo,.5,"1\n2"\nvideo,x,\n', "line 4: .*'x' is no number"),
    ],
)
def test_mistakes_in_a_csv_are_named_with_their_line(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_scores(tmp_path / "t.csv", "video")
    assert str(caught.value).startswith(f"{tmp_path / 't.csv'}: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probability": [0.1, 0.2, None]}, "row 3: column 'probability' is empty"),
        ({"probability": [0.1, 0.2, 3.0]}, "row 3: .* is not between 0 and 1"),
        ({"probability": ["0.1", "0.2", "x"]}, "row 1: column 'probability' holds no numbers"),
        ({"Label": 1, "label": 0}, "columns 4 .* and 5 .* have the same name"),
    ],
)
def test_mistakes_in_a_parquet_file_are_named_with_their_row(tmp_path, change, message):
    TABLE.assign(**change).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=message):
        read_scores(tmp_path / "t.parquet", "video")


def test_folders_of_a_table_from_windows():
    table = pd.DataFrame({"path": [rf"in\{i // 2}\{i}.mp4" for i in range(12)]})
    assert with_sources(table)[0]["group"].nunique() == 6
    with pytest.raises(ValueError, match="column path has 1 empty cells"):
        with_sources(pd.DataFrame({"path": ["a", None]}))


def test_a_column_is_named_in_any_case():
    assert with_sources(FOLDERS, " Lens ")[1] == "lens"


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
