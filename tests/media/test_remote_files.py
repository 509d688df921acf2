"""Files at addresses: listed page by page, fetched, bounded on disk, lost with a reason."""

import io
import os
import threading
import time

import fsspec
import pytest
import requests
from object_store import BUCKET, KEY, SECRET, s3_server

from harmlib.address import Address, AddressError, Listed, Unreachable, address, place
from harmlib.media import fetching, remote_files, remote_media
from harmlib.media.fetching import Copies, fetched_ahead, local_file
from harmlib.media.file_state import file_state
from harmlib.media.find import find_files
from harmlib.media.folders import DataError
from harmlib.media.layout import find_layout
from harmlib.media.ledger import Unusable
from harmlib.media.listing import list_media
from harmlib.params import DataParams

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
    system, asked = fsspec.filesystem("s3"), []
    real = type(system).call_s3
    monkeypatch.setattr(
        type(system), "call_s3", lambda *a, **more: asked.append(a[1]) or real(*a, **more)
    )
    found = []
    for one in find_files([f"{ROOT}/listed/"]):
        found.append(one)
        assert len(asked) <= len(found) // 2 + 1, "no page before it is wanted"
    assert names(found) == wanted
    assert asked == ["list_objects_v2"] * 4
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
    with local_file(changed) as now:
        assert now.read_bytes() == b"two"
    with pytest.raises(Unreachable, match="changed since it was listed"), local_file(first):
        pass


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


def test_the_copy_that_was_read_last_stays_however_large_it_is(tmp_path, monkeypatch):
    memory, fetches, real = fsspec.filesystem("memory"), [], Copies._fetch
    for name in "ab":
        memory.pipe(f"/largest/{name}.bin", bytes(100))
    one, other = find_files(["memory://largest"])
    copies = Copies(tmp_path, idle_bytes=10)
    monkeypatch.setattr(Copies, "_fetch", lambda *a: fetches.append(a[1].name) or real(*a))
    for where in (one, one, other, other):
        with copies.held(where):
            assert len(list(tmp_path.iterdir())) <= 2
    assert fetches == ["a.bin", "b.bin"]
    assert len(list(tmp_path.iterdir())) == 1
    with copies.held(one) as path, copies.held(other):
        pass
    assert list(tmp_path.iterdir()) == [path], "the last one that was let go"


def test_a_file_takes_two_requests_and_one_that_was_not_listed_a_third(store, monkeypatch):
    for i in range(3):
        store.pipe_file(f"{BUCKET}/asked/{i}.jpg", b"abc")
    found, asked = list(find_files([f"{ROOT}/asked"])), []
    real = type(store)._call_s3

    async def counted(self, method, *given, **more):
        asked.append(method)
        return await real(self, method, *given, **more)

    monkeypatch.setattr(type(store), "_call_s3", counted)
    assert len(list(fetched_ahead(found))) == 3
    assert sorted(asked) == ["get_object"] * 3 + ["head_object"] * 3
    asked.clear()
    store.pipe_file(f"{BUCKET}/asked/3.jpg", b"abc")
    asked.clear()
    assert len(list(fetched_ahead([address(f"{ROOT}/asked/3.jpg")]))) == 1
    assert sorted(asked) == ["get_object", "head_object", "head_object"]


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


def test_a_copy_that_is_fetched_anew_is_what_was_listed(store, tmp_path):
    """Of another content of the same size nothing is taken for the one that was probed."""
    for name in "ab":
        store.pipe_file(f"{BUCKET}/anew/{name}.bin", b"first" + bytes(100))
    found, other = find_files([f"{ROOT}/anew"])
    copies = Copies(tmp_path, idle_bytes=120)
    with copies.held(found) as path:
        assert path.read_bytes()[:5] == b"first"
    with copies.held(other):  # the room is needed
        pass
    assert len(list(tmp_path.iterdir())) == 1
    with copies.held(found) as path:
        assert path.read_bytes()[:5] == b"first", "unchanged, it is fetched again"
    with copies.held(other):
        pass
    store.pipe_file(f"{BUCKET}/anew/a.bin", b"other" + bytes(100))
    with pytest.raises(Unreachable, match="changed since it was listed"), copies.held(found):
        pass
    (lost,) = fetched_ahead([found])
    assert lost.reason == "its content has changed since it was listed"
    with copies.held(Address(found.text)) as path:
        assert path.read_bytes()[:5] == b"other", "who listed nothing gets what is there"


