"""Stores brought up to date from real files, with backbones of a few lines."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_backbone import PARAMS, TinyBackbone, count_decoded, engines_of

from harmlib.features import extraction, store_content, vector_stream
from harmlib.features.extraction import extract, weights_table
from harmlib.features.store import FeatureStore
from harmlib.features.weights import Weights
from harmlib.media.decode import load_image

NAMES = ("clip", "yolo", "slowfast")

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True, params=[extraction.ROWS_AT_ONCE, 3])
def rows_at_once(request, monkeypatch):
    """The same comes out whether the manifest is looked at as a whole or in slabs."""
    monkeypatch.setattr(extraction, "ROWS_AT_ONCE", request.param)
    return request.param


@pytest.fixture
def backbones():
    return {name: TinyBackbone(name) for name in NAMES}


@pytest.fixture
def stores(tmp_path):
    return {name: FeatureStore(tmp_path / "store", name, {}) for name in NAMES}


@pytest.fixture
def decoded(monkeypatch):
    """How often each file was decoded."""
    return count_decoded(monkeypatch, vector_stream)


@pytest.fixture
def images(tmp_path, write_image):
    return [write_image(tmp_path / f"{i}.jpg", seed=i) for i in range(10)]


@pytest.fixture
def videos(tmp_path, write_video):
    return [write_video(tmp_path / f"{i}.mp4", seed=i) for i in range(3)]


def run(items, backbones, stores, **kwargs):
    return extract(items, engines_of(backbones), stores, PARAMS, **kwargs)


def test_each_file_gets_its_own_vector(images, listed, stores):
    backbone, items = TinyBackbone(), listed(images)
    unusable = run(items, {"clip": backbone}, stores)
    assert unusable.empty
    assert list(unusable.columns) == [*items.columns, "reason"]
    expected = [backbone.of([load_image(path)]) for path in images]
    np.testing.assert_allclose(stores["clip"].load(items["sha256"]), expected, atol=1e-6)


def test_each_file_is_decoded_once_for_all_and_never_again(
    images, videos, listed, stores, backbones, decoded
):
    for paths, names in ((images, ["clip", "yolo"]), (videos, list(backbones))):
        some = {name: backbones[name] for name in names}
        run(listed(paths), some, stores)
        assert decoded == dict.fromkeys([path.name for path in paths], 1)
        decoded.clear()
        assert run(listed(paths), some, stores).empty
        assert not decoded


def test_only_what_is_missing_is_extracted(images, listed, stores, backbones, decoded):
    items = listed(images)
    run(items[:4], {"clip": backbones["clip"]}, stores)
    decoded.clear()
    fresh = {name: TinyBackbone(name) for name in ("clip", "yolo")}
    run(items[2:7], fresh, stores)
    assert sorted(decoded) == ["2.jpg", "3.jpg", "4.jpg", "5.jpg", "6.jpg"]
    assert (sum(fresh["clip"].batches), sum(fresh["yolo"].batches)) == (3, 5)
    assert (len(fresh["clip"].prepared), len(fresh["yolo"].prepared)) == (3, 5)


def test_damaged_files_are_returned_with_their_reason_and_the_others_go_on(
    tmp_path, images, videos, listed, stores, backbones
):
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "cut.jpg").write_bytes(images[0].read_bytes()[:700])
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "gone.jpg").write_text("here for its hash")
    bad = [tmp_path / name for name in ("text.jpg", "cut.jpg", "text.mp4", "gone.jpg")]
    order = [bad[0], *images, bad[1], bad[2], *videos, bad[3]]
    items = listed(order)
    bad[3].unlink()
    some = {name: backbones[name] for name in ("clip", "yolo")}
    unusable = run(items, some, stores)
    assert unusable["path"].tolist() == [str(path) for path in bad]
    for reason, text in zip(
        unusable["reason"],
        ["not a picture", "damaged picture", "damaged or unknown video", "can't be read"],
        strict=True,
    ):
        assert text in reason
    good = items[~items["path"].isin(unusable["path"])]
    assert len(good) == len(images) + len(videos)
    assert all(not stores[name].missing(good["sha256"]) for name in some)
    assert run(items, some, stores)["path"].tolist() == unusable["path"].tolist()


def test_the_same_content_is_extracted_once_and_fails_everywhere(
    tmp_path, images, listed, stores, decoded
):
    copies = [tmp_path / "copy.jpg", tmp_path / "bad1.jpg", tmp_path / "bad2.jpg"]
    copies[0].write_bytes(images[0].read_bytes())
    for path in copies[1:]:
        path.write_text("no picture")
    items, backbone = listed([*images[:2], *copies]), TinyBackbone()
    unusable = run(items, {"clip": backbone}, stores)
    assert unusable["path"].tolist() == [str(path) for path in copies[1:]]
    assert sum(backbone.batches) == 2
    assert sorted(decoded) == ["0.jpg", "1.jpg", "bad1.jpg"]
    rows = stores["clip"].load(items["sha256"][:3])
    assert np.array_equal(rows[0], rows[2])


def test_a_crash_keeps_what_was_written(monkeypatch, images, listed, stores, decoded):
    monkeypatch.setattr(extraction, "WRITE_EVERY_BYTES", 4 * 7 * 4)  # of four vectors
    monkeypatch.setattr(extraction, "ROWS_AT_ONCE", 100)
    items, crashing = listed(images), TinyBackbone(batch_size=2)
    crashing.fails_at = 4  # eight images were computed, six given back, four of them written
    with pytest.raises(RuntimeError, match="out of memory"):
        run(items, {"clip": crashing}, stores)
    assert stores["clip"].missing(items["sha256"]) == items["sha256"][4:].tolist()
    decoded.clear()
    assert run(items, {"clip": TinyBackbone(batch_size=2)}, stores).empty
    assert len(decoded) == 6
    assert not stores["clip"].missing(items["sha256"])
    parts = [pd.read_parquet(part) for part in stores["clip"].dir.glob("part-*")]
    assert sorted(pd.concat(parts)["sha256"]) == sorted(items["sha256"])  # written once


def test_a_slow_run_writes_after_a_time(monkeypatch, images, listed, stores):
    monkeypatch.setattr(extraction, "WRITE_EVERY_SEC", -1.0)
    monkeypatch.setattr(extraction, "ROWS_AT_ONCE", 100)
    run(listed(images), {"clip": TinyBackbone()}, stores)
    assert len(list(stores["clip"].dir.glob("part-*"))) == len(images)


def test_many_parts_are_joined_in_the_end(monkeypatch, images, listed, stores):
    monkeypatch.setattr(store_content, "COMPACT_PARTS", 4)
    monkeypatch.setattr(extraction, "WRITE_EVERY_BYTES", 1)
    items, backbone = listed(images), TinyBackbone()
    run(items, {"clip": backbone}, stores)
    assert len(list(stores["clip"].dir.glob("part-*"))) <= 1
    expected = [backbone.of([load_image(path)]) for path in images]
    np.testing.assert_allclose(stores["clip"].load(items["sha256"]), expected, atol=1e-6)


def test_progress_counts_every_file_once(tmp_path, images, listed, stores, rows_at_once):
    bad, seen = tmp_path / "bad.jpg", []
    bad.write_text("no picture")
    run(
        listed([*images[:2], bad, images[0]]),
        {"clip": TinyBackbone()},
        stores,
        progress=lambda *step: seen.append(step),
    )
    if rows_at_once == 3:  # that the last is a copy is known when it is looked at
        assert seen == [(1, 4), (2, 4), (3, 4), (3, 3)]
    else:
        assert seen == [(1, 3), (2, 3), (3, 3)]


def test_the_table_of_weights_tells_what_made_the_vectors(videos, listed, stores, backbones):
    items = listed(videos)
    some = {name: backbones[name] for name in ("clip", "slowfast")}
    run(items, some, stores)
    weights = {
        "clip": Weights("untrained", None, None, 0, "tiny"),
        "slowfast": Weights("file", Path("mine.pt"), "a" * 64, None),
    }
    table = weights_table(
        PARAMS, "video", weights, stores, torch.bfloat16, items["sha256"].to_list()
    )
    assert table.to_dict("records") == [
        {
            "backbone": "clip",
            "weights": "untrained tiny (seed 0)",
            "sha256": "",
            "sampling": "{'modality': 'video', 'frames': 5}",
            "precision_used": "bfloat16",
            "dim": 7,
            "items": 3,
            "store": stores["clip"].dir.name,
        },
        {
            "backbone": "slowfast",
            "weights": "file mine.pt (sha256 aaaaaaaa…)",
            "sha256": "a" * 64,
            "sampling": "{'modality': 'video', 'clips': 2, 'clip_sec': 0.5}",
            "precision_used": "bfloat16",
            "dim": 7,
            "items": 3,
            "store": stores["slowfast"].dir.name,
        },
    ]


@pytest.mark.parametrize("backbones", [{}, {"clip": TinyBackbone()}])
def test_nothing_to_do(listed, stores, backbones):
    unusable = run(listed([]), backbones, stores)
    assert unusable.empty
    assert "reason" in unusable


def changed_while_decoded(monkeypatch, path, change):
    """Let `change` happen when the file is decoded, and put the old content back at once."""
    real = vector_stream.load_image

    def overtaken(one, *args):
        if one != path:
            return real(one, *args)
        content = one.read_bytes()
        change(one)
        try:
            return real(one, *args)
        finally:
            one.unlink(missing_ok=True)
            one.write_bytes(content)

    monkeypatch.setattr(vector_stream, "load_image", overtaken)


CHANGED = "changed after its content was hashed; run again when nothing writes to it"


@pytest.mark.parametrize("how", ["before", "put back", "replaced", "link"])
def test_no_vector_is_kept_under_the_hash_of_another_content(
    tmp_path, images, listed, stores, monkeypatch, how
):
    items, other = listed(images), images[1].read_bytes()
    match how:
        case "before":
            images[0].write_bytes(other)
        case "put back":
            changed_while_decoded(monkeypatch, images[0], lambda path: path.write_bytes(other))
        case "replaced":
            (tmp_path / "new").write_bytes(other)
            (tmp_path / "new").replace(images[0])
        case "link":
            images[0].unlink()
            images[0].symlink_to(images[1])
    unusable = run(items, {"clip": TinyBackbone()}, stores)
    assert unusable["path"].tolist() == [str(images[0])]
    assert unusable["reason"].tolist() == [CHANGED]
    assert stores["clip"].missing(items["sha256"]) == items["sha256"][:1].tolist()


def test_a_copy_is_taken_when_a_file_has_changed(tmp_path, images, listed, stores):
    copies = [tmp_path / "copy.jpg", tmp_path / "copy2.jpg"]
    for path in copies:
        path.write_bytes(images[0].read_bytes())
    items, seen = listed([*images[:2], *copies]), []
    expected = TinyBackbone().of([load_image(images[0])])
    images[0].write_bytes(images[1].read_bytes())
    copies[0].unlink()
    progress = {"progress": lambda *step: seen.append(step)}
    assert run(items, {"clip": TinyBackbone()}, stores, **progress).empty
    np.testing.assert_allclose(stores["clip"].load(items["sha256"][:1])[0], expected, atol=1e-6)
    assert seen[-1] == (2, 2)


def test_where_all_copies_have_changed_each_is_returned(tmp_path, images, listed, stores):
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(images[0].read_bytes())
    items = listed([*images[:2], copy])
    for path in (images[0], copy):
        path.write_bytes(images[1].read_bytes())
    unusable = run(items, {"clip": TinyBackbone()}, stores)
    assert unusable["path"].tolist() == [str(images[0]), str(copy)]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_vector_that_holds_no_numbers_is_a_reason(images, listed, stores, monkeypatch, value):
    backbone, items = TinyBackbone(), listed(images[:3])
    real = TinyBackbone.pool

    def broken(self, rows):
        vector = real(self, rows)
        return np.full_like(vector, value) if np.allclose(vector, unwanted) else vector

    unwanted = backbone.of([load_image(images[1])])
    monkeypatch.setattr(TinyBackbone, "pool", broken)
    unusable = run(items, {"clip": backbone}, stores)
    assert unusable["path"].tolist() == [str(images[1])]
    assert unusable["reason"].tolist() == ["clip: its vector holds NaN or infinity"]
    assert stores["clip"].missing(items["sha256"]) == [items["sha256"][1]]
