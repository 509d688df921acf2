import hashlib
import os
from pathlib import Path

import pandas as pd
import pytest

from harmlib.media import probe as probe_module
from harmlib.media.probe import COLUMNS, Facts, probe, probe_all


@pytest.fixture
def probed(monkeypatch):
    """The names of the files that were really read, in any order."""
    names = []
    real = probe_module.probe

    def counting(path, modality):
        names.append(path.name)
        return real(path, modality)

    monkeypatch.setattr(probe_module, "probe", counting)
    return names


@pytest.fixture
def pictures(tmp_path, write_image):
    return [write_image(tmp_path / f"{i}.png", i, (12 + i, 8)) for i in range(4)]


def test_facts_of_a_picture(tmp_path, write_image):
    path = write_image(tmp_path / "a.png", 1, (12, 8))
    stat = path.stat()
    assert probe(path, "image") == Facts(
        path=str(path),
        size=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        width=12,
        height=8,
        frames=1,
        duration_sec=0.0,
        reason="",
    )


def test_facts_of_a_video(clip):
    facts = probe(clip, "video")
    assert (facts.width, facts.height, facts.frames, facts.reason) == (64, 48, 20, "")
    assert facts.duration_sec == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("modality", "content", "reason"),
    [
        ("image", b"", "empty file (0 bytes)"),
        ("video", b"", "empty file (0 bytes)"),
        ("image", b"words", "not a picture that Pillow can read"),
        ("video", b"words", "damaged or unknown video"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, modality, content, reason):
    path = tmp_path / "a"
    path.write_bytes(content)
    facts = probe(path, modality)
    assert facts.reason.startswith(reason)
    assert facts.sha256 == hashlib.sha256(content).hexdigest()
    assert facts.width == 0


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


@pytest.mark.parametrize(
    "change",
    [
        lambda path: os.utime(path, ns=(1, 1)),
        same_size_other_content,
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
        reasons = probe_all(pictures, "image", cache)["reason"]
    assert reasons[0] == "not a picture that Pillow can read"
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


def test_progress_counts_only_what_is_read(tmp_path, pictures):
    cache = tmp_path / "cache.parquet"
    probe_all(pictures[:1], "image", cache)
    calls = []
    probe_all(pictures, "image", cache, lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]
