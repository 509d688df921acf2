"""Windows of other streams than the first, and of one whose clock had to be mended."""

import hashlib

import av
import numpy as np
import pandas as pd
import pytest
from tiny_backbone import PARAMS, TinyBackbone, engines_of

from harmlib.features import vector_stream
from harmlib.features.extraction import extract
from harmlib.features.store import FeatureStore
from harmlib.features.vector_stream import Window, stream_vectors
from harmlib.media.decode import MediaError
from harmlib.media.tracks import Track
from harmlib.media.video_facts import read_video

pytestmark = pytest.mark.usefixtures("one_thread")
NAMES = ("clip", "yolo")


@pytest.fixture
def joined(tmp_path, write_video):
    parts = [write_video(tmp_path / f"{i}.ts", seed=i, count=20).read_bytes() for i in range(3)]
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(parts))
    return path


def windows_of(path, track, prefix=""):
    return [Window(f"{prefix}{i}", path, "video", 1.0, NAMES, i / 2, track) for i in range(11)]


def vectors(windows):
    engines = engines_of({name: TinyBackbone(name) for name in NAMES})
    return [(window.key, found) for window, found in stream_vectors(windows, engines, PARAMS)]


def test_one_pass_gives_the_vectors_of_single_windows(joined, monkeypatch):
    (facts,) = read_video(joined).tracks
    assert facts.track.mended_gap_sec == pytest.approx(0.1)
    windows = windows_of(joined, facts.track)
    opened = []
    for name in ("sample_sizes", "stream_sizes"):
        real = getattr(vector_stream, name)
        monkeypatch.setattr(
            vector_stream, name, lambda *args, real=real: opened.append(args) or real(*args)
        )
    found = vectors(windows)
    assert len(opened) == 1
    alone = [one for window in windows for one in vectors([window])]
    assert [key for key, _ in found] == [window.key for window in windows]
    for (_, one), (_, other) in zip(found, alone, strict=True):
        for name in NAMES:
            np.testing.assert_allclose(one[name], other[name], atol=1e-6)
    assert len({one["clip"].tobytes() for _, one in found}) == len(windows), "no two look alike"


def test_files_before_and_behind_keep_their_places(joined, tmp_path, write_video):
    (facts,) = read_video(joined).tracks
    plain = [write_video(tmp_path / f"{i}.mp4", seed=i) for i in range(2)]
    first, last = (Window(str(p), p, "video", 1.0, NAMES) for p in plain)
    found = vectors([first, *windows_of(joined, facts.track), last])
    assert [key for key, _ in found] == [str(plain[0]), *map(str, range(11)), str(plain[1])]


@pytest.mark.parametrize("spoil", ["gone", "cut"])
def test_each_window_that_is_lost_has_its_reason(joined, spoil):
    (facts,) = read_video(joined).tracks
    joined.unlink() if spoil == "gone" else joined.write_bytes(b"words")
    found = vectors(windows_of(joined, facts.track))
    assert [key for key, _ in found] == [str(i) for i in range(11)]
    assert all(isinstance(reason, MediaError) for _, reason in found)


def test_a_backbone_that_fails_loses_no_window(joined, monkeypatch):
    (facts,) = read_video(joined).tracks

    def fails(*_):
        raise ValueError("odd frames")

    monkeypatch.setattr(TinyBackbone, "prepare", fails)
    found = vectors(windows_of(joined, facts.track))
    assert len(found) == 11
    assert all("odd frames" in str(reason) for _, reason in found)


def test_streams_of_one_file_are_kept_apart(joined):
    windows = windows_of(joined, Track(0, 0.1), "a") + windows_of(joined, Track(0, 0.2), "b")
    found = dict(vectors(windows))
    assert len(found) == 22


@pytest.fixture
def two_streams(tmp_path, frames):
    """A file of two streams, and a file of the second one's pictures alone."""
    pictures = [frames(10, seed) for seed in (1, 2)]
    paths = [tmp_path / "both.mp4", tmp_path / "second.mp4"]
    for path, seen in zip(paths, (pictures, pictures[1:]), strict=True):
        with av.open(str(path), "w") as container:
            streams = [container.add_stream("libx264", rate=10) for _ in seen]
            for stream in streams:
                stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
                # As the demo's: x264's lookahead gives other bytes from run to run on some CPUs.
                stream.options = {"threads": "1", "tune": "zerolatency"}
            for at in range(10):
                for stream, own in zip(streams, seen, strict=True):
                    frame = av.VideoFrame.from_ndarray(own[at], format="rgb24")
                    container.mux(stream.encode(frame))
            for stream in streams:
                container.mux(stream.encode())
    return paths


def test_a_window_shows_its_own_stream(two_streams):
    both, second = two_streams
    tracks = [facts.track for facts in read_video(both).tracks]
    assert tracks == [Track(0, 0.0), Track(1, 0.0)]
    one, other = (dict(vectors([Window("0", both, "video", 1.0, NAMES, 0.0, t)])) for t in tracks)
    alone = dict(vectors([Window("0", second, "video", 1.0, NAMES)]))
    for name in NAMES:
        np.testing.assert_allclose(other["0"][name], alone["0"][name], atol=1e-6)
        assert not np.allclose(one["0"][name], alone["0"][name], atol=1e-3)


def test_the_extraction_takes_the_stream_of_the_manifest(tmp_path, two_streams):
    both, second = two_streams
    stores = {"clip": FeatureStore(tmp_path / "store", "clip", {})}
    items = pd.DataFrame(
        {
            "path": [str(both), str(second)],
            "modality": "video",
            "sha256": [hashlib.sha256(path.read_bytes()).hexdigest() for path in two_streams],
            "duration_sec": 1.0,
            "stream": [1, 0],
            "mended_gap_sec": [0.1, 0.0],
        }
    )
    assert extract(items, engines_of({"clip": TinyBackbone()}), stores, PARAMS).empty
    found = stores["clip"].load(items["sha256"])
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
