"""Windows of real files through backbones of a few lines."""

from collections import Counter

import numpy as np
import pytest
import torch
from tiny_backbone import (
    PARAMS,
    VIDEO_FRAMES,
    TinyBackbone,
    count_decoded,
    engines_of,
)

from harmlib.features import vector_stream
from harmlib.features.vector_stream import PREFETCH, Window, stream_vectors
from harmlib.media.decode import MediaError, load_image
from harmlib.media.frame_times import clip_times, even_times
from harmlib.media.video import sample_frames

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def images(tmp_path, write_image):
    return [write_image(tmp_path / f"{i}.jpg", seed=i) for i in range(10)]


@pytest.fixture
def videos(tmp_path, write_video):
    return [write_video(tmp_path / f"{i}.mp4", seed=i) for i in range(3)]


def whole(paths, names=("clip",)):
    """One window per file, with its path as its key; videos last 1 s."""
    return [
        Window(str(path), path, "video", 1.0, tuple(names))
        if path.suffix == ".mp4"
        else Window(str(path), path, "image", 0.0, tuple(names))
        for path in paths
    ]


def stream(windows, backbones, precision=torch.float32):
    """Key -> vectors or error; every window comes out, and once."""
    out = list(stream_vectors(iter(windows), engines_of(backbones, precision), PARAMS))
    assert Counter(window.key for window, _ in out) == Counter(window.key for window in windows)
    return {window.key: found for window, found in out}


def test_each_image_gets_its_own_vector(images):
    backbone = TinyBackbone()
    found = stream(whole(images), {"clip": backbone})
    vectors = np.stack([found[str(path)]["clip"] for path in images])
    assert len(np.unique(np.round(vectors, 4), axis=0)) == len(images)
    expected = [backbone.of([load_image(path)]) for path in images]
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


@pytest.mark.parametrize(("start_sec", "duration_sec"), [(0.0, 1.0), (0.3, 0.6)])
def test_each_window_is_pooled_over_its_own_frames_at_the_right_times(
    videos, start_sec, duration_sec
):
    backbones = {name: TinyBackbone(name) for name in ("clip", "slowfast")}
    windows = [
        Window(str(path), path, "video", duration_sec, tuple(backbones), start_sec)
        for path in videos
    ]
    found = stream(windows, backbones)
    for name, clips, side in (
        ("clip", [even_times(duration_sec, VIDEO_FRAMES)], None),
        ("slowfast", clip_times(duration_sec, 2, 0.5, 32), 64),  # they overlap
    ):
        for path in videos:
            times = [[start_sec + time_sec for time_sec in clip] for clip in clips]
            frames = [frame for clip in times for frame in sample_frames(path, clip, side)]
            vector = found[str(path)][name]
            np.testing.assert_allclose(vector, backbones[name].of(frames), atol=1e-6)
            assert vector[-1] == {"clip": VIDEO_FRAMES, "slowfast": 2}[name]  # units


def test_windows_of_one_video_differ(tmp_path, write_video):
    path = write_video(tmp_path / "long.mp4", count=30)
    windows = [Window(f"{i}", path, "video", 1.0, ("clip",), float(i)) for i in range(3)]
    vectors = [found["clip"] for found in stream(windows, {"clip": TinyBackbone()}).values()]
    assert len(np.unique(np.round(vectors, 4), axis=0)) == 3


def test_a_window_gets_the_backbones_that_it_asks_for(images):
    backbones = {name: TinyBackbone(name) for name in ("clip", "yolo")}
    windows = (
        whole(images[:1]) + whole(images[1:3], ["yolo"]) + whole(images[3:4], ["yolo", "clip"])
    )
    found = stream(windows, backbones)
    assert [sorted(vectors) for _, vectors in sorted(found.items())] == [
        ["clip"],
        ["yolo"],
        ["yolo"],
        ["clip", "yolo"],
    ]
    assert (sum(backbones["clip"].batches), sum(backbones["yolo"].batches)) == (2, 3)


def test_a_file_is_decoded_once_for_all_backbones(monkeypatch, images, videos):
    decoded = count_decoded(monkeypatch, vector_stream)
    backbones = {name: TinyBackbone(name) for name in ("clip", "yolo", "slowfast")}
    stream(whole(images, ["clip", "yolo"]) + whole(videos, backbones), backbones)
    assert decoded == dict.fromkeys([path.name for path in images + videos], 1)


