"""Many parts joined into shards: to the bit, whoever reads or dies meanwhile, damage and all."""

import errno
import os
import threading
import time

import numpy as np
import pandas as pd
import pytest

from harmlib.features import store_content
from harmlib.features.store import FeatureStore, set_damaged_aside
from harmlib.features.store_folder import LocalFolder
from harmlib.media.sealed_table import write_sealed

DIM = 5
COUNT = 24


@pytest.fixture(autouse=True)
def two_parts_are_many(monkeypatch):
    monkeypatch.setattr(store_content, "COMPACT_PARTS", 2)


@pytest.fixture
def store(tmp_path):
    return FeatureStore(tmp_path, "clip", {})


@pytest.fixture
def vectors():
    numbers = np.random.default_rng(0)
    return {f"{i:064x}": numbers.normal(size=DIM).astype(np.float32) for i in range(COUNT)}


def added(store, vectors, parts=4):
    hashes = list(vectors)
    for one in range(parts):
        store.add({sha256: vectors[sha256] for sha256 in hashes[one::parts]})
    return store


def names(store, pattern="*"):
    return sorted(path.name for path in store.dir.glob(pattern))


def holds(store, vectors):
    """Whether the store gives back these vectors to the bit, in any order, with repeats."""
    asked = [*reversed(vectors), *vectors]
    return np.array_equal(store.load(asked), np.stack([vectors[sha256] for sha256 in asked]))


def test_parts_become_one_shard_that_others_can_open(store, vectors):
    added(store, vectors).compact()
    (matrix,) = store.dir.glob("shard-*.npy")
    (table,) = store.dir.glob("shard-*.parquet")
    assert names(store) == sorted(["settings.json", matrix.name, table.name])
    assert holds(store, vectors)
    assert store.missing(["a", *vectors, "b"]) == ["a", "b"]
    rows = pd.read_parquet(table)["sha256"]
    for sha256, row in zip(rows, np.load(matrix), strict=True):
        assert np.array_equal(row, vectors[sha256])


def test_one_vector_is_read_without_the_others(store, vectors, monkeypatch):
    added(store, vectors).compact()
    read, real = [], store.folder.read_ranges

    def counted(name, ranges):
        read.extend(stop - start for start, stop in ranges)
        return real(name, ranges)

    monkeypatch.setattr(store.folder, "read_ranges", counted)
    hashes = list(vectors)
    assert np.array_equal(store.load(hashes[7:8])[0], vectors[hashes[7]])
    assert read[1:] == [4 * DIM]
    assert store.missing(["x"]) == ["x"]
    assert len(read) == 2


def test_few_parts_stay(store, vectors, monkeypatch):
    monkeypatch.setattr(store_content, "COMPACT_PARTS", 5)
    added(store, vectors).compact()
    assert len(names(store, "part-*")) == 4


def test_shards_are_cut_at_their_size(store, vectors, monkeypatch):
    added(store, vectors, parts=8)
    size = next(store.dir.glob("part-*")).stat().st_size
    monkeypatch.setattr(store_content, "SHARD_BYTES", 3 * size)
    store.compact()
    assert len(names(store, "shard-*.npy")) == 3
    assert not names(store, "part-*")
    assert holds(store, vectors)
    assert not store.missing(vectors)


def test_what_was_added_twice_is_kept_once(store, vectors):
    added(store, vectors, parts=3)
    added(store, vectors, parts=4).compact()
    (matrix,) = store.dir.glob("shard-*.npy")
    assert np.load(matrix).shape == (COUNT, DIM)
    added(store, vectors).compact()  # in two shards now
    assert holds(store, vectors)


def test_the_same_parts_make_the_same_files(tmp_path, vectors):
    stores = [FeatureStore(tmp_path / name, "clip", {}) for name in "ab"]
    for one in stores:
        added(one, vectors).compact()
    assert names(stores[0]) == names(stores[1])
    for name in names(stores[0]):
        assert (stores[0].dir / name).read_bytes() == (stores[1].dir / name).read_bytes()


def test_parts_of_earlier_versions_are_read_and_joined(store, vectors):
    hashes = list(vectors)
    for some in (hashes[:9], hashes[9:]):
        table = pd.DataFrame({"sha256": some, "vector": [vectors[sha256] for sha256 in some]})
        write_sealed(table, store.dir / f"part-{some[0][-4:]}.parquet")
    assert holds(store, vectors)
    store.compact()
    assert holds(store, vectors)
    assert not names(store, "part-*")


# Others at the same time


