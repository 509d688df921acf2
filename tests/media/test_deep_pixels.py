import os
from pathlib import Path

import numpy as np
import pytest
from odd_pictures import gradient, png, tiff
from PIL import Image

from harmlib.media.decode import MediaError, load_image

CASES = Path(os.environ.get("HARMLIB_SHARED", Path(__file__).parents[3] / "shared")) / "data/cases"
GREY = gradient()
COLOURS = np.dstack([GREY, GREY[::-1], GREY[:, ::-1]])
GREYS = np.repeat(GREY[..., None], 3, axis=2)


def deep(values, bits):
    return (values.astype(float) * (2**bits - 1) / 255).round().astype(np.uint16)


def loaded(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    return load_image(tmp_path / "a")


def assert_same(found, expected):
    np.testing.assert_allclose(found.astype(int), expected, atol=1)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_a_picture_looks_the_same_however_many_of_16_bits_it_uses(tmp_path, bits):
    grey, colours = deep(GREY, bits), deep(COLOURS, bits)
    assert_same(loaded(tmp_path, png(grey[..., None], 0)), GREYS)
    assert_same(loaded(tmp_path, png(colours, 2)), COLOURS)
    for order in "<>":
        assert_same(loaded(tmp_path, tiff(grey, bits=16, order=order)), GREYS)
    Image.fromarray(grey).save(tmp_path / "b.tif", compression="tiff_lzw")
    assert_same(load_image(tmp_path / "b.tif"), GREYS)


@pytest.mark.parametrize("order", "<>")
def test_deep_colours_of_a_tiff(tmp_path, order):
    content = tiff(deep(COLOURS, 12), bits=16, order=order, photometric=2)
    assert_same(loaded(tmp_path, content), COLOURS)


def test_alpha_has_a_range_of_its_own(tmp_path):
    opaque = np.full((*GREY.shape, 1), 65535, np.uint16)
    half = np.full((*GREY.shape, 1), 32767, np.uint16)
    twelve = deep(COLOURS, 12)
    assert_same(loaded(tmp_path, png(np.dstack([twelve, opaque]), 6)), COLOURS)
    assert_same(loaded(tmp_path, png(np.dstack([deep(GREY, 12), opaque]), 4)), GREYS)
    on_white = (COLOURS.astype(float) + 255) / 2
    found = loaded(tmp_path, png(np.dstack([twelve, half]), 6))
    np.testing.assert_allclose(found, on_white, atol=2)


@pytest.mark.parametrize("factor", [256, 257])
def test_a_dark_picture_made_from_8_bits_stays_dark(tmp_path, factor):
    dark = GREYS // 8
    wide = (dark.astype(np.uint16) * factor).astype(np.uint16)
    assert_same(loaded(tmp_path, png(wide[..., :1], 0)), dark)
    assert_same(loaded(tmp_path, png(wide, 2)), dark)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("values", "settings"),
    [
        (deep(GREY, 12), {"bits": 16, "more": [(281, 3, 1, 4095)]}),
        (GREY.astype(np.uint16) * 4, {"bits": 16, "more": [(341, 3, 1, 1020)]}),
        (GREY.astype(np.int16) * 128, {"bits": 16, "kind": 2}),
        (GREY.astype(np.int32), {"bits": 32, "kind": 2}),
        (deep(GREY, 16).astype(np.int32), {"bits": 32, "kind": 2}),
        ((GREY / 255).astype(np.float32), {"bits": 32, "kind": 3}),
        (GREY.astype(np.float32), {"bits": 32, "kind": 3}),
        ((GREY / 25.5 - 5).astype(np.float32),
         {"bits": 32, "kind": 3, "more": [(340, 11, 1, -5.0), (341, 11, 1, 5.0)]}),
    ],
    ids=["declared 12", "declared 1020", "signed", "int of 8", "int of 16", "0 to 1", "0 to 255",
         "declared floats"],
)  # fmt: skip
def test_ranges_that_a_tiff_declares_or_uses(tmp_path, order, values, settings):
    assert_same(loaded(tmp_path, tiff(values, order=order, **settings)), GREYS)


def test_a_declared_range_keeps_a_dark_picture_dark(tmp_path):
    content = tiff(deep(GREY // 8, 12), bits=16, more=[(281, 3, 1, 4095)])
    assert_same(loaded(tmp_path, content), GREYS // 8)


def test_unsigned_32_bits_and_white_as_zero(tmp_path):
    full = GREY.astype(np.uint32) * 0x01010101
    assert_same(loaded(tmp_path, tiff(full, bits=32)), GREYS)
    negative = 65535 - deep(GREY, 16)
    assert_same(loaded(tmp_path, tiff(negative, bits=16, photometric=0)), GREYS)


@pytest.mark.parametrize(
    "values", [GREY / 51, GREY / 255 - 0.5, np.where(GREY == 0, np.nan, 0.5), GREY * 100.0]
)
def test_floats_of_an_unknown_range_are_refused_as_that(tmp_path, values):
    with pytest.raises(MediaError, match=r"^floating point pixels from .* which is white; convert"):
        loaded(tmp_path, tiff(values.astype(np.float32), bits=32, kind=3))


def test_all_black_is_black(tmp_path):
    black = np.zeros((*GREY.shape, 1), np.uint16)
    assert loaded(tmp_path, png(black, 0)).max() == 0
    assert loaded(tmp_path, png(black.repeat(3, 2), 2)).max() == 0


def test_the_case_of_12_in_16_bits():
    if not CASES.is_dir():
        pytest.skip(f"no cases at {CASES} (set HARMLIB_SHARED)")
    found = load_image(CASES / "tiff_12_in_16_bits.tif")
    assert_same(found, load_image(CASES / "tiff_8_bits_reference.png"))
