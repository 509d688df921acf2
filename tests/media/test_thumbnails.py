import io

import av
import numpy as np
import pytest
from PIL import Image

from harmlib.media.decode import MediaError
from harmlib.media.demo import make_demo
from harmlib.media.thumbnails import GAP, MAX_BYTES, segment_strips, thumbnail, thumbnails


def opened(jpeg):
    image = Image.open(io.BytesIO(jpeg))
    assert image.format == "JPEG"
    return image


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A few drawn pictures and clips."""
    return make_demo(tmp_path_factory.mktemp("demo"), images=(2, 2), videos=(2, 2))


def noise(path, size, **options):
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return path


# the picture's size and that of its thumbnail in 480 x 120
SIZES = {
    "landscape": ((320, 240), (160, 120)),
    "portrait": ((90, 160), (67, 120)),
    "as it is": ((160, 120), (160, 120)),
    "small stays small": ((40, 30), (40, 30)),
    "one pixel": ((1, 1), (1, 1)),
    "panorama": ((2400, 200), (480, 40)),
    "line": ((2000, 1), (480, 1)),
    "tower": ((10, 1000), (1, 120)),
}


@pytest.mark.parametrize(("size", "expected"), SIZES.values(), ids=SIZES)
def test_a_picture_fits_and_is_never_enlarged(tmp_path, size, expected):
    path = tmp_path / "a.png"
    Image.new("RGB", size, "navy").save(path)
    assert opened(thumbnail(path, "image")).size == expected


def test_height_and_width_are_the_callers(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (400, 400)).save(path)
    assert opened(thumbnail(path, "image", height=50)).size == (50, 50)
    assert opened(thumbnail(path, "image", height=50, max_width=20)).size == (20, 20)


def test_metadata_stays_behind_and_orientation_is_obeyed(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise
    exif[0x010E] = "secret place"
    path = tmp_path / "a.jpg"
    noise(path, (200, 100), exif=exif, comment=b"secret comment", dpi=(300, 300))
    jpeg = thumbnail(path, "image")
    assert b"secret" not in jpeg
    assert not opened(jpeg).getexif()
    assert opened(jpeg).size == (60, 120)


def test_demo_media_are_small_and_the_same_every_time(demo):
    for modality, pattern in (("image", "images/*/*.jpg"), ("video", "videos/*/*.mp4")):
        paths = sorted(demo.glob(pattern))
        assert len(paths) == 4
        made = [thumbnail(path, modality) for path in paths]
        assert made == [thumbnail(path, modality) for path in paths]
        assert len(set(made)) == 4
        assert all(1_000 < len(jpeg) <= MAX_BYTES[modality] for jpeg in made)


def test_even_a_picture_of_noise_keeps_the_limit(tmp_path):
    assert len(thumbnail(noise(tmp_path / "a.png", (320, 240)), "image")) <= 6_000


def test_the_limit_is_the_callers(tmp_path):
    path = noise(tmp_path / "a.png", (320, 240))
    heavy = thumbnail(path, "image", height=240, max_bytes=20_000)
    assert 12_000 < len(heavy) <= 20_000
    assert thumbnails({"a": path}, "image", height=240, max_bytes=20_000) == {"a": heavy}


def test_quality_is_70_where_that_fits(demo):
    path = next(demo.glob("images/safe/*.jpg"))
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", quality=70)
    assert opened(thumbnail(path, "image")).quantization == opened(buffer.getvalue()).quantization


def grey_of_frames(strip, width):
    """The grey level in the lower right of each frame of a strip: `write_video` puts i there."""
    pixels = np.asarray(strip.convert("L"), float)
    rights = range(width, strip.width + 1, width + GAP)
    return [round((pixels[-8:, right - 8 : right].mean() - 8) / 4) for right in rights]


def test_a_strip_shows_frames_spread_evenly(tmp_path, write_video):
    path = write_video(tmp_path / "a.mp4", frames=40, size=(320, 240))
    strip = opened(thumbnail(path, "video"))
    width = (480 - 3 * GAP) // 4
    assert strip.size == (480, round(width * 240 / 320))
    assert grey_of_frames(strip, width) == pytest.approx([5, 15, 25, 35], abs=1)
    between = np.asarray(strip)[:, width + 1 : width + GAP - 1]
    assert np.abs(between.astype(int) - 128).max() < 40, "a grey gap"


def test_frames_is_the_callers(tmp_path, write_video):
    path = write_video(tmp_path / "a.mp4", frames=40, size=(320, 240))
    strip = opened(thumbnail(path, "video", frames=2))
    assert strip.size == (2 * 160 + GAP, 120)
    assert grey_of_frames(strip, 160) == pytest.approx([10, 30], abs=1)


def test_a_segments_strip_shows_only_the_segment(tmp_path, write_video):
    path = write_video(tmp_path / "a.mp4", frames=40, size=(320, 240))
    strip = opened(*segment_strips(path, [(1.0, 3.0)], height=120, frames=4))
    assert strip.size == (4 * 160 + 3 * GAP, 120)
    assert grey_of_frames(strip, 160) == pytest.approx([12, 17, 22, 27], abs=1)


def test_portrait_video(tmp_path, write_video):
    path = write_video(tmp_path / "a.mp4", size=(90, 160))
    assert opened(thumbnail(path, "video")).size == (4 * 67 + 3 * GAP, 120)


@pytest.mark.parametrize("frames", [1, 2])
def test_a_video_of_few_frames_shows_each_once(tmp_path, write_video, frames):
    path = write_video(tmp_path / "a.mp4", frames=frames, size=(64, 48))
    strip = opened(thumbnail(path, "video"))
    assert strip.size == (frames * 64 + (frames - 1) * GAP, 48)


def test_strip_of_a_detailed_video_keeps_the_limit(tmp_path):
    rng = np.random.default_rng(0)
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = {"crf": "10", "preset": "ultrafast"}
        for _ in range(5):
            pixels = rng.integers(0, 256, (240, 320, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    assert len(thumbnail(tmp_path / "a.mp4", "video")) <= 12_000


@pytest.mark.parametrize("modality", ["image", "video"])
@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "empty file"), (b"no media" * 99, "not a picture|unknown video")]
)
def test_a_broken_file_is_a_media_error(tmp_path, modality, content, reason):
    path = tmp_path / "broken"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=reason):
        thumbnail(path, modality)


def test_a_cut_off_video_is_a_media_error(tmp_path, demo):
    whole = next(demo.glob("videos/safe/*.mp4")).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MediaError, match=r"damaged|cut off"):
        thumbnail(tmp_path / "cut.mp4", "video")


@pytest.mark.parametrize(
    ("modality", "options", "message"),
    [
        ("audio", {}, "modality is 'audio'; known: image, video"),
        ("image", {"height": 0}, "height is 0 px"),
        ("video", {"frames": 0}, "frames 0"),
        ("video", {"max_width": 12}, "max_width is 12 px: too narrow for 4 frames"),
        ("image", {"max_width": 0}, "max_width is 0 px"),
    ],
)
def test_a_bad_argument_is_named(clip, tmp_path, modality, options, message):
    path = clip if modality == "video" else noise(tmp_path / "a.png", (20, 20))
    with pytest.raises(ValueError, match=message) as caught:
        thumbnail(path, modality, **options)
    assert not isinstance(caught.value, MediaError), "the ledger keeps files' faults, not ours"
