"""Many files: what is known of them is used as long as they are the same."""

import hashlib
import os
import shutil
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pytest

from harmlib.media import fetching, probe_cache
from harmlib.media import probe as probe_module
from harmlib.media.file_state import file_state
from harmlib.media.find import find_files
from harmlib.media.probe import Facts
from harmlib.media.probe_cache import COLUMNS, probe_all
from harmlib.workflow.import_graph import ImportGraph


@pytest.fixture
def probed(monkeypatch):
    """The names of the files that were really decoded, in any order."""
    names = []
    real = probe_cache.probe

    def counting(path, *more):
        names.append(path.name)
        return real(path, *more)

    monkeypatch.setattr(probe_cache, "probe", counting)
    return names


def probe_here(path, modality, max_frames, max_pixels, _limits, _notes):
    """In this process, whose functions a test can replace."""
    return probe_module.probe(path, modality, max_frames, max_pixels)


@pytest.fixture
def pictures(tmp_path, write_image):
    return [write_image(tmp_path / f"{i}.png", i, (12 + i, 8)) for i in range(4)]


def test_one_row_a_path_in_order_whatever_is_known(tmp_path, pictures, probed):
    cache = tmp_path / "deep" / "cache.parquet"
    probe_all(pictures[1:3], "image", cache)
    asked = [pictures[i] for i in (3, 1, 0, 1)]
    table = probe_all(asked, "image", cache)
    assert list(table.columns) == COLUMNS
    assert table["path"].tolist() == [str(p) for p in asked]
    assert table["width"].tolist() == [15, 13, 12, 13]
    assert sorted(probed) == ["0.png", "1.png", "2.png", "3.png"]


def test_unchanged_files_are_not_read_again(tmp_path, pictures, probed):
    cache = tmp_path / "cache.parquet"
    first = probe_all(pictures, "image", cache)
    probed.clear()
    pd.testing.assert_frame_equal(probe_all(pictures, "image", cache), first)
    assert probed == []


def same_size_other_content(path):
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def kept_times(path, change):
    """As `rsync -t`, `cp -p` and `touch -r` leave it: the modification time is the old one."""
    stat = path.stat()
    (path.parent / "new").write_bytes(path.read_bytes()[:-1] + b"y")
    change(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        same_size_other_content,
        lambda path: kept_times(path, same_size_other_content),
        lambda path: kept_times(path, lambda one: Path(one.parent, "new").rename(one)),
        lambda path: path.write_bytes(b""),
    ],
)
def test_only_the_changed_file_is_read_again(tmp_path, pictures, probed, change):
    cache = tmp_path / "cache.parquet"
    before = probe_all(pictures, "image", cache)
    probed.clear()
    change(pictures[2])
    after = probe_all(pictures, "image", cache)
    assert probed == ["2.png"]
    rest = [0, 1, 3]
    pd.testing.assert_frame_equal(after.loc[rest], before.loc[rest])
    content = pictures[2].read_bytes()
    assert after["sha256"][2] == hashlib.sha256(content).hexdigest()
    probed.clear()
    pd.testing.assert_frame_equal(probe_all(pictures, "image", cache), after)
    assert probed == []
    assert len(pd.read_parquet(cache)) == 4  # the old facts are gone


def test_damage_is_remembered_but_not_what_could_not_be_read(
    tmp_path, pictures, probed, monkeypatch
):
    cache = tmp_path / "cache.parquet"
    pictures[0].write_bytes(b"words")
    real = Path.open

    def denied(path, *args, **kwargs):
        if path == pictures[1]:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", denied)
        patch.setattr(probe_cache, "probe", probe_here)
        reasons = probe_all(pictures, "image", cache)["reason"]
    assert "picture" in reasons[0]
    assert "Permission denied" in reasons[1]
    probed.clear()
    assert probe_all(pictures, "image", cache)["reason"].tolist() == [reasons[0], "", "", ""]
    assert probed == ["1.png"]  # permissions changed, the modification time did not


@pytest.mark.parametrize("known", [False, True])
def test_nothing_to_probe(tmp_path, pictures, known):
    cache = tmp_path / "cache.parquet"
    if known:
        probe_all(pictures, "image", cache)
    table = probe_all([], "image", cache)
    assert list(table.columns) == COLUMNS
    assert table.empty


