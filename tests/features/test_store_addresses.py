"""The store at addresses: as a folder, in memory, on an S3 server of this machine."""

import logging
import pickle
import uuid

import boto3
import fsspec
import numpy as np
import pytest
from moto.server import ThreadedMotoServer

from harmlib.address import AddressError, Unreachable
from harmlib.features import store_content
from harmlib.features.store import FeatureStore, set_damaged_aside
from harmlib.features.vector_files import part_content

SECRETS = ("hidden1", "hidden2")


@pytest.fixture(scope="module")
def server():
    with pytest.MonkeyPatch.context() as environment:
        for name, value in (
            ("AWS_ACCESS_KEY_ID", SECRETS[0]),
            ("AWS_SECRET_ACCESS_KEY", SECRETS[1]),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_MAX_ATTEMPTS", "1"),
        ):
            environment.setenv(name, value)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
        server.start()
        host, port = server.get_host_and_port()
        environment.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        fsspec.filesystem("s3").clear_instance_cache()
        boto3.client("s3").create_bucket(Bucket="bucket")
        yield server
        server.stop()


@pytest.fixture(params=["memory", "s3"])
def root(request):
    """An address at which nothing is yet."""
    folder = uuid.uuid4().hex[:8]
    if request.param == "memory":
        return f"memory://{folder}/features"
    request.getfixturevalue("server")
    return f"s3://bucket/{folder}/features/"


@pytest.fixture
def store(root, monkeypatch):
    monkeypatch.setattr(store_content, "COMPACT_PARTS", 3)
    return FeatureStore(root, "clip", {"size": 64})


def rows(count, first=0):
    return {f"{i:064x}": np.full(700, i, np.float32) for i in range(first, first + count)}


def files(root):
    system, path = fsspec.url_to_fs(root)
    system.invalidate_cache()
    return system, sorted(system.find(path))


def holds(store, vectors):
    asked = [*reversed(vectors), *vectors]
    return np.array_equal(store.load(asked), np.stack([vectors[sha256] for sha256 in asked]))


def test_vectors_without_a_table_go_when_they_are_old(store, monkeypatch):
    vectors = rows(3)
    for sha256, row in vectors.items():
        store.add({sha256: row})
    store.folder.write("shard-0a.npy", b"left by a process that was killed")
    store.compact()
    assert len(store.folder.sizes("shard-*.npy")) == 2, "somebody may be about to write its table"
    monkeypatch.setattr(store_content, "_LEFT_SEC", -3600)
    for sha256, row in rows(3, first=9).items():
        store.add({sha256: row})
    store.compact()
    assert "shard-0a.npy" not in store.folder.sizes("shard-*.npy")
    assert holds(store, vectors)


def test_an_empty_store_misses_everything_and_writes_nothing(store, root):
    assert store.missing(["b", "a", "b"]) == ["b", "a"]
    assert not files(root)[1]
    set_damaged_aside(f"{root.rstrip('/')}/{store.name}")


def test_it_is_the_same_store_as_in_a_folder(store, root, tmp_path):
    local = FeatureStore(tmp_path, "clip", {"size": 64})
    for one in (store, local):
        for first in (0, 10, 20, 30):
            one.add(rows(10, first))
    for compact in (False, True):
        if compact:
            store.compact()
            local.compact()
        assert holds(store, rows(40))
        assert store.missing(["x", *rows(45)]) == ["x", *list(rows(5, 40))]
        system, paths = files(root)
        assert {path.rpartition("/")[2]: system.cat_file(path) for path in paths} == {
            path.name: path.read_bytes() for path in local.dir.iterdir()
        }
    assert len(files(root)[1]) == 3


def test_few_of_many_are_read_in_pieces(store):
    vectors = rows(400)
    for first in range(0, 400, 100):
        store.add(dict(list(vectors.items())[first : first + 100]))
    store.compact()
    some = {sha256: vectors[sha256] for sha256 in list(vectors)[3:400:130]}
    assert holds(store, some)


def test_what_another_process_adds_is_seen_at_once(store):
    store.add(rows(3))
    assert not store.missing(rows(3))
    other = pickle.loads(pickle.dumps(store))
    other.add(rows(3, 3))
    assert not store.missing(rows(6))
    other.add(rows(3, 6))
    other.compact()
    assert holds(store, rows(9))


@pytest.mark.parametrize("position", [2, 130, 5_000, -3])
@pytest.mark.parametrize("kind", ["part-", "shard-", "settings"])
def test_damage_is_set_aside_and_counts_as_missing(store, root, caplog, position, kind):
    for first in (0, 10, 20):
        store.add(rows(10, first))
    if kind == "shard-":
        store.compact()
    system, paths = files(root)
    damaged = next(path for path in paths if kind in path)
    content = bytearray(system.cat_file(damaged))
    content[position % len(content)] ^= 4
    system.pipe_file(damaged, bytes(content))
    set_damaged_aside(f"{root.rstrip('/')}/{store.name}")
    gone = store.missing(rows(30))
    if kind == "settings" or (kind == "shard-" and position == 2):
        assert not gone  # the head of a shard is mended
        assert not caplog.messages
        return
    (line,) = caplog.messages
    assert f"{root.rstrip('/')}/{store.name}/{kind}" in line
    assert "set aside as *.damaged, made again" in line
    assert len(gone) == (10 if kind == "part-" else 1)
    assert holds(store, {k: row for k, row in rows(30).items() if k not in gone})
    store.add({sha256: rows(30)[sha256] for sha256 in gone})
    assert holds(store, rows(30))
    assert any(path.endswith(".damaged") for path in files(root)[1])