@pytest.mark.parametrize("after", ["part-*.parquet", "shard-*.parquet", "shard-*.npy"])
def test_parts_that_are_joined_between_two_looks_are_found(store, vectors, monkeypatch, after):
    added(store, vectors)
    real, other = store.folder.sizes, FeatureStore(store.dir.parent, "clip", {})

    def overtaken(pattern):
        found = real(pattern)
        if pattern == after:
            other.compact()
        return found

    monkeypatch.setattr(store.folder, "sizes", overtaken)
    assert not store.missing(vectors)
    monkeypatch.undo()
    monkeypatch.setattr(store_content, "COMPACT_PARTS", 2)
    added(store, vectors, parts=3)
    monkeypatch.setattr(store.folder, "sizes", overtaken)
    assert holds(store, vectors)


def test_many_add_join_and_read_at_once(tmp_path):
    finished, failed, told = threading.Event(), [], []

    def guarded(work):
        def run():
            try:
                work()
            except Exception as error:
                failed.append(repr(error))
                raise

        return threading.Thread(target=run)

    def of(writer, i):
        return f"{writer:02}-{i:04}", np.full(DIM, writer * 1000 + i, np.float32)

    def add(writer):
        store = FeatureStore(tmp_path, "clip", {})
        for first in range(0, 120, 4):
            some = dict(of(writer, i) for i in range(first, first + 4))
            store.add(some)
            told.append(some)

    def join():
        store = FeatureStore(tmp_path, "clip", {})
        while not finished.is_set():
            store.compact()

    def read():
        store = FeatureStore(tmp_path, "clip", {})
        while not finished.is_set():
            some = {sha256: row for one in list(told) for sha256, row in one.items()}
            if some:
                assert not store.missing(some)
                assert np.array_equal(store.load(some), np.stack(list(some.values())))

    writers = [guarded(lambda writer=writer: add(writer)) for writer in range(3)]
    others = [guarded(join), guarded(join), guarded(read)]
    for thread in [*writers, *others]:
        thread.start()
    for thread in writers:
        thread.join()
    finished.set()
    for thread in others:
        thread.join()
    assert not failed
    store = FeatureStore(tmp_path, "clip", {})
    store.compact()
    assert holds(store, {sha256: row for one in told for sha256, row in one.items()})
    assert not names(store, "*.damaged")


@pytest.mark.parametrize("written", [0, 1, 2])
def test_who_dies_while_joining_loses_nothing(store, vectors, monkeypatch, written):
    added(store, vectors)
    left, real = [written], store.folder.write

    def killed(*_):
        raise KeyboardInterrupt

    def write(name, content):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        real(name, content)

    with monkeypatch.context() as dying:
        dying.setattr(store.folder, "write", write)
        if written == 2:
            dying.setattr(store.folder, "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            store.compact()
    assert len(names(store, "part-*")) == 4
    assert holds(store, vectors)
    assert not store.missing(vectors)
    store.compact()
    assert not names(store, "part-*")
    assert len(names(store, "shard-*")) == 2
    assert holds(store, vectors)


def test_what_killed_processes_have_left_goes_with_a_later_joining(store, vectors):
    """Vectors whose table was never written, and half files; not what somebody may be writing."""
    added(store, vectors, parts=2).compact()
    (told,) = names(store, "shard-*.npy")
    old, new = time.time() - 2 * 86400, time.time() - 3600
    for name, changed in {
        "shard-0a.npy": old, "shard-0b.npy": new, "shard-0a.npy.host-1-2.part": old,
        "shard-0b.npy.host-1-2.part": new, told: old,
    }.items():  # fmt: skip
        with (store.dir / name).open("ab"):
            pass
        os.utime(store.dir / name, (changed, changed))
    added(store, {sha256.replace("0", "f"): row for sha256, row in vectors.items()}, parts=2)
    store.compact()
    left = names(store, "shard-*.npy*")
    assert "shard-0a.npy" not in left
    assert "shard-0a.npy.host-1-2.part" not in left
    assert {"shard-0b.npy", "shard-0b.npy.host-1-2.part", told} <= set(left)
    assert holds(store, vectors)


# Damage


def flipped(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 1 << (position % 8)
    path.write_bytes(content)


def positions(path):
    """Every byte of the head and the end, and every third between."""
    size = path.stat().st_size
    return sorted({*range(min(size, 200)), *range(0, size, 3), *range(max(0, size - 100), size)})


def test_no_flipped_byte_of_vectors_is_read_as_another_number(store, vectors, caplog):
    added(store, vectors).compact()
    (path,) = store.dir.glob("shard-*.npy")
    table = path.with_suffix(".parquet")
    whole, index = path.read_bytes(), table.read_bytes()
    hashes = pd.read_parquet(table)["sha256"]
    for position in positions(path):
        caplog.clear()
        flipped(path, position)
        if position < 128:  # the head alone is damaged
            assert holds(store, vectors)
            assert path.read_bytes() == whole
            assert not caplog.messages
        else:
            gone = hashes[(position - 128) // (4 * DIM)]
            with pytest.raises(KeyError, match="2 of 48 items have no vector"):
                holds(store, vectors)
            assert store.missing(vectors) == [gone]
            assert holds(store, {k: row for k, row in vectors.items() if k != gone})
            (line,) = caplog.messages
            assert str(table) in line
            assert "set aside as *.damaged, made again" in line
        for one in store.dir.glob("shard-*"):
            one.unlink()
        path.write_bytes(whole)
        table.write_bytes(index)


def test_no_flipped_byte_of_a_shards_table_passes(store, vectors, caplog):
    added(store, vectors).compact()
    (path,) = store.dir.glob("shard-*.parquet")
    matrix = path.with_suffix(".npy")
    whole, numbers = path.read_bytes(), matrix.read_bytes()
    for position in positions(path):
        caplog.clear()
        flipped(path, position)
        assert store.missing(vectors) == list(vectors)
        (line,) = caplog.messages
        assert str(path) in line
        assert sorted(names(store, "shard-*")) == [
            f"{matrix.name}.damaged",
            f"{path.name}.damaged",
        ]
        path.write_bytes(whole)
        matrix.write_bytes(numbers)
    assert holds(store, vectors)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes() + b" "),
    ],
)
def test_vectors_that_are_cut_off_or_gone_count_as_missing(store, vectors, damage, caplog):
    added(store, vectors).compact()
    (path,) = store.dir.glob("shard-*.npy")
    damage(path)
    assert store.missing(vectors) == list(vectors)
    (line,) = caplog.messages
    assert "its vectors are cut off or missing" in line
    added(store, vectors).compact()
    assert holds(store, vectors)