def test_progress_counts_only_what_is_read(tmp_path, pictures, monkeypatch):
    monkeypatch.setattr(probe_cache, "_TICK_NS", 0)  # else young files are hashed again
    cache = tmp_path / "cache.parquet"
    probe_all(pictures[:1], "image", cache)
    calls = []
    probe_all(pictures, "image", cache, lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    "change",
    [
        lambda path: os.utime(path, ns=(1, 1)),
        lambda path: path.chmod(0o600),
        lambda path: os.utime(path, ns=(1, path.stat().st_mtime_ns + 10**18)),  # a clock ahead
        lambda path: (shutil.copy(path, f"{path}.new"), Path(f"{path}.new").replace(path)),
    ],
)
def test_a_file_that_was_only_touched_is_hashed_but_not_decoded(tmp_path, pictures, probed, change):
    cache = tmp_path / "cache.parquet"
    before = probe_all(pictures, "image", cache)
    probed.clear()
    change(pictures[2])
    after = probe_all(pictures, "image", cache)
    assert probed == []
    pd.testing.assert_frame_equal(after.drop(columns="mtime_ns"), before.drop(columns="mtime_ns"))
    assert after["mtime_ns"][2] == pictures[2].stat().st_mtime_ns


def test_a_moved_file_is_not_decoded_again(tmp_path, pictures, probed):
    cache = tmp_path / "cache.parquet"
    before = probe_all(pictures, "image", cache)
    probed.clear()
    (tmp_path / "elsewhere").mkdir()
    moved = [path.rename(tmp_path / "elsewhere" / path.name) for path in pictures]
    after = probe_all(moved, "image", cache)
    assert probed == []
    pd.testing.assert_frame_equal(after.drop(columns="path"), before.drop(columns="path"))


def test_the_file_behind_a_link_is_looked_at(tmp_path, pictures):
    cache, link = tmp_path / "cache.parquet", tmp_path / "link.png"
    link.symlink_to(pictures[0])
    first = probe_all([link], "image", cache)
    pictures[0].write_bytes(pictures[1].read_bytes())
    assert probe_all([link], "image", cache)["width"].item() == first["width"].item() + 1
    link.unlink()
    link.symlink_to(pictures[2])
    assert probe_all([link], "image", cache)["width"].item() == first["width"].item() + 2


def test_a_file_that_changes_while_it_is_read_is_not_taken(tmp_path, pictures, monkeypatch):
    real = probe_module.load_image

    def overtaken(path, *args):
        picture = real(path, *args)
        if path == pictures[1]:
            path.write_bytes(pictures[2].read_bytes())
        return picture

    cache = tmp_path / "cache.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(probe_module, "load_image", overtaken)
        patch.setattr(probe_cache, "probe", probe_here)
        table = probe_all(pictures, "image", cache)
    assert table["reason"][1] == "changed while it was read; run again when nothing writes to it"
    assert (table["reason"].drop(1) == "").all()
    again = probe_all(pictures, "image", cache)
    assert (again["reason"] == "").all()
    assert again["sha256"][1] == again["sha256"][2]


