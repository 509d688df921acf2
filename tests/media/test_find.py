import io
import itertools
import os
import sys
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from harmlib.media import find
from harmlib.media.find import Found, find_media

STILL = Image.new("RGB", (16, 12), (200, 40, 10))


@pytest.fixture
def tree(tmp_path, monkeypatch, clip):
    """A small folder with everything in it; the test runs inside."""
    top = tmp_path / "top"
    (top / "b" / "deep").mkdir(parents=True)
    (top / ".git").mkdir()
    for name in ("a.png", "b/2.png", "b/deep/3.png", ".git/4.png", ".5.png", "[1].png"):
        STILL.save(top / name)
    (top / "b" / "note.txt").write_text("no picture")
    (top / "clip.jpg").write_bytes(clip.read_bytes())
    monkeypatch.chdir(top)
    return top


def names(paths, **options):
    return [str(found.path) for found in find_media(paths, **options)]


EVERYTHING = ["[1].png", "a.png", "b/2.png", "b/deep/3.png", "b/note.txt", "clip.jpg"]


def test_a_folder_is_searched_by_name_to_the_bottom(tree):
    found = list(find_media([tree]))
    assert [str(f.path.relative_to(tree)) for f in found] == EVERYTHING
    assert [f.modality for f in found] == ["image"] * 4 + [None, "video"]
    assert found[4].reason == "neither a picture nor a video, by its content"


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["."], EVERYTHING),
        (["a.png", "a.png", "./a.png", "."], ["a.png", *(n for n in EVERYTHING if n != "a.png")]),
        (["b", "."], [*EVERYTHING[2:5], *EVERYTHING[:2], "clip.jpg"]),
        ([".5.png", ".git"], [".5.png", ".git/4.png"]),
        (["[1].png"], ["[1].png"]),
        (["*.png"], ["[1].png", "a.png"]),
        ([".*.png"], [".5.png"]),
        (["?.png", "b/[0-9].png"], ["a.png", "b/2.png"]),
        (["**/*.png"], ["[1].png", "a.png", "b/2.png", "b/deep/3.png"]),
        (["**"], EVERYTHING),
        (["**/deep/*"], ["b/deep/3.png"]),
        (["b*"], EVERYTHING[2:5]),
        (["*/deep/../2.png"], ["b/deep/../2.png"]),
        (["*.jpeg"], ["*.jpeg"]),
        (["nowhere/*.png"], ["nowhere/*.png"]),
        (["a.png/*"], ["a.png/*"]),
        ([], []),
    ],
)
def test_files_folders_and_patterns(tree, paths, expected):
    assert names(paths) == expected
    assert names([tree / path for path in paths]) == [str(tree / name) for name in expected]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("*.jpeg", "nothing matches this pattern"),
        ("nowhere.png", "no such file or folder"),
        ("hollow", "a folder without a visible file"),
        ("lost.png", "a link to nowhere"),
        ("around.png", "can't be read: Too many levels of symbolic links"),
        ("a\0b", "no file name can hold a NUL"),
        (unicodedata.normalize("NFC", "가.png"), "no such file; one of this name exists in anoth"),
    ],
)
def test_nothing_is_lost_quietly(tree, path, reason):
    (tree / "hollow" / ".hidden").mkdir(parents=True)
    (tree / "lost.png").symlink_to("gone")
    (tree / "around.png").symlink_to("around.png")
    STILL.save(tree / unicodedata.normalize("NFD", "가.png"))
    (found,) = find_media([path] if "*" in path else [path, path])
    assert found.path == Path(path)
    assert found.modality is None
    assert found.reason.startswith(reason)


@pytest.mark.parametrize("paths", [["."], ["b", "."], ["**/*.png", "."]])
def test_an_unreadable_folder_is_named_and_the_rest_goes_on(tree, monkeypatch, paths):
    real = os.listdir

    def refusing(folder):
        if os.path.basename(folder) == "deep":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "listdir", refusing)
    found = list(find_media(paths))
    refused = Found(Path("b/deep"), None, "folder can't be read: Permission denied")
    assert found.count(refused) == 1
    assert refused in find_media(["**/*.png"])
    assert {str(f.path) for f in found} - {"b/deep"} == set(EVERYTHING) - {"b/deep/3.png"}
    assert list(find_media(["b/deep"])) == [refused]


