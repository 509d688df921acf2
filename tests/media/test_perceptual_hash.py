import io

import av
import numpy as np
import pytest
from PIL import Image

from harmlib.media.perceptual_hash import (
    FRAME_SEC,
    FrameHashes,
    grey_hash,
    hash_distance,
    quality,
    small_grey,
)
from harmlib.media.video_facts import read_video

MATCH = 31  # bits: the default of `near_duplicates.hash_distance`


def looks(picture):
    return grey_hash(small_grey(picture))


@pytest.fixture
def scene():
    """A picture with detail at every scale, as photographs have."""
    rng = np.random.default_rng(5)
    layers = [
        np.asarray(Image.fromarray(rng.integers(0, 256, (n, n), dtype=np.uint8)).resize((480, 360)))
        for n in (3, 6, 12, 24)
    ]
    return np.dstack([np.mean(layers, axis=0).astype(np.uint8)] * 3)


def recompressed(picture, quality):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: recompressed(picture, 20),
        lambda picture: picture[::3, ::3],
        lambda picture: np.kron(picture, np.ones((2, 2, 1), np.uint8)),
        lambda picture: np.asarray(Image.fromarray(picture).resize((4000, 3000))),
        lambda picture: (picture * 0.6 + 40).astype(np.uint8),
        lambda picture: np.dstack([picture[..., 0]] * 3),
    ],
    ids=["JPEG", "smaller", "larger", "much larger", "brightness", "grey"],
)
def test_a_changed_picture_keeps_its_hash(scene, change):
    assert hash_distance(looks(scene), looks(change(scene))) <= MATCH


def test_other_pictures_have_other_hashes(scene):
    mirrored, turned = scene[:, ::-1], np.rot90(scene)
    hashes = [looks(one) for one in (scene, mirrored, turned, 255 - scene)]
    distances = [hash_distance(hashes[0], other) for other in hashes[1:]]
    assert min(distances) > 2 * MATCH


def test_half_of_the_bits_are_set(scene):
    assert int(looks(scene), 16).bit_count() == 128


def test_too_little_detail_gives_no_hash():
    slope = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
    assert quality(slope) < 50
    assert grey_hash(slope) == ""


def frames_at(times_sec, scene):
    hashes = FrameHashes()
    for time_sec in times_sec:
        hashes.add(av.VideoFrame.from_ndarray(scene, "rgb24"), time_sec, 0)
    return hashes.text.split(",")


def test_frames_are_taken_at_fixed_times(scene):
    found = frames_at(np.arange(0, 100, 0.04) + 7, scene)
    assert len(found) == len(FRAME_SEC)
    assert all(found)


def test_times_between_two_frames_are_passed_over(scene):
    found = frames_at([0.0, 3.0], scene)
    assert [bool(one) for one in found] == [True, False, False, True]


def test_frames_without_a_time_have_no_hash(scene):
    hashes = FrameHashes()
    hashes.add(av.VideoFrame.from_ndarray(scene, "rgb24"), None, 0)
    assert hashes.text == ""


def test_a_turned_frame_is_hashed_upright(scene):
    hashes = FrameHashes()
    hashes.add(av.VideoFrame.from_ndarray(np.ascontiguousarray(np.rot90(scene, -1)), "rgb24"), 0, 1)
    assert hash_distance(hashes.text, looks(scene)) <= MATCH


def write(path, scene, rate, size, seconds=2):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for _ in range(rate * seconds):
            picture = np.asarray(Image.fromarray(scene).resize(size))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return read_video(path).tracks[0].perceptual_hash.split(",")


def test_another_coding_and_rate_of_a_video_match(tmp_path, scene):
    one = write(tmp_path / "a.mp4", scene, 25, (320, 240))
    other = write(tmp_path / "b.mp4", scene, 10, (160, 120))
    assert len(one) == len(other) == 3
    pairs = zip(one, other, strict=True)
    assert max(hash_distance(a, b) for a, b in pairs) <= MATCH


def test_brightness_is_that_of_the_frames_that_are_hashed():
    hashes = FrameHashes()
    for second, level in enumerate([10, 30, 50]):  # 0.0, 1.0 and 2.0 s are due
        grey = np.full((24, 32), level, np.uint8)
        hashes.add(av.VideoFrame.from_ndarray(grey, "gray"), second, 0)
    assert hashes.brightness == pytest.approx(30, abs=1)
