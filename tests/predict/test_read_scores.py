"""Tables of scores, with labels as people write them."""

import numpy as np
import pandas as pd
import pytest

from harmlib.predict.read_scores import read_scores

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
