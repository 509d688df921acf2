"""Frames of videos."""

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spoilt import EDITS, spoilt

from harmlib.media import video
from harmlib.media.decode import MediaError
from harmlib.media.video import sample_frames, sample_sizes
from harmlib.media.video_facts import read_video


@pytest.fixture(scope="module", autouse=True)
def _no_circles():
    """A decoder that seeks in circles fails here instead of hanging."""
    calls = []
    real = video._decode

    def counting(*args):
        calls.append(args)
        assert len(calls) < 10_000, "the decoder goes in circles"
        return real(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(video, "_decode", counting)
        yield


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], []),
        ([0.0], [0]),
        ([0.05], [0]),
        ([0.1], [1]),
        ([0.199], [1]),
        ([-3.0], [0]),
        ([0.02, 0.07, 0.42, 0.43], [0, 0, 4, 4]),
        ([0.75] * 3, [7] * 3),
        ([1.95], [19]),
        ([1.85, 2.0, 60.0, 60.0], [18, 19, 19, 19]),
        ([i / 10 + 0.05 for i in range(20)], list(range(20))),
    ],
)
def test_the_frame_on_screen_at_a_time(clip, frame_index, times, expected):
    assert [frame_index(frame) for frame in sample_frames(clip, times)] == expected


def test_a_frame_wanted_twice_is_the_same_array(clip):
    a, b, c = sample_frames(clip, [0.51, 0.55, 0.61])
    assert a is b
    assert b is not c
    assert (a.dtype, a.shape) == (np.uint8, (48, 64, 3))


def test_times_must_ascend(clip):
    with pytest.raises(ValueError, match="times_sec must ascend"):
        sample_frames(clip, [0.5, 0.4])


@pytest.mark.parametrize(
    ("size", "short_side", "shape"),
    [
        ((64, 48), None, (48, 64, 3)),
        ((64, 48), 24, (24, 32, 3)),
        ((48, 64), 24, (32, 24, 3)),
        ((64, 48), 96, (96, 128, 3)),
        ((48, 48), 30, (30, 30, 3)),
    ],
)
def test_short_side(tmp_path, write_video, frame_index, size, short_side, shape):
    path = write_video(tmp_path / "a.mp4", 4, size=size)
    (frame,) = sample_frames(path, [0.25], short_side)
    assert frame.shape == shape
    assert frame_index(frame) == 2


def test_one_pass_gives_several_sizes(clip, monkeypatch):
    large, small = (sample_frames(clip, [0.25, 0.95], short_side) for short_side in (None, 24))
    opened = []
    real = av.open
    monkeypatch.setattr(av, "open", lambda *a, **k: opened.append(a) or real(*a, **k))
    wanted = [(0.25, None), (0.25, 24), (0.25, 24), (0.95, 24), (0.95, None)]
    frames = sample_sizes(clip, wanted)
    for got, expected in zip(frames, [large[0], *small[:1] * 2, small[1], large[1]], strict=True):
        np.testing.assert_array_equal(got, expected)
    assert frames[1] is frames[2]
    assert len(opened) == 1


@pytest.mark.parametrize(("frames", "duration_sec"), [(1, 0.0), (2, 0.2), (3, 0.3), (20, 2.0)])
@pytest.mark.parametrize("b_frames", [0, 2])
def test_video_facts(tmp_path, write_video, frames, b_frames, duration_sec):
    path = write_video(tmp_path / "a.mp4", frames, b_frames=b_frames)
    ((*facts, _, _, _, _),) = read_video(path).tracks
    assert facts == [64, 48, frames, pytest.approx(duration_sec)]


@pytest.mark.parametrize("times", [[0.0], [0.0] * 4, [0.0, 0.5, 9.0]])
def test_one_frame_video(tmp_path, write_video, frame_index, times):
    path = write_video(tmp_path / "a.mp4", 1)
    assert [frame_index(f) for f in sample_frames(path, times)] == [0] * len(times)


def audio_only(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        sound = np.zeros((1, 4096), np.float32)
        frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="mono")
        frame.rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


@pytest.mark.parametrize("read", [read_video, lambda path: sample_frames(path, [60.0])])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda *_: b"", r"empty file \(0 bytes\)"),
        (lambda *_: b"only words\n" * 500, "damaged or unknown video"),
        (lambda folder, _: audio_only(folder / "audio.mp4"), "no video stream"),
        # Index at the end: nothing is left. Index in front: what is left must not pass for all.
        (lambda folder, write: write(folder / "a.mp4").read_bytes()[:-900], "damaged or unknown"),
        (
            lambda folder, write: write(
                folder / "a.mp4", options={"movflags": "faststart"}
            ).read_bytes()[:-30],
            "cut off: the file ends in the middle of a frame",
        ),
    ],
)
def test_bad_video_says_why(tmp_path, write_video, read, content, message):
    (tmp_path / "x.mp4").write_bytes(content(tmp_path, write_video))
    with pytest.raises(MediaError, match=message):
        read(tmp_path / "x.mp4")