def test_links_lead_to_files_but_round_no_loop(tree, tmp_path):
    STILL.save(tmp_path / "outside.png")
    (tree / "0.png").symlink_to("b/2.png")
    (tree / "b" / "again").symlink_to(tree)
    (tree / "b" / "away").symlink_to(tmp_path)
    not_followed = "a link to a folder, not followed; name it to search it"
    once = ["0.png", "[1].png", "a.png", "b/away", "b/deep/3.png", "b/note.txt", "clip.jpg"]
    assert names(["."]) == once
    assert [f.reason for f in find_media(["."]) if f.path.name == "away"] == [not_followed]
    assert names(["**/*.png"]) == ["0.png", "[1].png", "a.png", "b/deep/3.png"]
    assert names(["b/again"]) == [f"b/again/{name}" for name in once]
    assert names(["b/away"])[0] == "b/away/outside.png"
    met = [f for f in find_media(["*/*/*/*/*/*", "*/*", "."]) if not f.reason]
    assert len({os.path.realpath(f.path) for f in met}) == len(met) == 6


HOSTILE = ["new\nline.png", "  .png", "-", "*.png", unicodedata.normalize("NFD", "한글.png"),
           os.fsdecode(b"\xff\xfe\xb0\xa1.png"), "\u202egnp.exe", "a\tb\r"]  # fmt: skip


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in HOSTILE:
        STILL.save(tmp_path / "x.png")
        os.rename("x.png", name)


def test_hostile_names_come_through_unharmed(hostile):
    assert names(["."]) == sorted(HOSTILE)
    assert names(["./-", *HOSTILE[3:]]) == ["-", *HOSTILE[3:]]
    assert names(["./*"]) == sorted(HOSTILE)
    assert {f.modality for f in find_media(["."])} == {"image"}


@pytest.mark.parametrize("block", [3, 1 << 16])
def test_standard_input(hostile, tree, monkeypatch, block):
    monkeypatch.setattr(find, "_BLOCK", block)
    monkeypatch.chdir(tree.parent)
    nul = b"\0".join(map(os.fsencode, HOSTILE))
    assert names(["-"], stdin=io.BytesIO(b"-\0" + nul)) == ["-", *[n for n in HOSTILE if n != "-"]]
    lines = b"*.png\n\r\n\n  .png\r\n*.gif\ntop/b/deep\n*.png\n" + os.fsencode(HOSTILE[5])
    expected = ["*.png", "  .png", "*.gif", "top/b/deep/3.png", HOSTILE[5]]
    assert names(["-"], stdin=io.BytesIO(lines)) == expected
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"top/a.png\ntop/b\n")))
    assert names(["-", "-", "top/[[]*"]) == [f"top/{EVERYTHING[i]}" for i in (1, 2, 3, 4, 0)]
    late = list(find_media(["-"], stdin=io.BytesIO(b"\n\n\n\na\0b")))
    assert [str(f.path) for f in late] == (["a\0b"] if block == 3 else ["\n\n\n\na", "b"])
    assert all(f.reason for f in late)


def test_files_come_before_the_rest_is_looked_for(tree, monkeypatch):
    listed = []
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: listed.append(folder) or real(folder))
    found = find_media(str(i) if i else "." for i in itertools.count())
    assert [str(next(found).path) for _ in range(2)] == EVERYTHING[:2]
    assert listed == ["."]
    reader, writer = os.pipe()
    with open(reader, "rb") as stdin, open(writer, "wb", buffering=0) as pipe:
        pipe.write(b"a.png\nclip")
        lines = find_media(["-"], stdin=stdin)
        assert next(lines) == Found(Path("a.png"), "image")  # the writer hasn't finished
        pipe.write(b".jpg\n")
        assert next(lines) == Found(Path("clip.jpg"), "video")


@pytest.mark.parametrize("path", ["a.png", Path("a.png")])
def test_one_path_is_no_list(path):
    with pytest.raises(ValueError, match=r"paths is 'a.png'; pass a list of paths"):
        next(find_media(path))


def test_a_tree_deeper_than_python_recurses(tmp_path, monkeypatch):
    (tmp_path / "/".join("d" * 200)).mkdir(parents=True)
    STILL.save(tmp_path / "/".join("d" * 200) / "a.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(find, "modality_of", lambda path: "image")
    limit, frame, depth = sys.getrecursionlimit(), sys._getframe(), 100
    while frame := frame.f_back:
        depth += 1
    sys.setrecursionlimit(depth)
    try:
        found = [list(find_media([path])) for path in (".", "**/*.png")]
    finally:
        sys.setrecursionlimit(limit)
    assert [len(f) for f in found] == [1, 1]
