"""Listed paths against the files on disk."""

import os
import unicodedata

import pytest
from manifest_folders import build

from harmlib.media.listed_paths import FilesOnDisk
from harmlib.media.listing import DataError, list_media, read_csv
from harmlib.params import DataParams

NFC, NFD = (unicodedata.normalize(form, "안전/가나 다.png") for form in ("NFC", "NFD"))


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def listing(root, *rows, header="path,label"):
    (root / "list.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    return root / "list.csv"


@pytest.mark.parametrize(
    ("on_disk", "listed"),
    [
        (NFC, NFD),
        (NFD, NFC),
        (NFC.split("/")[0] + "/" + NFD.split("/")[1], NFD.split("/")[0] + "/" + NFC.split("/")[1]),
        ("a/b.png", r"a\b.png"),
        ("a/b.png", r".\a\b.png"),
        (NFD, NFC.replace("/", "\\")),
        ("a/b.png", "'a/b.png'"),
        ("a/b.png", "“a/b.png”"),
        ("a/b.png", "./a/b.png"),
        ("a/b.png", "a//b.png"),
        ("a/b.png", " a/b.png "),
        ("a/b .png", "a/b .png"),
        ("a/ b.png", "a/b.png"),
        ("a/b.png", "a /b.png"),
        ("a\\b.png", "a\\b.png"),
        ("'a'.png", "'a'.png"),
    ],
)
def test_the_file_that_is_meant_is_found(tmp_path, on_disk, listed):
    touch(tmp_path, on_disk)
    assert read_csv(listing(tmp_path, f"{listed},safe"))["path"].tolist() == [on_disk]


def test_a_name_that_may_mean_two_files_is_left_as_it_is(tmp_path):
    touch(tmp_path, "a/b.png ", "a/ b.png")
    assert read_csv(listing(tmp_path, "a/b.png,safe"))["path"].tolist() == ["a/b.png"]


def test_an_absolute_path_below_the_root_is_the_same_file(tmp_path):
    touch(tmp_path, "a/b.png")
    listed = listing(tmp_path, f"{tmp_path}/a/./b.png,safe")
    assert read_csv(listed)["path"].tolist() == ["a/b.png"]
    outside = listing(tmp_path, "/nowhere//b.png,safe", "../c.png,safe")
    assert read_csv(outside)["path"].tolist() == ["/nowhere/b.png", "../c.png"]


def test_two_files_whose_names_differ_in_form_only_are_two(tmp_path):
    touch(tmp_path, NFC, NFD)
    if len(os.listdir(tmp_path)) == 1:  # noqa: PTH208
        pytest.skip("this file system doesn't tell the forms apart")
    assert read_csv(listing(tmp_path, f"{NFC},safe", f"{NFD},safe"))["path"].tolist() == [NFC, NFD]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a/b.png", "./a/b.png"),
        ("a/b.png", "a//b.png"),
        ("a/b.png", "a/./b.png"),
        ("a/b.png", "a/../a/b.png"),
        ("a/b.png", r"a\b.png"),
        ("a/b.png", "{root}/a/b.png"),
        ("a/b.png", "'a/b.png'"),
        (NFC, NFD),
        ("gone/x.png", "gone//x.png"),
        ("gone/x.png", r"gone\x.png"),
        ("gone/가.png", unicodedata.normalize("NFD", "gone/가.png")),
    ],
)
def test_one_file_under_two_names_is_listed_twice(tmp_path, first, second):
    touch(tmp_path, "a/b.png", NFC)
    path = listing(tmp_path, f"{first},safe", "", f"{second.format(root=tmp_path)},harmful")
    with pytest.raises(DataError, match=r"line 4: .* is listed twice: in line 2") as caught:
        read_csv(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("listed", "hint"),
    [
        (r"C:\data\a\b.png", "a path of another machine; write paths relative to data.root"),
        (r"\\server\share\a\b.png", "a path of another machine"),
        ("a/B.PNG", "'b.png' is there: upper and lower case differ"),
        ("a/b", "'b.png' is there: the ending is missing in the list"),
        ("media/a/b.png", "'a/b.png' is there: leave out 'media'"),
        ("x/b.png", "there is no folder '.*/media/x'"),
        ("a/other.png", "paths are relative to data.root"),
    ],
)
def test_a_list_of_missing_files_gives_one_hint(tmp_path, listed, hint):
    root = tmp_path / "media"
    touch(root, "a/b.png")
    listing(root, f"{listed},safe", *(f"gone/{i}.png,safe" for i in range(11)))
    data = DataParams(root=str(root), image_csv="list.csv")
    with pytest.raises(DataError, match=f"none of the 12 listed files is there.*{hint}") as caught:
        list_media(data, "image")
    assert str(caught.value).count("gone") == 0


def test_single_missing_files_are_explained_in_the_ledger(root):
    paths = sorted(p.relative_to(root).as_posix() for p in root.glob("images/*/*"))
    rows = [f"{path},{path.split('/')[1]}" for path in paths]
    rows += ["images/safe/gone.png,safe", "images/safe/0.PNG,safe", "pictures/1.png,safe"]
    _, ledger = build(read_csv(listing(root, *rows)), root)
    reasons = ledger.set_index("path")["reason"]
    assert reasons["images/safe/gone.png"] == "file is missing"
    assert "'0.png' is there: upper and lower case" in reasons["images/safe/0.PNG"]
    assert "there is no folder" in reasons["pictures/1.png"]


def test_names_that_no_file_can_have(tmp_path):
    touch(tmp_path, "a.png")
    files = FilesOnDisk(tmp_path)
    assert files.named("a" * 300) == "a" * 300
    assert files.hint("a" * 300) == ""
    assert not files.exists("a\0b")
    assert files.named("x/" * 2000 + "a.png") == "x/" * 2000 + "a.png"
