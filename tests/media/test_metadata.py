"""Metadata that is broken or too large: the pixels are used all the same, turned where known."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from odd_pictures import SIX, chunk, exif, gradient, tiff
from PIL import Image

from harmlib.media.decode import MediaError, load_image
from harmlib.media.identify import identify
from harmlib.media.metadata import without_metadata

CASES = Path(os.environ.get("HARMLIB_SHARED", Path(__file__).parents[3] / "shared")) / "data/cases"
GREY = gradient()
PICTURE = Image.fromarray(np.dstack([GREY, GREY[::-1], GREY[:, ::-1]]))
TURNED = np.rot90(np.asarray(PICTURE), -1)
FAR = struct.pack("<L", 0xFFFFFF)


@pytest.fixture
def case():
    if not CASES.is_dir():
        pytest.skip(f"no cases at {CASES} (set HARMLIB_SHARED)")
    return lambda name: CASES / name


ODD_EXIF = {
    "resolution as text": exif(SIX, (0x11A, 2, 1, b"72\0\0")),
    "resolution as number": exif(SIX, (0x11A, 3, 1, b"\0\1\0\0")),
    "resolution behind the end": exif(SIX, (0x11A, 5, 1, FAR)),
    "date as number": exif(SIX, (0x132, 3, 1, b"\1\0\0\0")),
    "unknown type": exif(SIX, (0x132, 99, 1, b"xxxx")),
    "endless text": exif(SIX, (0x132, 2, 0xFFFFFFFF, FAR)),
    "a loop of tables": exif(SIX, (0x8769, 4, 1, struct.pack("<L", 8))),
    "GPS behind the end": exif(SIX, (0x8825, 4, 1, FAR)),
    "orientation of 4 bytes": exif((0x112, 4, 1, struct.pack("<L", 6))),
    "orientation of 1 byte": exif((0x112, 1, 1, b"\6\0\0\0")),
    "orientation twice": exif((0x112, 3, 2, struct.pack("<HH", 6, 6))),
    "cut off": exif(SIX, (0x132, 2, 20, FAR))[:40],
}


@pytest.mark.parametrize("block", ODD_EXIF.values(), ids=ODD_EXIF)
@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_odd_exif_still_turns_the_picture(tmp_path, ending, block):
    path = tmp_path / f"a.{ending}"
    PICTURE.save(path, exif=block, lossless=True, quality=100, subsampling=0)
    assert identify(path) == "image"
    np.testing.assert_allclose(load_image(path).astype(int), TURNED, atol=6)


@pytest.mark.parametrize(
    "block",
    [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", exif((0x112, 3, 1, b"\x63\0\0\0"))],
)
def test_an_orientation_that_cannot_be_read_is_upright(tmp_path, block):
    for ending in ("jpg", "webp"):
        PICTURE.save(tmp_path / f"a.{ending}", exif=block)
        assert load_image(tmp_path / f"a.{ending}").shape == (*GREY.shape, 3)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize(
    "tag",
    [
        (282, 2, 1, b"72\0\0"),
        (306, 3, 1, 1),
        (34675, 7, 0xFFFFFFF, FAR),
        (34665, 4, 1, 8),
        (700, 1, 5, FAR),
    ],
)
def test_odd_tags_of_a_tiff(tmp_path, tag, orientation):
    (tmp_path / "a.tif").write_bytes(tiff(GREY, bits=8, more=[tag, (274, 3, 1, orientation)]))
    expected = np.rot90(GREY, -1) if orientation == 6 else GREY
    np.testing.assert_array_equal(load_image(tmp_path / "a.tif")[..., 0], expected)


LARGE = zlib.compress(b"x" * 3_000_000)
CHUNKS = {
    "compressed text": chunk(b"zTXt", b"k\0\0" + LARGE),
    "international text": chunk(b"iTXt", b"k\0\1\0\0\0" + LARGE),
    "colour profile": chunk(b"iCCP", b"p\0\0" + LARGE),
    "profile that is none": chunk(b"iCCP", b"p\0\0no zlib"),
    "wrong checksum": chunk(b"tEXt", b"k\0v")[:-1] + b"!",
    "empty resolution": chunk(b"pHYs", b""),
    "empty date": chunk(b"tIME", b""),
    "cut colours": chunk(b"cHRM", b"12"),
}


@pytest.mark.parametrize("odd", CHUNKS.values(), ids=CHUNKS)
@pytest.mark.parametrize("is_late", [False, True])
def test_odd_chunks_of_a_png(tmp_path, odd, is_late):
    file = io.BytesIO()
    PICTURE.save(file, "PNG")
    at = -12 if is_late else 33  # before the end, or behind the header
    (tmp_path / "a.png").write_bytes(file.getvalue()[:at] + odd + file.getvalue()[at:])
    assert identify(tmp_path / "a.png") == "image"
    np.testing.assert_array_equal(load_image(tmp_path / "a.png"), PICTURE)


def test_damage_to_pixels_is_not_taken_for_metadata(tmp_path):
    file = io.BytesIO()
    PICTURE.save(file, "PNG")
    content = bytearray(file.getvalue())
    content[content.index(b"IDAT") + 20] ^= 1
    odd = CHUNKS["compressed text"]
    (tmp_path / "a.png").write_bytes(content[:33] + odd + content[33:])
    with pytest.raises(MediaError, match="damaged picture"):
        load_image(tmp_path / "a.png")


@pytest.mark.parametrize("reader", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_what_is_rewritten_has_the_same_pixels(reader):
    file = io.BytesIO()
    PICTURE.save(file, reader, exif=exif(SIX), icc_profile=b"p" * 99, dpi=(300, 300))
    smaller, turned = without_metadata(file.getvalue(), reader)
    assert turned == (1 if reader == "TIFF" else 6)  # Pillow turns a TIFF by itself
    again, before = Image.open(io.BytesIO(smaller)), Image.open(file)
    assert "icc_profile" not in again.info
    np.testing.assert_array_equal(again, before)


@pytest.mark.parametrize("reader", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
def test_any_bytes_can_be_asked_for_their_metadata(reader):
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    PICTURE.save(file, reader)
    for _ in range(200):
        content = bytearray(file.getvalue()[: rng.integers(1, 400)])
        content[rng.integers(len(content))] = rng.integers(256)
        without_metadata(bytes(content), reader)


def test_the_cases(case):
    assert load_image(case("exif_odd_resolution.jpg")).shape == (320, 240, 3)
    for name in ("png_large_profile.png", "png_large_text.png"):
        assert identify(case(name)) == "image"
        assert load_image(case(name)).mean() > 100
