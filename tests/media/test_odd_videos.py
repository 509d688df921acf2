"""Every frame of every real stream can be sampled, and what was chosen is said."""

import io
import os
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from odd_videos import add_stream, joined, picture, record
from PIL import Image

from harmlib.media import video
from harmlib.media.decode import MediaError
from harmlib.media.identify import identify
from harmlib.media.probe import probe
from harmlib.media.tracks import Track
from harmlib.media.video import sample_frames
from harmlib.media.video_facts import read_video

CASES = Path(
    os.environ.get("HARMLIB_SHARED", Path(__file__).parents[2] / ".." / "shared"), "data/cases"
)


def numbers(path, facts, frame_index):
    """The numbers of all frames, each sampled in the middle of its time."""
    ends = [*facts.times_sec[1:], facts.duration_sec]
    middles = [(a + b) / 2 for a, b in zip(facts.times_sec, ends, strict=True)]
    return [frame_index(frame) for frame in sample_frames(path, middles, track=facts.track)]


def twice(folder, name, **second):
    first = record(folder / f"a{name}")
    return joined(folder / f"joined{name}", first, record(folder / f"b{name}", first=20, **second))


def jumps(*at, by=300):
    """Ticks of 40 frames, with jumps before these frames."""
    return [i + by * sum(i >= one for one in at) for i in range(40)]


