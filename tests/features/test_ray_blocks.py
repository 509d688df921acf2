"""What travels between the stages on Ray, without Ray."""

import numpy as np
import pytest
import torch
from tiny_backbone import TinyBackbone

from harmlib.features import ray_blocks
from harmlib.features.ray_blocks import (
    file_tables,
    unit_tables,
    units_of,
    vector_table,
    vectors_in,
)
from harmlib.media.decode import MediaError

NAMES = ("clip", "slowfast")
BACKBONES = {name: TinyBackbone(name) for name in NAMES}


def units(seed, count):
    rng = np.random.default_rng(seed)
    shape = (count, *BACKBONES["clip"].unit_shape)
    return torch.from_numpy(rng.integers(0, 256, shape, dtype=np.uint8))


@pytest.fixture
def prepared():
    clips = torch.arange(2 * 3 * 32 * 4, dtype=torch.int64).to(torch.uint8)
    return [
        ("aa", False, {"clip": units(1, 3)}, 0.5),
        ("bb", False, MediaError("no picture"), 0.1),
        ("cc", True, {"clip": units(2, 1), "slowfast": clips.reshape(2, 3, 32, 2, 2)}, 0.2),
        ("dd", False, {"clip": units(3, 1).expand(4, -1, -1, -1)}, 0.2),  # not contiguous
    ]


def test_units_travel_and_arrive_as_they_were(prepared):
    (table,) = unit_tables(iter(prepared), NAMES)
    arrived = list(units_of(table, BACKBONES))
    assert [window.key for window, _ in arrived] == ["aa", "bb", "cc", "dd"]
    for (window, found), (_, _, sent, _) in zip(arrived, prepared, strict=True):
        if isinstance(sent, MediaError):
            assert str(found) == str(sent)
            continue
        assert window.backbones == tuple(sent)
        assert found.keys() == sent.keys()
        assert all(torch.equal(found[name], sent[name]) for name in sent)


def test_tables_of_units_are_bounded(prepared, monkeypatch):
    monkeypatch.setattr(ray_blocks, "YIELD_BYTES", 40)
    tables = list(unit_tables(iter(prepared * 10), NAMES))
    assert sum(map(len, tables)) == 40
    assert max(map(len, tables)) == 3
    assert tables[0].schema == tables[-1].schema


def test_vectors_are_null_where_there_is_none_and_sorted_in_their_shard(prepared):
    (table,) = unit_tables(iter(prepared), NAMES)
    vector = np.float32([1, 2])
    found = {"dd": {"clip": vector}, "aa": {"clip": vector + 1}, "cc": {"slowfast": vector + 2}}
    packed = vector_table(table, found, {"bb": "no picture"}, seconds=2.0)
    assert packed["reason"].to_pylist() == ["", "no picture", "", ""]
    assert packed["changed"].to_pylist() == [False, False, True, False]
    assert packed["compute_sec"].to_pylist() == [0.5] * 4
    kept = vectors_in(packed.take([3, 2, 1, 0]), "clip")
    assert list(kept) == ["aa", "dd"]
    assert kept["aa"].tolist() == [2, 3]
    assert list(vectors_in(packed, "slowfast")) == ["cc"]


def test_a_list_of_files_is_cut_and_each_part_carries_itself_alone(tmp_path, write_image, listed):
    items = listed([write_image(tmp_path / f"{i}.jpg", seed=i) for i in range(7)])
    items = items.assign(backbones="clip", label=1)
    tables = file_tables(items, 3)
    assert [len(table) for table in tables] == [3, 3, 1]
    assert "label" not in tables[0].column_names
    assert [sha256 for table in tables for sha256 in table["sha256"].to_pylist()] == list(
        items["sha256"]
    )
    assert tables[2].nbytes < tables[0].nbytes / 2
