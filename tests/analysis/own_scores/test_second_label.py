"""A second column of labels: another person's, who may have seen some of the items only."""

import numpy as np
import pytest

from harmlib.analysis.own_scores.reading import read_own_scores
from harmlib.params import TableReading
from harmlib.tables.complaint import TableError


def read(tmp_path, second, **reading):
    path = tmp_path / "scores.csv"
    lines = [f"i{k},{k % 2},{k / 80 + 0.001},{second(k)}" for k in range(40)]
    path.write_text("\n".join(["id,label,score,label2", *lines]), encoding="utf-8")
    return read_own_scores(path, TableReading(**reading), seed=1)


def test_it_is_read_as_labels_are_and_is_no_slice(tmp_path):
    own = read(tmp_path, lambda k: ["안전", "유해", ""][k % 3])
    second = own.items.set_index("item_id")["label2"]
    assert second[["i0", "i1"]].tolist() == [0.0, 1.0]
    assert np.isnan(second["i2"])
    told = own.read_as.set_index("name")["read_as"]
    assert (told["label2"], told["유해"]) == ("label2", "harmful")
    assert "slice" not in set(own.read_as["read_as"])


def test_one_class_of_second_labels_is_fine_but_an_unknown_word_is_not(tmp_path):
    assert (read(tmp_path, lambda _: "safe").items["label2"] == 0).all()
    with pytest.raises(TableError, match=r"(?s)label2.*perhaps"):
        read(tmp_path, lambda _: "perhaps")