def cut(content):
    return content[: len(content) // 2]


def flipped(content):
    middle = bytearray(content)
    middle[len(middle) // 2] ^= 4
    return bytes(middle)


@pytest.mark.parametrize("damage", [cut, flipped, lambda _: b"", lambda _: b"words", bytes.upper])
def test_a_damaged_cache_is_set_aside_and_made_again_in_one_line(
    tmp_path, pictures, probed, caplog, damage
):
    cache = tmp_path / "cache.parquet"
    first = probe_all(pictures, "image", cache)
    cache.write_bytes(damage(cache.read_bytes()))
    probed.clear()
    pd.testing.assert_frame_equal(probe_all(pictures, "image", cache), first)
    assert len(probed) == 4
    (line,) = caplog.messages
    assert str(cache) in line
    assert "set aside as *.damaged, made again" in line
    assert (tmp_path / "cache.parquet.damaged").exists()
    caplog.clear()
    probe_all(pictures, "image", cache)
    assert not caplog.messages


def test_no_flipped_bit_of_the_cache_passes_as_facts(tmp_path, pictures):
    cache = tmp_path / "cache.parquet"
    first = probe_all(pictures, "image", cache)
    whole, bits = cache.read_bytes(), np.random.default_rng(0)
    for position in bits.integers(len(whole) * 8, size=60):
        content = bytearray(whole)
        content[position // 8] ^= 1 << (position % 8)
        cache.write_bytes(content)
        pd.testing.assert_frame_equal(probe_all(pictures, "image", cache), first)


def test_other_decoding_code_decodes_again(tmp_path, pictures, probed, monkeypatch):
    cache = tmp_path / "cache.parquet"
    probe_all(pictures, "image", cache)
    probed.clear()
    monkeypatch.setattr(probe_cache, "_code", lambda: "another")
    probe_all(pictures, "image", cache)
    assert len(probed) == 4


def test_a_young_file_is_hashed_again_since_its_clock_tick_may_hide_a_change(
    tmp_path, pictures, monkeypatch
):
    cache, hidden = tmp_path / "cache.parquet", file_state(pictures[0])
    first = probe_all(pictures, "image", cache)
    pictures[0].write_bytes(pictures[1].read_bytes())
    monkeypatch.setattr(probe_cache, "file_state", lambda _: hidden)
    assert probe_all(pictures[:1], "image", cache)["sha256"].item() == first["sha256"][1]


def test_what_probing_imports_is_part_of_the_code():
    reached = ImportGraph().reach("import harmlib.media.probe").modules
    own = {name.removeprefix("harmlib.media.") for name in reached if "harmlib.media." in name}
    assert own
    assert not own & probe_cache._OTHERS


def test_facts_are_kept_when_a_run_is_killed_in_the_middle(tmp_path, pictures, probed, monkeypatch):
    cache = tmp_path / "cache.parquet"
    monkeypatch.setattr(probe_cache, "_WRITE_EVERY_SEC", -1.0)

    def killed(done, _):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        probe_all(pictures, "image", cache, killed)
    probed.clear()
    assert probe_all(pictures, "image", cache)["reason"].tolist() == [""] * 4
    assert probed == ["3.png"]


def test_a_link_has_the_state_of_its_file(tmp_path, pictures):
    (tmp_path / "link").symlink_to(pictures[0])
    assert file_state(tmp_path / "link") == file_state(pictures[0])
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert file_state(tmp_path / "link") is None


def test_every_thread_of_a_large_machine_has_a_file_in_hand(tmp_path, monkeypatch):
    threads = 24
    together = threading.Barrier(threads, timeout=20)

    def look(path, *_):
        together.wait()  # until all have one
        return None, 0, Facts(str(path), 0, 0, reason="looked at")

    monkeypatch.setattr(probe_cache.os, "cpu_count", lambda: threads)
    monkeypatch.setattr(probe_cache, "_look", look)
    files = [tmp_path / f"{i}.jpg" for i in range(threads)]
    found = probe_all(files, "image", tmp_path / "facts.parquet")
    assert found["path"].tolist() == list(map(str, files))


def test_far_files_that_wait_for_their_turn_are_fetched_once(tmp_path, write_image, monkeypatch):
    memory, fetches, real = fsspec.filesystem("memory"), [], fetching.Copies._fetch
    for i in range(6):
        content = write_image(tmp_path / f"{i}.png", i, (12 + i, 8)).read_bytes()
        memory.pipe(f"/waiting/{i}.png", content)
    copies, all_came = fetching.Copies(tmp_path, 0), threading.Event()
    ahead = fetching.fetched_ahead

    def came(found):
        yield from ahead(found)
        all_came.set()

    def late(path, *more):
        assert all_came.wait(20)
        with fetching.local_file(path) as near:
            return probe_here(near, *more)

    monkeypatch.setattr(fetching, "_copies", lambda _: copies)
    monkeypatch.setattr(fetching.Copies, "_fetch", lambda *a: fetches.append(a[1].name) or real(*a))
    monkeypatch.setattr(probe_cache, "fetched_ahead", came)
    monkeypatch.setattr(probe_cache, "probe", late)
    table = probe_all(list(find_files(["memory://waiting"])), "image", tmp_path / "a.parquet")
    assert table["width"].tolist() == [12, 13, 14, 15, 16, 17]
    assert sorted(fetches) == [f"{i}.png" for i in range(6)]
    assert all(not copy.users for copy in copies._copies.values())


def test_large_files_do_not_wait_in_numbers(monkeypatch):
    monkeypatch.setattr(probe_cache, "AHEAD_BYTES", 250)
    waiting = deque()
    enough = []
    for size in (1000, 1000, 100, 100, 100):
        waiting.append(probe_cache._Waiting(Future(), ExitStack(), size))
        enough.append(probe_cache._are_enough(waiting, threads=2))
    assert enough == [False, False, False, False, True], "two are being read"
    waiting[1].future.set_result(None)
    assert not probe_cache._are_enough(waiting, threads=2), "one more is being read"
    waiting.extend(probe_cache._Waiting(Future(), ExitStack(), 0) for _ in range(11))
    assert probe_cache._are_enough(waiting, threads=2), "as many as files of this machine"