@pytest.mark.usefixtures("server")
def test_what_another_machine_adds_is_seen_at_once():
    store = FeatureStore("s3://bucket/shared", "clip", {})
    store.add(rows(3))
    assert store.missing(rows(4)) == [f"{3:064x}"]
    part = part_content([f"{3:064x}"], rows(1, 3)[f"{3:064x}"][None])
    key = f"shared/{store.name}/part-other.parquet"
    boto3.client("s3").put_object(Bucket="bucket", Key=key, Body=part)
    assert holds(store, rows(4))


def test_a_file_address_is_a_folder_of_this_machine(tmp_path):
    store = FeatureStore(f"file://{tmp_path}/with space", "clip", {})
    store.add(rows(2))
    assert store.dir.parent == tmp_path / "with space"
    assert holds(FeatureStore(tmp_path / "with space", "clip", {}), rows(2))
    assert holds(FeatureStore(str(tmp_path / "with space"), "clip", {}), rows(2))


def test_a_store_elsewhere_has_no_folder_here(store):
    with pytest.raises(ValueError, match="is no folder of this machine"):
        _ = store.dir


@pytest.fixture
def joined(store):
    """The store with all its vectors in a shard."""
    for first in (0, 10, 20):
        store.add(rows(10, first))
    store.compact()
    return store


@pytest.mark.parametrize("error", [ConnectionError("reset by peer"), TimeoutError()])
def test_a_read_of_a_shard_that_fails_is_no_answer(joined, root, monkeypatch, caplog, error):
    system, _ = fsspec.url_to_fs(root)
    one = "_cat_file" if hasattr(system, "_cat_file") else "cat_file"
    real = getattr(system, one)

    def fail(path, start=None, end=None, **_):
        if path.endswith(".npy"):
            raise error
        return real(path, start=start, end=end)

    async def fail_later(*args, **kwargs):
        found = fail(*args, **kwargs)
        return await found

    with monkeypatch.context() as broken:
        broken.setattr(system, one, fail_later if one == "_cat_file" else fail)
        with pytest.raises(Unreachable, match="shard-"):
            joined.load(rows(3))
    assert not caplog.messages
    assert holds(joined, rows(30))


def test_a_shard_that_vanishes_while_it_is_read_counts_as_missing(joined, root, monkeypatch):
    system, _ = fsspec.url_to_fs(root)
    real = system.cat_ranges

    def vanish(paths, *args, **kwargs):
        for path in set(paths):
            system.rm_file(path)
        return real(paths, *args, **kwargs)

    monkeypatch.setattr(system, "cat_ranges", vanish)
    with pytest.raises(KeyError, match="3 of 3 items have no vector"):
        joined.load(rows(3))


@pytest.mark.usefixtures("server")
def test_no_bucket_is_made_of_a_mistyped_name():
    with pytest.raises(OSError, match="s3://buckte/features/clip-"):
        FeatureStore("s3://buckte/features", "clip", {}).add(rows(1))
    names = [one["Name"] for one in boto3.client("s3").list_buckets()["Buckets"]]
    assert "buckte" not in names


# What an address shows of itself


def test_what_is_lacking_is_told_with_the_address(store, root):
    with pytest.raises(KeyError) as caught:
        store.load(["a" * 64])
    told = f"in {root.rstrip('/')}/{store.name} (first: aaaaaaaaaaaa…)"
    assert told in str(caught.value)


@pytest.mark.parametrize("address", ["s3://hidden1:hidden2@bucket/a", "s3://bucket/a?x=hidden1"])
def test_an_address_with_credentials_is_refused_without_showing_them(address):
    with pytest.raises(AddressError, match=r"s3://bucket/a: ") as caught:
        FeatureStore(address, "clip", {})
    assert not any(secret in str(caught.value) for secret in SECRETS)


@pytest.mark.usefixtures("server")
def test_a_store_that_does_not_answer_is_an_error_and_sets_nothing_aside(monkeypatch, caplog):
    monkeypatch.setattr(store_content, "COMPACT_PARTS", 2)
    store = FeatureStore("s3://bucket/unreachable", "clip", {})
    system, _ = fsspec.url_to_fs("s3://bucket/unreachable")

    asked = []

    def refuse(*_, **__):
        asked.append(1)
        raise PermissionError(13, f"denied to https://{SECRETS[0]}:{SECRETS[1]}@host/?q=hidden1")

    def refused(action, *calls):
        with monkeypatch.context() as broken:
            for name in calls:
                broken.setattr(system, name, refuse)
            with pytest.raises(Unreachable, match="s3://bucket/unreachable/clip-") as caught:
                action()
        assert not any(secret in str(caught.value) for secret in SECRETS)
        assert caught.value.__suppress_context__

    refused(lambda: store.add(rows(1)), "pipe_file")
    store.add(rows(3))
    refused(lambda: store.missing(rows(3)), "glob")
    refused(lambda: store.missing(rows(3)), "cat")
    store.add(rows(3, 3))
    store.compact()
    asked.clear()
    refused(lambda: store.load(rows(3)), "cat_ranges")
    assert len(asked) == 1  # nothing is mended where nothing answers
    assert not caplog.messages
    assert holds(store, rows(6))
