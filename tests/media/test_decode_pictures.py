import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from spoilt import EDITS, spoilt

from harmlib.media import decode
from harmlib.media.decode import MediaError, load_image


def plain(mode, colour):
    return Image.new(mode, (6, 4), colour)


def palette(transparent):
    image = plain("P", 1)
    image.putpalette([0, 0, 0, 200, 40, 10])
    return image, {"transparency": 1} if transparent else {}


@pytest.mark.parametrize(
    ("name", "image", "options", "rgb"),
    [
        ("rgb.jpg", plain("RGB", (200, 40, 10)), {"quality": 98}, (200, 40, 10)),
        ("grey.jpg", plain("L", 90), {}, (90, 90, 90)),
        ("cmyk.jpg", plain("CMYK", (0, 255, 255, 0)), {}, (255, 0, 0)),
        ("rgb.webp", plain("RGB", (200, 40, 10)), {"lossless": True}, (200, 40, 10)),
        ("rgb.bmp", plain("RGB", (200, 40, 10)), {}, (200, 40, 10)),
        ("bit.png", plain("1", 1), {}, (255, 255, 255)),
        ("palette.png", *palette(False), (200, 40, 10)),
        ("palette_clear.png", *palette(True), (255, 255, 255)),
        ("palette.gif", *palette(False), (200, 40, 10)),
        ("clear.png", plain("RGBA", (200, 40, 10, 0)), {}, (255, 255, 255)),
        ("half.png", plain("RGBA", (200, 40, 10, 51)), {}, (244, 212, 206)),
        ("grey_half.png", plain("LA", (0, 128)), {}, (127, 127, 127)),
        ("key.png", plain("RGB", (9, 8, 7)), {"transparency": (9, 8, 7)}, (255, 255, 255)),
        ("deep.png", plain("I;16", 0x8123), {}, (0x81, 0x81, 0x81)),
        ("deep.tif", plain("I;16", 0x8123), {}, (0x81, 0x81, 0x81)),
        ("wrong_ending.jpg", plain("RGB", (200, 40, 10)), {"format": "PNG"}, (200, 40, 10)),
    ],
)
def test_every_kind_of_picture_becomes_rgb(tmp_path, name, image, options, rgb):
    image.save(tmp_path / name, **options)
    array = load_image(tmp_path / name)
    assert array.dtype == np.uint8
    assert array.shape == (4, 6, 3)
    np.testing.assert_allclose(array.astype(int), np.broadcast_to(rgb, (4, 6, 3)), atol=2)


UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_exif_orientation(tmp_path, orientation, mode):
    stored = np.arange(24, dtype=np.uint8).reshape(4, 6, 1).repeat(3, 2)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).convert(mode).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(load_image(tmp_path / "a.png"), UPRIGHT[orientation](stored))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, write_image):
    """The bytes of a picture as JPEG and as PNG, large enough for two data chunks."""
    folder = tmp_path_factory.mktemp("pictures")
    return {
        kind: write_image(folder / f"a.{kind}", 1, (200, 150)).read_bytes()
        for kind in ("jpg", "png")
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda _: b"", r"empty file \(0 bytes\)"),
        (lambda _: b"only words\n" * 50, "not a picture that Pillow can read"),
        (lambda _: b"\0" * 999, "not a picture that Pillow can read"),
        (lambda kinds: kinds["jpg"][: len(kinds["jpg"]) // 2], "damaged picture: .*truncated"),
        (lambda kinds: kinds["jpg"][:30], "damaged picture|not a picture"),
        (lambda kinds: kinds["png"][:3000], "damaged picture"),
        (
            lambda kinds: b"ID\1T".join(kinds["png"].rsplit(b"IDAT", 1)),
            "damaged picture: broken PNG",
        ),
    ],
)
def test_bad_picture_says_why(tmp_path, pictures, content, message):
    (tmp_path / "x.jpg").write_bytes(content(pictures))
    with pytest.raises(MediaError, match=message):
        load_image(tmp_path / "x.jpg")


def test_absurdly_large_picture(tmp_path, write_image):
    path = write_image(tmp_path / "a.png", 0, (12, 8))
    assert load_image(path, max_pixels=96).shape == (8, 12, 3)
    with pytest.raises(MediaError, match=r"^12x8 pixels: more than the limit of 95$"):
        load_image(path, max_pixels=95)


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(["jpg", "png"]), edits=EDITS, keep=st.floats(0, 1))
def test_no_spoilt_picture_escapes_as_another_error(tmp_path_factory, pictures, kind, edits, keep):
    path = tmp_path_factory.getbasetemp() / "spoilt.jpg"
    path.write_bytes(spoilt(pictures[kind], edits, keep))
    try:
        assert load_image(path).shape[2] == 3
    except MediaError as error:
        assert str(error)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("error", decode.DAMAGED)
def test_whatever_a_reader_raises_is_a_damaged_picture(tmp_path, monkeypatch, error):
    plain("RGB", 7).save(tmp_path / "a.png")

    def stumble(*_, **__):
        raise error("somewhere inside")

    monkeypatch.setattr(Image.Image, "convert", stumble)
    with pytest.raises(MediaError, match="damaged picture: somewhere inside"):
        load_image(tmp_path / "a.png")