def test_what_is_cut_off_after_it_was_listed_is_noticed(store, vectors, monkeypatch):
    added(store, vectors).compact()
    (path,) = store.dir.glob("shard-*.npy")
    real = store.folder.read_ranges

    def cut(name, ranges):
        path.write_bytes(path.read_bytes()[:-1])
        return real(name, ranges)

    monkeypatch.setattr(store.folder, "read_ranges", cut)
    with pytest.raises(KeyError, match="48 of 48 items have no vector"):
        holds(store, vectors)
    assert store.missing(vectors) == list(vectors)


def test_a_damaged_vector_that_is_not_asked_for_is_found_by_the_look_over_all(
    store, vectors, caplog
):
    added(store, vectors).compact()
    (path,) = store.dir.glob("shard-*.npy")
    flipped(path, 130)
    first, *others = pd.read_parquet(path.with_suffix(".parquet"))["sha256"]
    assert holds(store, {sha256: vectors[sha256] for sha256 in others})
    assert not caplog.messages
    set_damaged_aside(store.dir)
    assert "damaged: 1 vectors are not what was written" in caplog.text
    assert store.missing(vectors) == [first]


def test_a_damaged_part_is_not_joined(store, vectors):
    added(store, vectors)
    part = sorted(store.dir.glob("part-*"))[1]
    gone = pd.read_parquet(part)["sha256"].to_list()
    flipped(part, 300)
    store.compact()
    assert store.missing(vectors) == [sha256 for sha256 in vectors if sha256 in gone]
    assert names(store, "part-*") == [f"{part.name}.damaged"]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES, errno.ENOMEM])
@pytest.mark.parametrize("compact", [False, True])
def test_what_is_no_damage_sets_nothing_aside(tmp_path, monkeypatch, number, compact):
    store = FeatureStore(tmp_path, "clip", {})
    store.add({f"{i:064x}": np.full(3, i, np.float32) for i in range(3)})
    if compact:
        monkeypatch.setattr(store_content, "COMPACT_PARTS", 1)
        store.add({"b" * 64: np.zeros(3, np.float32)})
        store.compact()

    def fail(*_):
        raise OSError(number, "not now")

    before = sorted(path.name for path in store.dir.iterdir())
    with monkeypatch.context() as broken:
        broken.setattr(LocalFolder, "read_ranges" if compact else "read", fail)
        with pytest.raises(OSError, match="not now"):
            store.load([f"{0:064x}"])
    assert sorted(path.name for path in store.dir.iterdir()) == before
    assert len(store.load([f"{0:064x}"])) == 1