def test_a_window_that_cannot_be_decoded_comes_with_its_reason(tmp_path, images):
    bad = [tmp_path / "text.jpg", tmp_path / "text.mp4", tmp_path / "gone.jpg"]
    for path in bad[:2]:
        path.write_text("no media")
    found = stream(whole([bad[0], *images[:3], *bad[1:]]), {"clip": TinyBackbone(batch_size=2)})
    for path, reason in zip(bad, ["not a picture", "unknown video", "can't be read"], strict=True):
        assert isinstance(found[str(path)], MediaError)
        assert reason in str(found[str(path)])
    assert all("clip" in found[str(path)] for path in images[:3])


@pytest.mark.parametrize(
    "error", [TypeError("odd"), MemoryError(), KeyError("x"), RecursionError()]
)
def test_whatever_one_file_raises_costs_that_file_alone(monkeypatch, images, error):
    real = vector_stream.load_image

    def stumble(path, *args):
        if path == images[3]:
            raise error
        return real(path, *args)

    monkeypatch.setattr(vector_stream, "load_image", stumble)
    found = stream(whole(images), {"clip": TinyBackbone(batch_size=2)})
    assert isinstance(lost := found.pop(str(images[3])), MediaError)
    assert type(error).__name__ in str(lost)
    assert all("clip" in vectors for vectors in found.values())


def test_a_person_can_still_interrupt(monkeypatch, images):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(vector_stream, "load_image", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stream(whole(images), {"clip": TinyBackbone()})


@pytest.mark.parametrize(
    ("batch_size", "batches"), [(1, [1] * 10), (4, [4, 4, 2]), (10, [10]), (64, [10])]
)
def test_batches_are_filled_across_files(images, batch_size, batches):
    backbone = TinyBackbone(batch_size=batch_size)
    stream(whole(images), {"clip": backbone})
    assert backbone.batches == batches


@pytest.mark.parametrize("batch_size", [1, 2, 4, 7, 64])
def test_all_batches_but_the_last_are_full(videos, batch_size):
    backbone = TinyBackbone(batch_size=batch_size)
    stream(whole(videos), {"clip": backbone})
    frames = VIDEO_FRAMES * len(videos)
    full, left = divmod(frames, batch_size)
    assert backbone.batches == [batch_size] * full + [left] * bool(left)


@pytest.mark.parametrize("batch_size", [2, 3, 100])
def test_results_do_not_depend_on_the_batch_size(videos, batch_size):
    one, other = (
        stream(whole(videos), {"clip": TinyBackbone(batch_size=size)}) for size in (1, batch_size)
    )
    for path in videos:
        np.testing.assert_allclose(one[str(path)]["clip"], other[str(path)]["clip"], atol=1e-6)


def test_few_files_are_decoded_ahead_of_the_networks(monkeypatch, images):
    monkeypatch.setattr(vector_stream, "PREFETCH", 2)
    decoded = count_decoded(monkeypatch, vector_stream)
    backbone, ahead = TinyBackbone(batch_size=1), []
    compute = backbone.compute
    backbone.compute = lambda batch: (ahead.append(len(decoded)), compute(batch))[1]
    stream(whole(images), {"clip": backbone})
    assert max(n - done for done, n in enumerate(ahead)) <= 3  # the one at hand and two ahead


def test_windows_are_taken_lazily(images):
    taken = []

    def endless():
        for i in range(10_000):
            taken.append(i)
            yield Window(str(i), images[i % len(images)], "image", 0.0, ("clip",))

    vectors = stream_vectors(endless(), engines_of({"clip": TinyBackbone(batch_size=1)}), PARAMS)
    for _ in range(3):
        next(vectors)
    assert len(taken) <= 3 + PREFETCH + 2  # one batch is computing while the next is filled


def test_no_windows():
    assert stream([], {"clip": TinyBackbone()}) == {}


def test_bf16_comes_as_float32_and_is_close(images):
    exact, rough = (
        np.stack(
            [
                found["clip"]
                for found in stream(whole(images), {"clip": TinyBackbone()}, kind).values()
            ]
        )
        for kind in (torch.float32, torch.bfloat16)
    )
    assert rough.dtype == np.float32
    assert not np.array_equal(exact, rough)
    np.testing.assert_allclose(rough, exact, atol=0.02)