def test_a_copy_that_is_kept_will_do_for_whoever_knows_less(store, tmp_path, monkeypatch):
    store.pipe_file(f"{BUCKET}/less/a.bin", b"a")
    (found,) = find_files([f"{ROOT}/less"])
    copies, fetches = Copies(tmp_path), []
    real = Copies._fetch
    monkeypatch.setattr(Copies, "_fetch", lambda *given: fetches.append(given) or real(*given))
    for listed in (found.listed, None, found.listed._replace(tag=""), found.listed):
        with copies.held(Address(found.text, listed)):
            pass
    assert len(fetches) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((3, 10**9, '"a"'), (3, 2 * 10**9, '"a"'), True),
        ((3, 10**9, '"a"'), (3, 10**9, '"a" v1'), True),
        ((3, 10**9, '"a" v2'), (3, 10**9, '"a" v1'), False),
        ((3, 10**9, '"a"'), (3, 10**9, '"b"'), False),
        ((3, 10**9, '"a"'), (4, 10**9, '"a"'), False),
        ((3, 1_900_000_000, ""), (3, 10**9, '"a"'), True),
        ((3, 2 * 10**9, ""), (3, 10**9, ""), False),
        ((3, 1_900_000_000, ""), (3, 1_100_000_000, ""), False),
        ((3, 1_900_000_000, ""), (3, 1_900_000_200, ""), True),
        ((3, 0, ""), (3, 10**9, ""), True),
    ],
)
def test_listings_tell_of_one_content_as_far_as_both_tell(one, other, same):
    assert Listed(*one).may_be(Listed(*other)) is same
    assert Listed(*other).may_be(Listed(*one)) is same


def test_who_gives_up_does_not_wait_for_what_is_half_fetched(monkeypatch):
    memory = fsspec.filesystem("memory")
    memory.pipe("/half/0.bin", b"a")
    memory.pipe("/half/1.bin", bytes(300))
    memory.pipe("/half/2.bin", bytes(300))
    real, begun, pieces = type(memory).get_file, threading.Event(), []

    def slow(self, remote, near, callback, **_):
        if remote.endswith("0.bin"):
            return real(self, remote, near)
        for piece in range(300):
            begun.set()
            pieces.append(piece)
            callback.relative_update(1)
            time.sleep(0.1)
        return None

    monkeypatch.setattr(type(memory), "get_file", slow)  # each thread has a system of its own
    arrived = fetched_ahead(find_files(["memory://half"]), ahead=3)
    assert str(next(arrived)).endswith("0.bin")
    assert begun.wait(10)
    arrived.close()
    assert len(pieces) < 100, "each would have been 300 pieces, half a minute"


def test_large_files_are_not_fetched_ahead_of_the_disk(monkeypatch):
    memory = fsspec.filesystem("memory")
    for i in range(6):
        memory.pipe(f"/large/{i}.bin", bytes(100))
    monkeypatch.setattr(fetching, "AHEAD_BYTES", 250)
    taken = []
    arrived = fetched_ahead(one for one in find_files(["memory://large"]) if not taken.append(one))
    next(arrived)
    assert len(taken) == 3
    assert len(list(arrived)) == 5


@pytest.fixture
def asked(monkeypatch):
    """Every question to a store takes a moment; how many were asked, and most at a time."""

    class Asked:
        count = most = _now = 0
        _lock = threading.Lock()

        def after(self, real):
            def slow(*given):
                with self._lock:
                    self.count, self._now = self.count + 1, self._now + 1
                    self.most = max(self.most, self._now)
                time.sleep(0.01)
                with self._lock:
                    self._now -= 1
                return real(*given)

            return slow

    found = Asked()
    for name in ("look_up", "_kind"):
        monkeypatch.setattr(remote_media, name, found.after(getattr(remote_media, name)))
    return found


@pytest.mark.parametrize(("there", "most"), [(3, 64), (None, 200)])
def test_a_long_list_is_asked_for_side_by_side_until_one_is_there(tmp_path, asked, there, most):
    memory = fsspec.filesystem("memory")
    memory.pipe(f"/{tmp_path.name}/3.jpg" if there else f"/{tmp_path.name}/other.jpg", b"")
    rows = "".join(f"{i}.jpg,safe\n" for i in range(200))
    (tmp_path / "list.csv").write_text(f"path,label\n{rows}")
    root = address(f"memory://{tmp_path.name}")
    data = DataParams(root=root, image_csv=str(tmp_path / "list.csv"))
    if there:
        assert len(list_media(data, "image")) == 200
    else:
        with pytest.raises(DataError, match="none of the 200 listed files is there"):
            list_media(data, "image")
    assert asked.count <= most
    assert asked.most > 4


def test_the_kind_of_a_list_of_addresses_is_told_from_a_few(tmp_path, asked):
    memory = fsspec.filesystem("memory")
    head = b"\xff\xd8\xff\xe0" + bytes(40)
    for i in range(120):
        memory.pipe(f"/{tmp_path.name}/{i}.jpg", head)
    rows = "".join(f"memory://{tmp_path.name}/{i}.jpg,safe\n" for i in range(120))
    (tmp_path / "list.csv").write_text(f"path,label\n{rows}")
    assert find_layout(tmp_path).csv == {"image": "list.csv"}
    assert asked.count == 50
    assert asked.most > 4
