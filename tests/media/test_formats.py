"""What is no picture and no video here is named for what it is, and nothing opens it."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from odd_pictures import chunk, gradient, tiff
from PIL import Image

from harmlib.media.decode import MediaError, load_image
from harmlib.media.formats import recognise, refusal
from harmlib.media.identify import identify
from harmlib.media.probe import probe

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8))
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("JPEG2000", "JPEG 2000"), ("TGA", "Targa"), ("ICO", "Windows icon"), ("PCX", "PCX"),
        ("PPM", "Netpbm"), ("SGI", "SGI"), ("DDS", "DirectX"), ("ICNS", "macOS icon"),
        ("QOI", "QOI"), ("PDF", "PDF"), ("EPS", "PostScript"),
    ],
)  # fmt: skip
def test_formats_that_are_not_supported_have_their_own_names(tmp_path, form, name):
    PICTURE.save(tmp_path / "a.jpg", form)
    with pytest.raises(MediaError, match=rf"^unsupported format: {name}.*; convert it to JPEG"):
        identify(tmp_path / "a.jpg")
    assert probe(tmp_path / "a.jpg", "image").reason.startswith("unsupported format")
    with pytest.raises(MediaError, match=f"not a picture that Pillow can read.*{name}"):
        load_image(tmp_path / "a.jpg")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"8BPS\0\1", "Photoshop picture (PSD)"),
        (b"<?xml version='1.0'?>\n<svg/>", "SVG drawing"),
        (b"\xef\xbb\xbf<svg/>", "SVG drawing"),
        (b"\xff\x0a\xfa", "JPEG XL picture"),
        (b"II*\0\x10\0\0\0CR\2\0", "camera's raw file (CR2)"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "camera's raw file (CR3)"),
        (bytes(128) + b"DICM", "DICOM picture"),
        (b"#EXTM3U\n/etc/passwd", "a playlist"),
        (b"ffconcat version 1.0\nfile a.mp4\n", "a playlist (ffconcat)"),
        (b"<!DOCTYPE html><svg/>", "a web page (HTML)"),
        (b"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer; `git lfs pull`"),
        (b"\0\5\x16\7\0\2\0\0", "macOS's companion of another file (AppleDouble)"),
        (b"PK\3\4", "a ZIP archive or an office document"),
        (b"RIFF\0\0\0\0WAVEfmt ", "sound (WAV)"),
        (bytes(999), "nothing but zero bytes at its beginning"),
        ("그림이 아닙니다".encode("cp949"), "text"),
        (np.random.default_rng(1).bytes(4096), ""),
    ],
)
def test_what_is_named(head, name):
    found = recognise(head)
    assert found.kind in ("unsupported", "other")
    assert found.name.startswith(name)
    assert found.demuxer == ""


def test_the_name_of_a_file_is_only_a_hint():
    unknown = recognise(np.random.default_rng(1).bytes(4096))
    assert "its name says camera's raw file (NEF)" in refusal(unknown, ".NEF")
    assert refusal(unknown, ".jpg") == "neither a picture nor a video, by its content"


def test_members_of_heif():
    def box(*brands):
        body = b"ftyp" + brands[0] + b"\0\0\0\0" + b"".join(brands[1:])
        return (len(body) + 4).to_bytes(4, "big") + body + b"\0\0\0\x08mdat avif"

    assert recognise(box(b"avif", b"mif1")).reader == "AVIF"
    assert recognise(box(b"mif1", b"miaf", b"avif")).reader == "AVIF"
    assert recognise(box(b"mif1", b"heic")).reader == "HEIF"
    assert recognise(box(b"heix")).reader == "HEIF"
    assert recognise(box(b"isom", b"avc1")).reader == "mov"


@pytest.mark.parametrize("cut", [1, 57, 100, 187])
@pytest.mark.parametrize("step", [188, 192, 204])
def test_a_recording_that_begins_inside_a_packet(cut, step):
    packets = (b"G" + bytes(range(1, 60)) + b"\xff" * (step - 60)) * 9
    assert recognise(packets[cut:]).reader == "mpegts"


def test_a_cut_recording_is_a_video(tmp_path, write_video):
    whole = write_video(tmp_path / "a.ts", 20).read_bytes()
    (tmp_path / "cut.ts").write_bytes(whole[70:])
    assert identify(tmp_path / "cut.ts") == "video"
    assert probe(tmp_path / "cut.ts", "video").frames > 0


def test_heic_is_named_without_its_package_and_used_with_it(tmp_path, monkeypatch):
    (tmp_path / "a.heic").write_bytes(HEIC)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    with pytest.raises(
        MediaError, match=r"^HEIC, a format that isn't supported without .*pillow-heif"
    ):
        identify(tmp_path / "a.heic")

    def register_heif_opener():
        monkeypatch.setitem(Image.OPEN, "HEIF", (lambda *_: PICTURE.copy(), None))

    heif = SimpleNamespace(register_heif_opener=register_heif_opener)
    monkeypatch.setitem(sys.modules, "pillow_heif", heif)
    monkeypatch.setattr(Image.Image, "tile", [], raising=False)
    assert identify(tmp_path / "a.heic") == "image"
    np.testing.assert_array_equal(load_image(tmp_path / "a.heic"), PICTURE)


@pytest.mark.parametrize("read", [load_image, identify, lambda path: probe(path, "image").reason])
def test_an_eps_named_jpg_starts_no_ghostscript(tmp_path, monkeypatch, read):
    PICTURE.save(tmp_path / "a.jpg", "EPS")

    def started(*_, **__):
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    try:
        assert "PostScript" in read(tmp_path / "a.jpg")
    except MediaError as error:
        assert "PostScript" in str(error)  # noqa: PT017 - either way says so


def test_a_playlist_named_mp4_gives_no_neighbours_frames(tmp_path, write_video):
    write_video(tmp_path / "neighbour.mp4", 5)
    (tmp_path / "a.mp4").write_text("ffconcat version 1.0\nfile neighbour.mp4\n")
    assert "a playlist (ffconcat)" in probe(tmp_path / "a.mp4", "video").reason


@pytest.mark.parametrize("tags", [[(50706, 1, 4, b"\1\4\0\0")], [(254, 4, 1, 1), (330, 4, 1, 8)]])
def test_a_cameras_raw_file_is_not_judged_by_its_preview(tmp_path, tags):
    (tmp_path / "a.tif").write_bytes(tiff(gradient(), bits=8, more=tags))
    with pytest.raises(MediaError, match=r"^unsupported format: camera's raw file \(DNG, NEF"):
        identify(tmp_path / "a.tif")


def test_our_limit_is_called_a_limit(tmp_path):
    header = (20_000).to_bytes(4, "big") + (10_000).to_bytes(4, "big") + b"\x08\2\0\0\0"
    end = chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + end)
    reason = "20000x10000 pixels: more than the limit of 100,000,000"
    assert probe(tmp_path / "a.png", "image").reason == reason
    with pytest.raises(MediaError, match=f"^{reason}$"):
        identify(tmp_path / "a.png")


def test_12_bits_of_a_jpeg_are_no_damage(tmp_path):
    PICTURE.save(tmp_path / "a.jpg")
    content = bytearray((tmp_path / "a.jpg").read_bytes())
    content[content.index(b"\xff\xc0") + 4] = 12
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(MediaError, match=r"a JPEG of a kind that can't be read here .*12-bit"):
        identify(tmp_path / "a.jpg")
