import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harmlib.features.store import FeatureStore, join_features

SETTINGS = {"architecture": "tiny", "weights": "untrained:0", "size": 64}


def vector(value, dim=3):
    return np.full(dim, value, dtype=np.float32)


@pytest.fixture
def store(tmp_path):
    return FeatureStore(tmp_path, "clip", SETTINGS)


def test_an_empty_store_misses_everything_and_writes_nothing(store):
    assert store.missing(["b", "a", "b"]) == ["b", "a"]
    store.add({})
    assert not store.dir.exists()


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS | {"size": 96},
        SETTINGS | {"weights": "untrained:1"},
        SETTINGS | {"more": None},
        {k: v for k, v in SETTINGS.items() if k != "size"},
    ],
)
def test_any_other_setting_is_another_folder(tmp_path, store, settings):
    store.add({"a": vector(1)})
    other = FeatureStore(tmp_path, "clip", settings)
    assert other.dir != store.dir
    assert other.missing(["a"]) == ["a"]


def test_another_backbone_is_another_folder(tmp_path, store):
    other = FeatureStore(tmp_path, "yolo", SETTINGS)
    assert (store.dir.name.split("-")[0], other.dir.name.split("-")[0]) == ("clip", "yolo")


def test_the_same_settings_in_another_order_are_the_same_folder(tmp_path, store):
    store.add({"a": vector(1)})
    again = FeatureStore(tmp_path, "clip", dict(reversed(SETTINGS.items())))
    assert again.missing(["a", "b"]) == ["b"]
    assert json.loads((store.dir / "settings.json").read_text(encoding="utf-8")) == SETTINGS


def test_load_keeps_order_and_repeats_across_parts(store):
    store.add({"a": vector(1), "b": vector(2)})
    store.add({"c": vector(3)})
    loaded = store.load(["c", "a", "c", "b"])
    assert loaded.dtype == np.float32
    assert loaded.tolist() == [[3] * 3, [1] * 3, [3] * 3, [2] * 3]
    assert store.missing(["d", "c", "a", "d", "e"]) == ["d", "e"]


def test_what_is_there_twice_counts_once(store):
    store.add({"a": vector(1), "b": vector(2)})
    store.add({"a": vector(1)})
    store.add({"a": vector(1)})
    assert len(list(store.dir.glob("part-*"))) == 2
    assert store.load(["a", "b"]).tolist() == [[1] * 3, [2] * 3]


def test_vectors_survive_to_the_bit(store):
    row = np.random.default_rng(0).normal(size=700).astype(np.float32)
    store.add({"a": row})
    assert np.array_equal(store.load(["a"])[0], row)


@pytest.mark.parametrize(("asked", "count"), [(["x" * 64], "1 of 1"), (["a", "x" * 64], "1 of 2")])
def test_what_was_never_extracted_is_named(store, asked, count):
    if "a" in asked:
        store.add({"a": vector(1)})
    text = f"clip: {count} items have no vector in {store.dir} (first: {'x' * 12}…); run 01_"
    with pytest.raises(KeyError, match=re.escape(text)):
        store.load(asked)


def test_an_interrupted_part_is_ignored_and_written_anew(store, monkeypatch):
    store.add({"a": vector(1)})
    real = Path.write_bytes

    def cut_off(path, content):
        real(path, content[:20])
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", cut_off)
    with pytest.raises(OSError, match="disk full"):
        store.add({"b": vector(2)})
    monkeypatch.undo()
    assert not list(store.dir.glob("*.part"))
    assert store.missing(["a", "b"]) == ["b"]
    store.add({"b": vector(2)})
    assert store.load(["a", "b"]).tolist() == [[1] * 3, [2] * 3]


def unsealed(content):
    """As an earlier version wrote it."""
    buffer = io.BytesIO()
    pd.read_parquet(io.BytesIO(content)).to_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: content[:20], "cut off or damaged"),
        (lambda _: b"", "cut off or damaged"),
        (lambda content: content[:-1], "not that of its checksum"),
        (lambda content: content + b" ", "not that of its checksum"),
        (lambda content: content[::-1], "cut off or damaged"),
        (lambda content: content.replace(b"PAR1", b"PAR2"), "not that of its checksum"),
        (unsealed, "without a checksum: of an earlier version"),
    ],
)
def test_a_damaged_part_is_set_aside_in_one_line_and_its_vectors_are_missing(
    store, caplog, damage, reason
):
    store.add({"a": vector(1)})
    (part,) = store.dir.glob("part-*")
    store.add({"b": vector(2)})
    content = part.read_bytes()
    part.write_bytes(damage(content))
    assert store.missing(["a", "b"]) == ["a"]
    (line,) = caplog.messages
    assert str(part) in line
    assert reason in line
    assert "set aside as *.damaged, made again" in line
    with pytest.raises(KeyError, match="run 01_extract_features"):
        store.load(["a"])
    store.add({"a": vector(1)})
    assert part.read_bytes() == content
    assert store.load(["a", "b"]).tolist() == [[1] * 3, [2] * 3]


def test_many_damaged_parts_are_one_line(store, caplog):
    for name in "abc":
        store.add({name: vector(1)})
    for part in store.dir.glob("part-*"):
        part.write_bytes(b"")
    assert store.missing("abc") == ["a", "b", "c"]
    (line,) = caplog.messages
    assert "(and 2 more)" in line


def test_no_flipped_bit_is_read_as_another_number(store):
    numbers = np.random.default_rng(0)
    vectors = {f"{i:064x}": numbers.normal(size=32).astype(np.float32) for i in range(8)}
    store.add(vectors)
    (part,) = store.dir.glob("part-*")
    whole = part.read_bytes()
    for position in numbers.integers(len(whole) * 8, size=300):
        content = bytearray(whole)
        content[position // 8] ^= 1 << (position % 8)
        part.write_bytes(content)
        assert store.missing(vectors) == list(vectors)


def test_damaged_settings_are_written_anew(store):
    store.add({"a": vector(1)})
    (store.dir / "settings.json").write_bytes(b"{")
    store.add({"b": vector(1)})
    assert json.loads((store.dir / "settings.json").read_text(encoding="utf-8")) == SETTINGS


def test_join_puts_the_blocks_side_by_side(tmp_path, store):
    other = FeatureStore(tmp_path, "yolo", SETTINGS)
    store.add({"a": vector(1), "b": vector(2)})
    other.add({"b": vector(20, 2), "a": vector(10, 2)})
    matrix, dims = join_features({"yolo": other, "clip": store}, iter(["b", "a"]))
    assert matrix.tolist() == [[20, 20, 2, 2, 2], [10, 10, 1, 1, 1]]
    assert list(dims.items()) == [("yolo", 2), ("clip", 3)]
