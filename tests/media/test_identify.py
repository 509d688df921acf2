import os
import re
import socket
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from harmlib.media.decode import MediaError
from harmlib.media.identify import identify

STILL = Image.new("RGB", (16, 12), (200, 40, 10))
OTHERS = [Image.new("RGB", (16, 12), (20 * i, 90, 10)) for i in range(1, 4)]


def moving(path, **options):
    STILL.save(path, save_all=True, append_images=OTHERS, **options)
    return path


def write_stream(path, codec, frame):
    with av.open(str(path), "w", format="mp4" if codec == "aac" else "mpeg") as container:
        if codec == "aac":
            stream, frame.sample_rate = container.add_stream(codec, rate=8000), 8000
        else:
            stream = container.add_stream(codec, rate=25, width=64, height=48, pix_fmt="yuv420p")
        container.mux([*stream.encode(frame), *stream.encode()])
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.jpg", {}),
        ("a.png", {}),
        ("a.gif", {}),
        ("a.webp", {}),
        ("a.bmp", {}),
        ("a.tiff", {}),
        ("a.mp4", {"format": "JPEG"}),
        ("no_ending", {"format": "WEBP"}),
        ("pages.tiff", {"save_all": True, "append_images": OTHERS}),
        ("two.jpg", {"format": "MPO", "save_all": True, "append_images": OTHERS}),
    ],
)
def test_pictures(tmp_path, name, options):
    STILL.save(tmp_path / name, **options)
    assert identify(tmp_path / name) == "image"
    assert identify(str(tmp_path / name)) == "image"


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "avi", "ts", "flv", "m2ts"])
def test_videos_under_any_name(tmp_path, write_video, ending):
    clip = write_video(tmp_path / f"a.{ending}", 3)
    assert identify(clip) == "video"
    assert identify(clip.rename(tmp_path / "a.jpg")) == "video"


def test_an_mpeg_program_stream(tmp_path):
    frame = av.VideoFrame(64, 48, "yuv420p")
    assert identify(write_stream(tmp_path / "a.txt", "mpeg2video", frame)) == "video"


def test_pictures_that_move_are_videos_or_refused(tmp_path):
    assert identify(moving(tmp_path / "a.gif")) == "video"
    assert identify(moving(tmp_path / "a.png")) == "video"
    with pytest.raises(MediaError, match="a moving WEBP, which FFmpeg can't decode; convert"):
        identify(moving(tmp_path / "a.webp"))


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"hello\n" * 100, "neither a picture nor a video"),
        (b"#EXTM3U\n/etc/passwd\n", "neither"),
        (b"G" + b"ood morning" * 40, "neither a picture nor a video"),
        (b"RIFF\0\0\0\0WAVEfmt ", "neither a picture nor a video"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "damaged JPEG"),
        (b"BMW is no bitmap", "neither a picture nor a video"),
        (b"\x89PNG\r\n\x1a\n", "damaged PNG"),
        (HEIC, "HEIC, a format that isn't supported without the package pillow-heif; install it"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isom", "damaged or unknown video"),
        (b"\x1aE\xdf\xa3", "damaged or unknown video"),
        (b"Carefree about what follows", "damaged or unknown video"),
    ],
)
def test_what_is_neither_says_why(tmp_path, content, reason):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(MediaError, match=reason):
        identify(tmp_path / "a.jpg")


def test_sound_alone_is_no_video(tmp_path):
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
    with pytest.raises(MediaError, match="no video stream"):
        identify(write_stream(tmp_path / "a.mp4", "aac", frame))


def test_without_its_avif_reader_pillow_refuses_clearly(tmp_path, monkeypatch):
    (tmp_path / "a.avif").write_bytes(b"\0\0\0\x18ftypavif\0\0\0\0mif1avif")
    monkeypatch.delitem(Image.OPEN, "AVIF", raising=False)
    monkeypatch.setattr(Image, "init", lambda: True)
    with pytest.raises(MediaError, match="convert it to JPEG or PNG"):
        identify(tmp_path / "a.avif")


def test_damage_of_any_kind_is_a_media_error(tmp_path, write_video):
    """Bytes changed at random in the header, and the file cut anywhere: no other exception."""
    rng = np.random.default_rng(0)
    files = [moving(tmp_path / "a.gif"), moving(tmp_path / "a.webp"), tmp_path / "a.jpg"]
    STILL.save(files[-1])
    for path in [*files, write_video(tmp_path / "a.mp4", 3)]:
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(150):
            changed = whole[: rng.integers(1, 2 * whole.size)].copy()
            at = rng.integers(min(400, changed.size), size=6)
            changed[at] = rng.integers(256, size=6)
            path.write_bytes(changed.tobytes())
            try:
                assert identify(path) in ("image", "video")
            except MediaError as error:
                assert str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pipe.jpg", "a pipe (FIFO)"),
        ("s", "a socket"),
        ("/dev/zero", "a device"),
        (".", "a folder"),
    ],
)
def test_pipes_sockets_devices_and_folders_are_never_opened(tmp_path, monkeypatch, name, kind):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(MediaError, match=re.escape(f"{kind}, not a file")):
            identify(name)


def test_a_name_is_never_a_command_to_ffmpeg(tmp_path, monkeypatch, write_video):
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "a.mp4", 3)
    (tmp_path / "concat:a.mp4").write_bytes(b"\0\0\0\x08free, and nothing else")
    with pytest.raises(MediaError, match="damaged"):
        identify(Path("concat:a.mp4"))
