"""What is a raw video stream by its first bytes, and what only looks like one."""

import io

import pytest
from PIL import Image

from harmlib.media.formats import recognise
from harmlib.media.raw_streams import is_motion_jpeg, raw_video


@pytest.mark.parametrize(
    ("start", "demuxer"),
    [
        ("00000001 67640028", "h264"),  # a sequence parameter set
        ("000001 6742c01e", "h264"),
        ("00000001 09f0", "h264"),  # an access unit delimiter
        ("00000001 0605ff", "h264"),  # a message
        ("00000001 6588", "h264"),  # it begins with a picture
        ("00000001 40010c01", "hevc"),
        ("00000001 460150", "hevc"),
        ("000001 4201", "hevc"),
        ("000001b001 000001b509", "m4v"),
        ("00000100 00000120", "m4v"),
    ],
)
def test_raw_video(start, demuxer):
    head = bytes.fromhex(start) + bytes(20)
    assert raw_video(head)[1] == demuxer
    assert recognise(head).demuxer == demuxer


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0\0\0\1",
        bytes(64),
        bytes.fromhex("00000100 0100 2020"),  # an icon
        bytes.fromhex("000001ba 44000400"),  # an MPEG program stream
        bytes.fromhex("000001b3 14 00f0"),  # MPEG-1 or 2
        bytes.fromhex("00000001 e0000000"),
        b"\0\0\0\x20ftypisom",
        b"GIF89a",
    ],
)
def test_no_raw_video(head):
    assert raw_video(head) is None


def jpeg(size=(16, 12), seed=0, **options):
    buffer = io.BytesIO()
    Image.effect_noise(size, 50 + seed).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def mpo():
    buffer = io.BytesIO()
    first, second = (Image.effect_noise((16, 12), 40 + i) for i in range(2))
    first.save(buffer, "MPO", save_all=True, append_images=[second])
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "moves"),
    [
        (jpeg() + jpeg(seed=1), True),
        (jpeg(progressive=True) + jpeg(progressive=True), True),
        (jpeg(restart_marker_rows=1) + jpeg(seed=3), True),
        (b"".join(jpeg(seed=i) for i in range(5)), True),
        (jpeg(), False),
        (jpeg() + b"\0" * 100, False),
        (jpeg() + jpeg((8, 6)), False),  # a preview
        (jpeg() + b"\xff\xd8\xff", False),
        (jpeg()[:-20] + jpeg()[:-20], False),  # neither ends
        (mpo(), False),
        (jpeg()[:30], False),
    ],
)
def test_motion_jpeg(tmp_path, content, moves):
    path = tmp_path / "a"
    path.write_bytes(content)
    with path.open("rb") as file:
        assert is_motion_jpeg(file) is moves
        assert file.tell() == 0
