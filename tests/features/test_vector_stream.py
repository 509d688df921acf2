"""Real files, and backbones of a few lines that record what they are asked to do."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch

from harmlib.features import vector_stream as extract_module
from harmlib.features.engine import TorchEngine
from harmlib.features.store import FeatureStore
from harmlib.features.vector_stream import extract
from harmlib.media.decode import clip_times, even_times, load_image, sample_frames
from harmlib.params import FeatureParams, SlowFastParams

VIDEO_FRAMES = 5
PARAMS = FeatureParams(
    video_frames=VIDEO_FRAMES,
    slowfast=SlowFastParams(weights="untrained", image_size=64, clips=2, clip_sec=0.5),
)
CPU = torch.device("cpu")


class TinyBackbone:
    """Four pixels of each frame through a fixed matrix; SlowFast's units are 32 frames."""

    def __init__(self, name="clip", batch_size=4):
        self.name, self.key, self.batch_size = name, "tiny", batch_size
        self.unit_shape = (3, 32, 2, 2) if name == "slowfast" else (3, 2, 2)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.network = torch.nn.Linear(12, 6)
        self.prepared: list[int] = []  # frames of each call
        self.batches: list[int] = []  # units of each call
        self.fails_at: int | None = None

    def prepare(self, frames):
        self.prepared.append(len(frames))
        small = [frame[8::24, 8::24][:2, :2] for frame in frames]
        units = torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2)  # (n, 3, 2, 2)
        if self.name == "slowfast":
            return units.unflatten(0, (-1, 32)).movedim(1, 2)  # (clips, 3, 32, 2, 2)
        return units

    def compute(self, batch):
        assert not torch.is_grad_enabled()
        assert batch.dtype == torch.uint8
        if len(self.batches) == self.fails_at:
            raise RuntimeError("out of memory")
        self.batches.append(len(batch))
        batch = batch.float() / 255
        if batch.ndim == 5:
            batch = batch.mean(dim=2)
        return (self.network(batch.flatten(1)),)

    def finish(self, rows):
        return rows

    def pool(self, rows):
        return np.append(rows.mean(axis=0), np.float32(len(rows)))


@pytest.fixture
def backbones():
    return {name: TinyBackbone(name) for name in ("clip", "yolo", "slowfast")}


@pytest.fixture
def decoded(monkeypatch):
    """How often each file was decoded."""
    count = Counter()
    for name in ("load_image", "sample_sizes"):
        real = getattr(extract_module, name)

        def counted(path, *args, real=real):
            count[path.name] += 1
            return real(path, *args)

        monkeypatch.setattr(extract_module, name, counted)
    return count


@pytest.fixture
def stores(tmp_path):
    return {
        name: FeatureStore(tmp_path / "store", name, {}) for name in ("clip", "yolo", "slowfast")
    }


@pytest.fixture
def images(tmp_path, write_image):
    return [write_image(tmp_path / f"{i}.jpg", seed=i) for i in range(10)]


@pytest.fixture
def videos(tmp_path, write_video):
    return [write_video(tmp_path / f"{i}.mp4", seed=i) for i in range(3)]


def run(items, backbones, stores, precision=torch.float32, **kwargs):
    wanted = {name: stores[name] for name in backbones}
    engines = {name: TorchEngine(one, CPU, precision) for name, one in backbones.items()}
    return extract(items, engines, wanted, PARAMS, **kwargs)


def alone(backbone, units):
    """The vector of one file whose prepared units are at hand."""
    with torch.inference_mode():
        return backbone.pool(backbone.compute(units)[0].numpy())


def test_each_image_gets_its_own_vector(images, listed, stores):
    backbone, items = TinyBackbone(), listed(images)
    failed = run(items, {"clip": backbone}, stores)
    assert failed.empty
    assert list(failed.columns) == [*items.columns, "reason"]
    expected = [alone(backbone, backbone.prepare([load_image(path)])) for path in images]
    assert len(np.unique(np.round(expected, 4), axis=0)) == len(images)
    np.testing.assert_allclose(stores["clip"].load(items["sha256"]), expected, atol=1e-6)


def test_each_video_is_pooled_over_its_own_frames_at_the_right_times(
    videos, listed, stores, backbones
):
    items = listed(videos)
    assert run(items, backbones, stores).empty
    for name, windows, side in (
        ("clip", [even_times(1.0, VIDEO_FRAMES)], None),
        ("slowfast", clip_times(1.0, 2, 0.5, 32), 64),  # they overlap
    ):
        expected = []
        for path in videos:
            seen = [f for times in windows for f in sample_frames(path, times, side)]
            expected.append(alone(backbones[name], backbones[name].prepare(seen)))
        np.testing.assert_allclose(stores[name].load(items["sha256"]), expected, atol=1e-6)
    assert stores["clip"].load(items["sha256"])[:, -1].tolist() == [VIDEO_FRAMES] * 3
    assert stores["slowfast"].load(items["sha256"])[:, -1].tolist() == [2] * 3


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


