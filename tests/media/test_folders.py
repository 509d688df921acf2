"""Folders that are named by labels, in either language, and of both kinds of files."""

import shutil
import unicodedata

import pytest

from harmlib.language import languages
from harmlib.media.folders import DataError, scan_folders
from harmlib.media.layout import find_layout
from harmlib.media.listing import list_media, read_csv
from harmlib.params import DataParams


@pytest.mark.parametrize(("harmful", "safe"), [("유해", "안전"), ("1", "0"), ("harmful", "무해")])
def test_labels_in_other_words_are_read(root, harmful, safe):
    (root / "images/harmful").rename(root / "images" / harmful)
    (root / "images/safe").rename(root / "images" / safe)
    listed = scan_folders(root, "image")
    assert set(listed["label"]) == {"harmful", "safe"}
    assert (listed["path"].str.contains(f"/{harmful}/") == (listed["label"] == "harmful")).all()


def test_letters_in_parts_are_the_same_folder(root):
    (root / "images/harmful").rename(root / "images" / unicodedata.normalize("NFD", "유해"))
    assert "harmful" in set(scan_folders(root, "image")["label"])


@pytest.mark.parametrize(("harmful", "safe"), [("유해", "안전"), ("1", "0"), ("1.0", "0.0")])
def test_labels_of_a_csv_in_other_words_are_read(tmp_path, harmful, safe):
    file = tmp_path / "a.csv"
    file.write_text(f"path,label\na.png,{harmful}\nb.png,{safe}\n", encoding="utf-8")
    assert read_csv(file)["label"].tolist() == ["harmful", "safe"]


@pytest.fixture
def mixed(root, write_video):
    """The label folders right below the root, with pictures, videos and words in them."""
    for label in ("harmful", "safe"):
        shutil.move(root / "images" / label, root / label)
        write_video(root / label / "named.mp4", 3)
        (root / label / "named.mp4").rename(root / label / "named.jpg")
    (root / "images").rmdir()
    (root / "safe/words.mp4").write_text("words")
    (root / "safe/words.txt").write_text("words")
    return root


def test_mixed_folders_are_told_apart_by_content_and_nothing_is_lost(mixed):
    images, videos = (scan_folders(mixed, modality)["path"] for modality in ("image", "video"))
    assert set(videos) == {"harmful/named.jpg", "safe/named.jpg", "safe/words.mp4"}
    assert "safe/words.txt" in set(images)
    files = {p.relative_to(mixed).as_posix() for p in mixed.rglob("*") if p.is_file()}
    assert set(images) | set(videos) == {f for f in files if "/" in f}
    assert not set(images) & set(videos)


def test_a_missing_folder_is_told_in_korean_too(tmp_path):
    with languages(terminal="ko"), pytest.raises(DataError, match="그런 폴더가 없습니다"):
        scan_folders(tmp_path, "image")


@pytest.mark.parametrize(
    ("groups", "expected"),
    [("folder", ["cam", "cam"]), ("camera", ["x", "y"]), ("Camera ", ["x", "y"])],
)
def test_groups_come_from_where_the_params_say(tmp_path, groups, expected):
    for name in ("harmful/cam/a.png", "safe/cam/b.png"):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True)
        path.touch()
    text = "path,label,camera\nimages/harmful/cam/a.png,harmful,x\nimages/safe/cam/b.png,safe,y\n"
    (tmp_path / "images.csv").write_text(text)
    data = DataParams(root=str(tmp_path), image_csv="images.csv", groups=groups)
    assert list_media(data, "image")["group"].str.split("/").str[-1].tolist() == expected


def test_groups_of_a_column_need_a_list_that_has_it(root):
    with pytest.raises(DataError, match=r"data\.groups: camera: a column of a CSV"):
        list_media(DataParams(root=str(root), groups="camera"), "image")
    (root / "images.csv").write_text("path,label\nimages/safe/0.png,safe\n")
    with pytest.raises(DataError, match="no column 'camera'"):
        list_media(DataParams(root=str(root), image_csv="images.csv", groups="camera"), "image")


def test_the_layout_is_found(mixed):
    assert find_layout(mixed).modalities == ["image", "video"]


def test_lists_are_found_and_others_passed_over(root):
    (root / "mine.csv").write_text("path,label\nimages/safe/0.png,안전\nimages/harmful/0.png,1\n")
    (root / "other.csv").write_text("a,b\n1,2\n")
    found = find_layout(root)
    assert (found.csv, found.modalities) == ({"image": "mine.csv"}, ["image"])
    assert "no column 'path'" in found.passed_over[0]


def test_a_folder_without_media_says_what_is_expected(tmp_path):
    (tmp_path / "cats").mkdir()
    with pytest.raises(DataError, match=r"(?s)Expected images/harmful .*Its folders: cats"):
        find_layout(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        find_layout(tmp_path / "none")