def test_metadata_in_another_encoding_is_no_obstacle(tmp_path, clip):
    data = clip.read_bytes()
    assert b"VideoHandler" in data
    (tmp_path / "a.mp4").write_bytes(data.replace(b"VideoHandler", "비디오조각들".encode("cp949")))
    assert read_video(tmp_path / "a.mp4") == read_video(clip)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(edits=EDITS, keep=st.floats(0.5, 1))
def test_no_spoilt_video_escapes_as_another_error(tmp_path_factory, clip, edits, keep):
    path = tmp_path_factory.getbasetemp() / "spoilt.mp4"
    path.write_bytes(spoilt(clip.read_bytes(), edits, keep))
    try:
        assert read_video(path).tracks[0].frames >= 1
        assert len(sample_frames(path, [0.5, 1.5])) == 2
    except MediaError as error:
        assert str(error)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("key_every", [5, 7, 250])
@pytest.mark.parametrize("name", ["a.mp4", "b.mp4", "a.mkv", "a.avi", "a.ts"])
def test_seeking_gives_the_same_frames(
    tmp_path, write_video, frame_index, monkeypatch, name, key_every
):
    path = write_video(
        tmp_path / name, 60, key_every=key_every, b_frames=2 if name == "b.mp4" else 0
    )
    times = [i / 10 + 0.03 for i in range(60)]
    plain = [frame_index(f) for f in sample_frames(path, times)]
    assert plain == list(range(60))
    monkeypatch.setattr(video, "SEEK_AHEAD_SEC", 0.75)
    for i in range(0, 60, 3):
        assert [frame_index(f) for f in sample_frames(path, [times[i]])] == [i]
    assert [frame_index(f) for f in sample_frames(path, [*times[2::19], 99])] == [2, 21, 40, 59, 59]


@pytest.mark.parametrize(
    ("seek_ahead_sec", "fewest", "most"), [(0.75, 2, 12), (3.0, 2, 12), (4.0, 33, 36)]
)
def test_a_long_gap_is_jumped_over(
    tmp_path, write_video, monkeypatch, seek_ahead_sec, fewest, most
):
    path = write_video(tmp_path / "a.mp4", 60)
    decoded = count_frames(monkeypatch)
    monkeypatch.setattr(video, "SEEK_AHEAD_SEC", seek_ahead_sec)
    sample_frames(path, [3.25])
    assert fewest <= len(decoded) <= most


def count_frames(monkeypatch):
    """A list that grows with every frame decoded."""
    seen = []
    real = video._decode

    def counting(container, stream):
        for frame in real(container, stream):
            seen.append(frame.pts)
            yield frame

    monkeypatch.setattr(video, "_decode", counting)
    return seen


# tkhd's matrix (ISO/IEC 14496-12, 8.3.2): where (x, y) of the stored picture is shown.
TURNED = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


@pytest.mark.parametrize("clockwise", TURNED)
def test_a_phones_video_comes_upright(tmp_path, clip, clockwise):
    data = bytearray(clip.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    assert data[matrix : matrix + 4] == b"\0\1\0\0"
    for slot, value in zip((0, 1, 3, 4), TURNED[clockwise], strict=True):
        start = matrix + 4 * slot
        data[start : start + 4] = (value * 0x10000).to_bytes(4, "big", signed=True)
    path = tmp_path / "turned.mp4"
    path.write_bytes(data)
    for short_side in (None, 24):
        (stored,), (shown,) = (sample_frames(p, [0.5], short_side) for p in (clip, path))
        np.testing.assert_array_equal(shown, np.rot90(stored, -clockwise // 90))
        assert shown.flags.c_contiguous
    width_height = (64, 48) if clockwise == 180 else (48, 64)
    assert read_video(path).tracks[0][:2] == width_height


def test_a_name_that_ffmpeg_would_take_for_a_command(clip, tmp_path, monkeypatch, write_video):
    other = write_video(tmp_path / "other.mp4", 5)
    (tmp_path / "concat:other.mp4").write_bytes(clip.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert read_video(Path("concat:other.mp4")).tracks[0].frames == 20
    assert read_video(Path(other.name)).tracks[0].frames == 5