def test_only_what_lacks_is_extracted(images, listed, stores, backbones, decoded):
    items = listed(images)
    run(items[:4], {"clip": backbones["clip"]}, stores)
    decoded.clear()
    fresh = {name: TinyBackbone(name) for name in ("clip", "yolo")}
    run(items[2:7], fresh, stores)
    assert sorted(decoded) == ["2.jpg", "3.jpg", "4.jpg", "5.jpg", "6.jpg"]
    assert (sum(fresh["clip"].batches), sum(fresh["yolo"].batches)) == (3, 5)
    assert (len(fresh["clip"].prepared), len(fresh["yolo"].prepared)) == (3, 5)


@pytest.mark.parametrize(
    ("batch_size", "batches"), [(1, [1] * 10), (4, [4, 4, 2]), (10, [10]), (64, [10])]
)
def test_batches_are_filled_across_files(images, listed, stores, batch_size, batches):
    backbone = TinyBackbone(batch_size=batch_size)
    run(listed(images), {"clip": backbone}, stores)
    assert backbone.batches == batches


@pytest.mark.parametrize("batch_size", [1, 2, 4, 7, 64])
def test_all_batches_but_the_last_are_full(videos, listed, stores, batch_size):
    backbone = TinyBackbone(batch_size=batch_size)
    run(listed(videos), {"clip": backbone}, stores)
    frames = VIDEO_FRAMES * len(videos)
    full, left = divmod(frames, batch_size)
    assert backbone.batches == [batch_size] * full + [left] * bool(left)


@pytest.mark.parametrize("batch_size", [2, 3, 100])
def test_results_do_not_depend_on_the_batch_size(tmp_path, videos, listed, batch_size):
    items, found = listed(videos), []
    for size in (1, batch_size):
        store = FeatureStore(tmp_path / str(size), "clip", {})
        run(items, {"clip": TinyBackbone(batch_size=size)}, {"clip": store})
        found.append(store.load(items["sha256"]))
    np.testing.assert_allclose(*found, atol=1e-6)


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
    failed = run(items, some, stores)
    assert failed["path"].tolist() == [str(path) for path in bad]
    for reason, text in zip(
        failed["reason"],
        ["not a picture", "damaged picture", "damaged or unknown video", "can't be read"],
        strict=True,
    ):
        assert text in reason
    good = items[~items["path"].isin(failed["path"])]
    assert len(good) == len(images) + len(videos)
    assert all(not stores[name].missing(good["sha256"]) for name in some)
    assert run(items, some, stores)["path"].tolist() == failed["path"].tolist()


def test_the_same_content_is_extracted_once_and_fails_everywhere(
    tmp_path, images, listed, stores, decoded
):
    copies = [tmp_path / "copy.jpg", tmp_path / "bad1.jpg", tmp_path / "bad2.jpg"]
    copies[0].write_bytes(images[0].read_bytes())
    for path in copies[1:]:
        path.write_text("no picture")
    items, backbone = listed([*images[:2], *copies]), TinyBackbone()
    failed = run(items, {"clip": backbone}, stores)
    assert failed["path"].tolist() == [str(path) for path in copies[1:]]
    assert sum(backbone.batches) == 2
    assert sorted(decoded) == ["0.jpg", "1.jpg", "bad1.jpg"]
    rows = stores["clip"].load(items["sha256"][:3])
    assert np.array_equal(rows[0], rows[2])


def test_a_crash_keeps_what_was_written(monkeypatch, images, listed, stores, decoded):
    monkeypatch.setattr(extract_module, "WRITE_EVERY", 4)
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


def test_few_files_are_decoded_ahead_of_the_models(monkeypatch, images, listed, stores, decoded):
    monkeypatch.setattr(extract_module, "PREFETCH", 2)
    backbone, ahead = TinyBackbone(batch_size=1), []
    compute = backbone.compute
    backbone.compute = lambda batch: (ahead.append(len(decoded)), compute(batch))[1]
    run(listed(images), {"clip": backbone}, stores)
    assert max(n - done for done, n in enumerate(ahead)) <= 3  # the one at hand and two ahead


def test_progress_counts_every_file_once(tmp_path, images, listed, stores):
    bad, seen = tmp_path / "bad.jpg", []
    bad.write_text("no picture")
    run(
        listed([*images[:2], bad, images[0]]),
        {"clip": TinyBackbone()},
        stores,
        progress=lambda *step: seen.append(step),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_nothing_to_do(listed, stores):
    failed = run(listed([]), {"clip": TinyBackbone()}, stores)
    assert failed.empty
    assert "reason" in failed


def test_bf16_is_stored_as_float32_and_is_close(tmp_path, images, listed):
    items, found = listed(images), {}
    for precision in (torch.float32, torch.bfloat16):
        store = FeatureStore(tmp_path / str(precision), "clip", {})
        run(items, {"clip": TinyBackbone()}, {"clip": store}, precision)
        found[precision] = store.load(items["sha256"])
    exact, rough = found.values()
    assert rough.dtype == np.float32
    assert not np.array_equal(exact, rough)
    np.testing.assert_allclose(rough, exact, atol=0.02)
