"""What names tell of sources: table of names, and what must hold of any names."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.media.source_names import source_names


@pytest.mark.parametrize(
    ("path", "source", "by"),
    [
        ("images/harmful/gun-Cam7-seg8_000123.jpg", "cam7", "camera"),
        ("images/safe/cam07_000124.jpg", "cam7", "camera"),
        ("images/safe/street/CAMERA 7.png", "cam7", "camera"),
        ("videos/safe/vcam007_0031.mp4", "vcam7", "camera"),
        ("clips/cam3/0001.mp4", "cam3", "camera"),
        ("images/유해/카메라3_01.jpg", "카메라3", "camera"),
        ("images/safe/video_frame_0001.jpg", "video", "frames"),
        ("images/safe/holiday_frame12.jpg", "holiday", "frames"),
        ("images/safe/frame_0001.jpg", "frames", "frames"),
        ("images/safe/trip/frame_0001.jpg", "trip/frames", "frames"),
        ("images/safe/movieA_seg8.jpg", "moviea", "frames"),
        ("images/harmful/video12_0001.jpg", "video12", "name"),
        ("images/harmful/video_12_0001.jpg", "video_12", "name"),
        ("images/harmful/vid012/a.jpg", "vid012", "folder"),
        ("images/harmful/IMG_0001.jpg", None, "file"),
        ("images/harmful/IMG_20240501_123000.jpg", None, "file"),
        ("images/harmful/20240501_123000.jpg", None, "file"),
        ("images/harmful/clip_0001.mp4", None, "file"),
        ("images/harmful/0001.jpg", None, "file"),
        ("images/harmful/batch2/a.jpg", None, "file"),
        ("images/harmful/campus_1.jpg", None, "file"),
        ("images/harmful/cat_001.jpg", None, "file"),
    ],
)
def test_what_one_name_tells(path, source, by):
    found = source_names([path]).iloc[0]
    assert (found["source"], found["by"]) == (source, by)


def test_a_frame_has_one_source_under_either_label():
    found = source_names(["images/harmful/video_frame_1.jpg", "images/safe/video_frame_2.jpg"])
    assert found["source"].nunique() == 1


def test_words_before_numbers_are_classes_unless_there_are_many():
    few = [f"images/safe/{word}_{i}.jpg" for word in ("cat", "dog", "cow") for i in range(9)]
    assert source_names(few)["source"].isna().all()
    films = ("alien", "brazil", "casino", "drive", "elf", "fargo", "gravity")
    many = [f"images/safe/{word}_{i}.jpg" for word in films for i in range(9)]
    found = source_names(many)
    assert set(found["source"]) == set(films)
    assert set(found["by"]) == {"name"}


def test_one_word_of_most_files_is_no_source():
    films = ("alien", "brazil", "casino", "drive", "elf", "fargo", "gravity")
    paths = [f"{word}_{i}.jpg" for word in films for i in range(2)]
    paths += [f"alien_{i}.jpg" for i in range(10, 90)]
    assert source_names(paths)["source"].isna().all()


names = st.lists(
    st.text("abCcm017-_. 카메라/", min_size=1, max_size=16).map(
        lambda text: text.strip("/") or "x"
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=50)
@given(names, st.integers(0, 99))
def test_the_order_of_the_files_has_no_effect(paths, seed):
    shuffled = random.Random(seed).sample(paths, len(paths))
    table = {path: row for path, *row in zip(paths, *source_names(paths).T.values, strict=True)}
    again = zip(shuffled, *source_names(shuffled).T.values, strict=True)
    assert all(table[path] == row for path, *row in again)


@settings(max_examples=50)
@given(st.integers(0, 30), st.lists(st.integers(0, 10**6), min_size=2, max_size=20, unique=True))
def test_one_cameras_numbers_are_one_source(camera, numbers):
    found = source_names([f"images/safe/cam{camera:02}_{number:06}.jpg" for number in numbers])
    assert found["source"].nunique() == 1
