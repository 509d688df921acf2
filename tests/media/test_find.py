import io
import itertools
import os
import sys
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from harmlib.media import find
from harmlib.media.find import find_files
from harmlib.media.identify import identify
from harmlib.media.ledger import Unusable

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


def path_of(found):
    return found.path if isinstance(found, Unusable) else str(found)


def names(paths, **options):
    return [path_of(found) for found in find_files(paths, **options)]


EVERYTHING = ["[1].png", "a.png", "b/2.png", "b/deep/3.png", "b/note.txt", "clip.jpg"]


def test_a_folder_is_searched_by_name_to_the_bottom(tree):
    found = list(find_files([tree]))
    assert found == [tree / name for name in EVERYTHING]
    media = [path for path in found if path.name != "note.txt"]
    assert [identify(path) for path in media] == ["image"] * 4 + ["video"]


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
    (found,) = find_files([path] if "*" in path else [path, path])
    assert found.reason.startswith(reason)
    assert found == Unusable(path, found.reason, "find")


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("paths", [["."], ["b", "."], ["**/*.png", "."]])
def test_an_unreadable_folder_is_named_and_the_rest_goes_on(monkeypatch, paths):
    real = os.listdir

    def refusing(folder):
        if Path(folder).name == "deep":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "listdir", refusing)
    found = list(find_files(paths))
    refused = Unusable("b/deep", "folder can't be read: Permission denied", "find")
    assert found.count(refused) == 1
    assert refused in find_files(["**/*.png"])
    assert set(map(path_of, found)) - {"b/deep"} == set(EVERYTHING) - {"b/deep/3.png"}
    assert list(find_files(["b/deep"])) == [refused]


def test_links_lead_to_files_but_round_no_loop(tree, tmp_path):
    STILL.save(tmp_path / "outside.png")
    (tree / "0.png").symlink_to("b/2.png")
    (tree / "b" / "again").symlink_to(tree)
    (tree / "b" / "away").symlink_to(tmp_path)
    reason = "a link to a folder, not followed; name it to search it"
    once = ["0.png", "[1].png", "a.png", "b/away", "b/deep/3.png", "b/note.txt", "clip.jpg"]
    assert names(["."]) == once
    not_followed = Unusable("b/away", reason, "find")
    assert [f for f in find_files(["."]) if isinstance(f, Unusable)] == [not_followed]
    assert names(["**/*.png"]) == ["0.png", "[1].png", "a.png", "b/deep/3.png"]
    assert names(["b/again"]) == [f"b/again/{name}" for name in once]
    assert names(["b/away"])[0] == "b/away/outside.png"
    met = [f for f in find_files(["*/*/*/*/*/*", "*/*", "."]) if isinstance(f, Path)]
    assert len({os.path.realpath(path) for path in met}) == len(met) == 7


HOSTILE = ["new\nline.png", "  .png", "-", "*.png", unicodedata.normalize("NFD", "한글.png"),
           os.fsdecode(b"\xff\xfe\xb0\xa1.png"), "\u202egnp.exe", "a\tb\r"]  # fmt: skip


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in HOSTILE:
        STILL.save(tmp_path / "x.png")
        (tmp_path / "x.png").rename(name)


@pytest.mark.usefixtures("hostile")
def test_hostile_names_come_through_unharmed():
    assert names(["."]) == sorted(HOSTILE)
    assert names(["./-", *HOSTILE[3:]]) == ["-", *HOSTILE[3:]]
    assert names(["./*"]) == sorted(HOSTILE)
    assert {identify(path) for path in find_files(["."])} == {"image"}


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("block", [3, 1 << 16])
def test_standard_input(tree, monkeypatch, block):
    monkeypatch.setattr(find, "_BLOCK", block)
    monkeypatch.chdir(tree.parent)
    nul = b"\0".join(map(os.fsencode, HOSTILE))
    assert names(["-"], stdin=io.BytesIO(b"-\0" + nul)) == ["-", *[n for n in HOSTILE if n != "-"]]
    lines = b"*.png\n\r\n\n  .png\r\n*.gif\ntop/b/deep\n*.png\n" + os.fsencode(HOSTILE[5])
    expected = ["*.png", "  .png", "*.gif", "top/b/deep/3.png", HOSTILE[5]]
    assert names(["-"], stdin=io.BytesIO(lines)) == expected
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"top/a.png\ntop/b\n")))
    assert names(["-", "-", "top/[[]*"]) == [f"top/{EVERYTHING[i]}" for i in (1, 2, 3, 4, 0)]
    late = list(find_files(["-"], stdin=io.BytesIO(b"\n\n\n\na\0b")))
    assert [f.path for f in late] == (["a\0b"] if block == 3 else ["\n\n\n\na", "b"])


@pytest.mark.usefixtures("tree")
def test_files_come_before_the_rest_is_looked_for(monkeypatch):
    listed = []
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: listed.append(folder) or real(folder))
    found = find_files(str(i) if i else "." for i in itertools.count())
    assert [str(next(found)) for _ in range(2)] == EVERYTHING[:2]
    assert listed == ["."]
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stdin, os.fdopen(writer, "wb", buffering=0) as pipe:
        pipe.write(b"a.png\nclip")
        lines = find_files(["-"], stdin=stdin)
        assert next(lines) == Path("a.png")  # the writer hasn't finished
        pipe.write(b".jpg\n")
        assert next(lines) == Path("clip.jpg")


@pytest.mark.parametrize("path", ["a.png", Path("a.png")])
def test_one_path_is_no_list(path):
    with pytest.raises(ValueError, match=r"paths is 'a.png'; pass a list of paths"):
        next(find_files(path))


def test_a_tree_deeper_than_python_recurses(tmp_path, monkeypatch):
    deep = tmp_path / "/".join("d" * 200)
    deep.mkdir(parents=True)
    (deep / "a.png").touch()
    monkeypatch.chdir(tmp_path)
    limit, frame, depth = sys.getrecursionlimit(), sys._getframe(), 100
    while frame := frame.f_back:
        depth += 1
    sys.setrecursionlimit(depth)
    try:
        found = [list(find_files([path])) for path in (".", "**/*.png")]
    finally:
        sys.setrecursionlimit(limit)
    assert [len(f) for f in found] == [1, 1]


def test_a_file_address_is_a_path_wherever_a_path_may_stand(tree):
    (tree / "with space.png").write_bytes((tree / "a.png").read_bytes())
    wanted = [tree / name for name in EVERYTHING]
    found = list(find_files([f"file://{tree}"]))
    assert [one for one in found if one.name != "with space.png"] == wanted
    assert list(find_files([f"file://{tree}/with%20space.png"])) == [tree / "with space.png"]
    assert list(find_files([f"FILE://{tree}/b/*.png"])) == [tree / "b/2.png"]
    lines = io.BufferedReader(io.BytesIO(f"file://{tree}/a.png\n{tree}/a.png\n".encode()))
    assert list(find_files(["-"], stdin=lines)) == [tree / "a.png"], "by both names once"
    (lost,) = find_files([f"file://{tree}/none.png"])
    assert (lost.path, lost.reason) == (f"{tree}/none.png", "no such file or folder")