CLOCKS = {
    "joined ts": lambda f: twice(f, ".ts"),
    "joined ts, other size": lambda f: twice(f, ".ts", size=(32, 48)),
    "joined mpg": lambda f: twice(f, ".h264"),
    "three times": lambda f: joined(
        f / "c.ts", *(record(f / f"{i}.ts", 10, first=10 * i) for i in range(3))
    ),
    "jump": lambda f: record(f / "a.ts", 40, ticks=jumps(20)),
    "jump of hours": lambda f: record(f / "a.mp4", 40, ticks=jumps(20, by=360_000)),
    "two jumps": lambda f: record(f / "a.mkv", 40, ticks=jumps(1, 30)),
    "a frame a day": lambda f: record(f / "a.mp4", 40, ticks=[864_000 * i for i in range(40)]),
    "late last frame": lambda f: record(f / "a.mp4", 40, ticks=jumps(39, by=360_000)),
    "early first frame": lambda f: record(f / "a.mp4", 40, ticks=jumps(1, by=360_000)),
    "raw H.264": lambda f: record(f / "a.h264", 40),
    "raw HEVC": lambda f: record(f / "a.hevc", 40, codec="libx265"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CLOCKS)
def test_every_frame_can_be_sampled(tmp_path, frame_index, kind, monkeypatch):
    path = CLOCKS[kind](tmp_path)
    found = read_video(path)
    (facts,) = found.tracks
    tolerance = 1 if "HEVC" in kind else 0
    got = np.array(numbers(path, facts, frame_index))
    assert len(got) == facts.frames
    assert np.abs(got - np.arange(facts.frames)).max() <= tolerance
    assert facts.frames == (30 if kind == "three times" else 40)
    assert facts.duration_sec <= 0.1 * facts.frames + 1e-6
    assert "clock of video stream 0" in found.note or "has no times" in found.note
    monkeypatch.setattr(video, "SEEK_AHEAD_SEC", 0.1)  # nothing is sought on such clocks
    (late,) = sample_frames(path, [facts.times_sec[-2] + 0.01], track=facts.track)
    assert abs(frame_index(late) - (facts.frames - 2)) <= tolerance


@pytest.mark.parametrize(
    "ticks",
    [
        [i * 300 for i in range(8)],  # a slideshow, half a minute a picture
        [0, 1, 2, 3, 90, 91, 92, 93],  # nine seconds without a change
        [0, 5, 6, 16, 17, 18, 40, 41],
    ],
)
def test_honest_gaps_are_left_alone(tmp_path, frame_index, ticks):
    path = record(tmp_path / "a.mp4", 8, ticks=ticks)
    found = read_video(path)
    (facts,) = found.tracks
    assert found.note == ""
    assert facts.track == Track(0, 0.0)
    assert list(facts.times_sec) == pytest.approx([tick / 10 for tick in ticks])
    assert numbers(path, facts, frame_index) == list(range(8))


def test_a_late_start_is_no_jump(tmp_path, frame_index):
    path = record(tmp_path / "a.ts", ticks=[i + 500 for i in range(20)])
    found = read_video(path)
    assert found.note == ""
    assert numbers(path, found.tracks[0], frame_index) == list(range(20))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_all_video_streams_are_told(tmp_path, frame_index, name):
    path = record(tmp_path / name, streams=2)
    found = read_video(path)
    assert [facts.track.stream for facts in found.tracks] == [0, 1]
    assert numbers(path, found.tracks[0], frame_index) == list(range(20))
    assert numbers(path, found.tracks[1], frame_index) == list(range(20, 40))
    assert found.note.startswith("2 video streams (0, 1): a prediction judges all of them")


def test_a_stream_that_begins_later_in_the_file(tmp_path, frame_index):
    """The second recording has a packet identifier of its own."""
    path = twice(tmp_path, ".ts", mpegts_start_pid="512")
    found = read_video(path)
    seen = [i for facts in found.tracks for i in numbers(path, facts, frame_index)]
    assert sorted(seen) == list(range(40))


def test_the_training_takes_the_stream_of_most_frames(tmp_path):
    """Such as that beside a cover which the file doesn't declare."""
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        cover = add_stream(container, "mjpeg", (96, 96))
        stream = add_stream(container)
        for i in range(20):
            for one in (cover, stream) if i == 0 else (stream,):
                frame = picture(i, (96, 96) if one is cover else (64, 48))
                frame = frame.reformat(format=one.pix_fmt)
                frame.pts, frame.time_base = i, one.codec_context.time_base
                container.mux(one.encode(frame))
        for one in (cover, stream):
            container.mux(one.encode())
    found = read_video(path)
    assert [(facts.track.stream, facts.frames) for facts in found.tracks] == [(1, 20), (0, 1)]
    facts = probe(path, "video")
    assert (facts.stream, facts.width, facts.frames) == (1, 64, 20)


def with_cover(path, sound, video):
    """A cover picture as the first stream; FFmpeg writes what it declares to be attached."""
    with av.open(str(path), "w") as container:
        cover = add_stream(container, "mjpeg", (96, 96))
        cover.disposition = av.stream.Disposition.attached_pic
        made = [add_stream(container)] if video else []
        audio = container.add_stream("aac", rate=16000) if sound else None
        frame = picture(50, (96, 96)).reformat(format="yuvj420p")
        frame.pts = 0
        container.mux(cover.encode(frame))
        container.mux(cover.encode())
        if audio:
            frame = av.AudioFrame.from_ndarray(
                np.zeros((1, 4096), np.float32), format="fltp", layout="mono"
            )
            frame.rate = 16000
            container.mux(audio.encode(frame))
            container.mux(audio.encode())
        for stream in made:
            for i in range(20):
                frame = picture(i, (64, 48))
                frame.pts, frame.time_base = i, stream.codec_context.time_base
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    return path


def test_a_cover_is_not_the_video(tmp_path, frame_index):
    path = with_cover(tmp_path / "a.mp4", sound=True, video=True)
    found = read_video(path)
    (facts,) = found.tracks
    assert (facts.width, facts.frames) == (64, 20)
    assert numbers(path, facts, frame_index) == list(range(20))
    assert len(sample_frames(path, [0.5])[0]) == 48, "by default too"
    assert "an attached picture was not looked at" in found.note


def test_a_cover_in_matroska_is_not_the_video(tmp_path):
    path, cover = tmp_path / "a.mkv", io.BytesIO()
    Image.new("RGB", (96, 96), "red").save(cover, "JPEG")
    with av.open(str(path), "w") as container:
        stream = add_stream(container)
        container.add_attachment("cover.jpg", "image/jpeg", cover.getvalue())
        for i in range(20):
            frame = picture(i, (64, 48))
            frame.pts, frame.time_base = i, stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    found = read_video(path)
    assert [facts[:3] for facts in found.tracks] == [(64, 48, 20)]
    assert found.note == "an attached picture was not looked at (stream 1)"


def test_sound_with_a_cover_has_no_video(tmp_path):
    path = with_cover(tmp_path / "a.mp4", sound=True, video=False)
    with pytest.raises(MediaError, match="no video stream, only a cover picture"):
        read_video(path)


def test_a_stream_whose_every_packet_is_broken(tmp_path):
    path = record(tmp_path / "a.mp4", streams=2)
    with av.open(str(path)) as container:
        second = container.streams.video[1]
        places = [(p.pos, p.size) for p in container.demux(second) if p.size]
    data = bytearray(path.read_bytes())
    for at, size in places:
        data[at : at + size] = b"\xff" * size
    path.write_bytes(data)
    with pytest.raises(MediaError, match=r"damaged|no frame of video stream 1"):
        read_video(path)


def test_a_coding_that_changes_on_the_way_is_refused(tmp_path):
    path = twice(tmp_path, ".ts", codec="mpeg2video")
    with pytest.raises(MediaError, match=r"only 20 of .* packets gave a frame; .*coding changes"):
        read_video(path)


def test_each_stream_is_turned_by_its_own_matrix(tmp_path):
    path = record(tmp_path / "a.mp4", streams=2)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd", data.index(b"tkhd") + 4) + 4 + 40
    for slot, value in zip((0, 1, 3, 4), (0, 1, -1, 0), strict=True):
        data[matrix + 4 * slot : matrix + 4 * slot + 4] = (value * 0x10000).to_bytes(
            4, "big", signed=True
        )
    path.write_bytes(data)
    sizes = [facts[:2] for facts in read_video(path).tracks]
    assert sizes == [(64, 48), (48, 64)]


@pytest.mark.parametrize(("bound", "frames", "is_whole"), [(19, 19, False), (20, 20, True)])
def test_no_more_frames_than_the_bound(clip, bound, frames, is_whole):
    found = read_video(clip, bound)
    assert (found.tracks[0].frames, found.is_whole) == (frames, is_whole)
    assert found.note == ("" if is_whole else "only the first 19 frames were looked at")


def test_the_bound_is_that_of_all_streams_together(tmp_path):
    found = read_video(record(tmp_path / "a.mp4", streams=2), 30)
    assert sum(facts.frames for facts in found.tracks) == 30


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.h264", "libx264"),
        ("a.hevc", "libx265"),
        ("a.mjpeg", "mjpeg"),
        ("a.m4v", "mpeg4"),
        ("a.m2v", "mpeg2video"),
    ],
)
def test_video_in_no_container_is_a_video(tmp_path, name, codec):
    path = record(tmp_path / name, codec=codec)
    assert identify(path) == "video"
    renamed = shutil.copy(path, tmp_path / "whatever.jpg")
    assert identify(renamed) == "video"
    assert read_video(Path(renamed)).tracks[0].frames == 20


@pytest.mark.skipif(not CASES.is_dir(), reason="no ../shared/data/cases")
@pytest.mark.parametrize(
    ("name", "frames", "duration_sec"),
    [
        ("ts_joined.ts", [48], 4),
        ("two_tracks.mp4", [24, 24], 2),
        ("ts_clock_jump.ts", [80], 8),
        ("ts_clock_jump_80000s.ts", [48], 4),
        ("late_last_frame.mp4", [40], 4),
    ],
)
def test_cases_of_people(name, frames, duration_sec):
    found = read_video(CASES / name)
    assert [facts.frames for facts in found.tracks] == frames
    assert found.tracks[0].duration_sec == pytest.approx(duration_sec, abs=0.01)
    assert found.note
