"""Files at addresses: listed page by page, fetched, bounded on disk, lost with a reason."""

import io
import os
import threading

import fsspec
import pytest
import requests
from object_store import BUCKET, KEY, SECRET, s3_server

from harmlib.address import Address, AddressError, address, place
from harmlib.media import remote_files
from harmlib.media.fetching import Copies, fetched_ahead, local_file
from harmlib.media.file_state import file_state
from harmlib.media.find import find_files
from harmlib.media.ledger import Unusable

ROOT = f"s3://{BUCKET}"


@pytest.fixture(scope="module")
def store():
    with pytest.MonkeyPatch.context() as patch, s3_server(patch) as system:
        yield system


def names(found):
    return [str(one).removeprefix(f"{ROOT}/") for one in found]


def test_a_bucket_is_listed_page_by_page_in_order_without_hidden_names(store, monkeypatch):
    monkeypatch.setattr(remote_files, "_PAGE", 3)
    wanted = [f"listed/{folder}/{i}.jpg" for folder in ("a", "b") for i in range(4)]
    for name in [*wanted, "listed/.hidden/x.jpg", "listed/a/.x", "listed-not/x.jpg"]:
        store.pipe_file(f"{BUCKET}/{name}", b"abc")
    found = list(find_files([f"{ROOT}/listed/"]))
    assert names(found) == wanted
    assert {one.listed.size for one in found} == {3}
    assert all(one.listed.tag and one.listed.mtime_ns for one in found)
    assert names(find_files([f"{ROOT}/listed/*/1.jpg"])) == ["listed/a/1.jpg", "listed/b/1.jpg"]
    again = [f"{ROOT}/listed/a/1.jpg", f"{ROOT}/listed/a", f"{ROOT}/listed"]
    assert sorted(names(find_files(again))) == wanted, "none twice"
    lines = io.BufferedReader(io.BytesIO(f"{ROOT}/listed/b/0.jpg\n".encode()))
    assert names(find_files(["-"], stdin=lines)) == ["listed/b/0.jpg"]


@pytest.mark.usefixtures("store")
def test_what_leads_nowhere_is_unusable_and_says_why():
    secret = f"s3://{KEY}:{SECRET}@{BUCKET}/a.jpg"
    found = list(find_files([f"{ROOT}/nowhere", "s3://no-such-bucket/a", "ftpx://host/a", secret]))
    assert all(isinstance(one, Unusable) and one.step == "find" for one in found)
    reasons = [one.reason for one in found]
    assert "there is nothing" in reasons[0]
    assert "there is nothing" in reasons[1]
    assert "ftpx" in reasons[2]
    assert "came with credentials" in reasons[3]
    assert found[3].path == f"{ROOT}/a.jpg"
    assert SECRET not in repr(found)


def test_a_missing_package_is_named_by_its_extra(monkeypatch):
    def missing(_):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with (
        pytest.raises(AddressError, match=r'pip install "harmlib\[s3\]"'),
        local_file(address("s3://bucket/a")),
    ):
        pass


def test_a_state_changes_with_the_content_and_not_by_itself(store):
    store.pipe_file(f"{BUCKET}/state/a.jpg", b"one")
    (first,), (again,) = find_files([f"{ROOT}/state"]), find_files([f"{ROOT}/state"])
    assert file_state(first) == file_state(again)
    asked = file_state(place(f"{ROOT}/state/a.jpg"))
    assert asked.size == 3
    assert asked.inode == file_state(first).inode
    store.pipe_file(f"{BUCKET}/state/a.jpg", b"two")
    (changed,) = find_files([f"{ROOT}/state"])
    assert file_state(changed).inode != file_state(first).inode
    with local_file(first) as before, local_file(changed) as now:
        assert now.read_bytes() == b"two"
        assert before != now


def test_copies_are_removed_when_others_need_the_room(store, tmp_path):
    for i in range(6):
        store.pipe_file(f"{BUCKET}/room/{i}.bin", bytes([i]) * 100)
    copies = Copies(tmp_path, idle_bytes=250)
    places = list(find_files([f"{ROOT}/room"]))
    for i, one in enumerate(places):
        with copies.held(one) as path:
            assert path.read_bytes() == bytes([i]) * 100
            assert path.suffix == ".bin"
            assert len(list(tmp_path.iterdir())) <= 3
    kept = {path.read_bytes()[0] for path in tmp_path.iterdir()}
    assert kept == {4, 5}, "the last ones, within the bound"
    with copies.held(places[5]) as path, copies.held(places[5]) as same:
        assert path == same, "fetched once"
        for one in places[:5]:
            with copies.held(one):
                assert path.exists(), "what is read stays"


def test_files_are_fetched_ahead_in_order_and_not_too_many(store):
    for i in range(12):
        store.pipe_file(f"{BUCKET}/ahead/{i:02}.bin", bytes(10))
    taken = []

    def found():
        for one in find_files([f"{ROOT}/ahead"]):
            taken.append(one)
            yield one

    arrived = fetched_ahead(found(), ahead=3)
    first = next(arrived)
    assert len(taken) == 3
    assert names([first, *arrived]) == [f"ahead/{i:02}.bin" for i in range(12)]


def test_what_cannot_be_fetched_is_unusable_and_the_others_come(store):
    store.pipe_file(f"{BUCKET}/gone/a.jpg", b"a")
    store.pipe_file(f"{BUCKET}/gone/b.jpg", b"b")
    found = list(find_files([f"{ROOT}/gone"]))
    store.rm_file(f"{BUCKET}/gone/a.jpg")
    first, second = fetched_ahead(found)
    assert (first.step, first.path) == ("fetch", f"{ROOT}/gone/a.jpg")
    assert "there is nothing" in first.reason
    assert second == found[1]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError("Forbidden"), "access denied (Forbidden)"),
        (TimeoutError(), "no answer in time"),
        (
            RuntimeError(f"http://{KEY}:{SECRET}@host/x?Signature=abc {SECRET}"),
            "RuntimeError",
        ),
    ],
)
def test_whatever_a_store_raises_is_one_files_loss_without_secrets(store, monkeypatch, error, said):
    store.pipe_file(f"{BUCKET}/denied/a.jpg", b"a")
    found = list(find_files([f"{ROOT}/denied"]))

    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(fsspec.filesystem("s3"), "get_file", refuse)
    (lost,) = fetched_ahead(found)
    assert isinstance(lost, Unusable)
    assert said in lost.reason
    assert not any(word in lost.reason for word in (SECRET, KEY, "Signature"))


@pytest.mark.usefixtures("store")
def test_a_bucket_that_refuses_is_one_row():
    where = os.environ["AWS_ENDPOINT_URL"] + "/moto-api/reset-auth"
    requests.post(where, data=b"0", timeout=9)  # from now on nobody is known there
    try:
        (lost,) = find_files([ROOT])
    finally:
        requests.post(where, data=b"inf", timeout=9)
    assert (lost.path, lost.reason) == (ROOT, "access denied (Forbidden)")


def test_a_full_disk_ends_the_run_instead_of_losing_every_file(store, monkeypatch):
    store.pipe_file(f"{BUCKET}/full/a.jpg", b"a")
    found = list(find_files([f"{ROOT}/full"]))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fsspec.filesystem("s3"), "get_file", full)
    with pytest.raises(OSError, match="No space left"):
        list(fetched_ahead(found))


def test_a_cut_off_copy_is_no_copy(store):
    store.pipe_file(f"{BUCKET}/cut/a.jpg", b"whole")
    (found,) = find_files([f"{ROOT}/cut"])
    told = Address(found.text, found.listed._replace(size=99))
    (lost,) = fetched_ahead([told])
    assert "5 bytes came, 99 were listed" in lost.reason


def test_threads_that_want_one_file_fetch_it_once(store, tmp_path, monkeypatch):
    store.pipe_file(f"{BUCKET}/once/a.jpg", b"a")
    (found,) = find_files([f"{ROOT}/once"])
    copies, fetches = Copies(tmp_path), []
    real = Copies._fetch
    monkeypatch.setattr(Copies, "_fetch", lambda *given: fetches.append(given) or real(*given))

    def hold():
        with copies.held(found) as path:
            assert path.read_bytes() == b"a"

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetches) == 1


def test_overlapping_patterns_and_folders_give_a_file_once():
    memory = fsspec.filesystem("memory")
    for name in ("a.jpg", "b.jpg"):
        memory.pipe(f"/overlapping/{name}", b"")
    lines = ["memory://overlapping/*.jpg", "memory://overlapping/a.*",
             "memory://overlapping/a.jpg", "memory://overlapping"]  # fmt: skip
    found = [str(one) for one in find_files(lines)]
    assert found == ["memory://overlapping/a.jpg", "memory://overlapping/b.jpg"]


@pytest.mark.parametrize(
    "text", ["s3://key:sec/ret@bucket/a", "s3://key@bucket/a", "ftp://me:pw@host/a"]
)
def test_credentials_are_seen_in_any_form(text):
    with pytest.raises(AddressError, match="came with credentials") as refused:
        address(text)
    assert "ret@" not in str(refused.value)
    assert "pw" not in str(refused.value)


def test_a_container_of_azure_is_no_user():
    assert str(address("abfs://media@account.dfs.core.windows.net/a")).startswith("abfs://media@")


def test_a_file_system_that_cannot_be_opened_is_a_reason():
    (lost,) = find_files(["github://nothing"])
    assert lost.step == "find"
