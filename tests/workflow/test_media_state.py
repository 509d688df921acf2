"""Each way in which media change must show, and nothing else."""

import os
import shutil
from pathlib import Path

import pytest
import yaml

from harmlib.params import load_params
from harmlib.workflow.media_state import ABSENT, MediaState


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def params(tmp_path):
    """Images in folders; videos in a CSV, one of them outside of the root, one behind a link."""
    root = tmp_path / "media"
    for name in ("images/harmful/a.jpg", "images/safe/deep/b.jpg", "videos/harmful/a.mp4"):
        write(root / name, name)
    write(tmp_path / "outside/b.mp4", "outside")
    write(tmp_path / "far/c.mp4", "behind a link")
    (root / "videos/c.mp4").symlink_to(tmp_path / "far/c.mp4")
    listed = ["videos/harmful/a.mp4", str(tmp_path / "outside/b.mp4"), "videos/c.mp4"]
    rows = [f"{path},{'harmful' if 'a.mp4' in path else 'safe'}\n" for path in listed]
    rows.append("videos/late.mp4,safe\n")
    write(root / "v.csv", "path,label\n" + "".join(rows))
    content = {"run": "r", "reports": str(tmp_path / "reports"),
               "data": {"root": str(root), "video_csv": "v.csv"}}  # fmt: skip
    write(tmp_path / "params.yaml", yaml.safe_dump(content))
    params = load_params(tmp_path / "params.yaml")
    MediaState(params).list_anew()
    return params


def states(params):
    """Those that the next start of the program finds."""
    media = MediaState(params)
    return [media.of(modality) for modality in ("image", "video")]


def with_kept_time(path, change):
    stat = path.stat()
    change(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def same_size(path):
    path.write_text(path.read_text()[::-1])


def replaced(path):
    shutil.copy2(path, f"{path}.new")
    Path(f"{path}.new").replace(path)


CHANGES = {
    "edited": same_size,
    "deleted": Path.unlink,
    "time kept": lambda path: with_kept_time(path, same_size),
    "replaced": replaced,
    "longer": lambda path: path.write_text("more"),
    "clock ahead": lambda path: os.utime(path, (4e9, 4e9)),
}


@pytest.mark.parametrize("how", CHANGES)
@pytest.mark.parametrize(
    ("file", "image", "video"),
    [
        ("media/images/harmful/a.jpg", True, False),
        ("media/images/safe/deep/b.jpg", True, False),
        ("media/videos/harmful/a.mp4", False, True),
        ("outside/b.mp4", False, True),
        ("far/c.mp4", False, True),
    ],
)
def test_a_changed_file_shows_wherever_it_lies(params, tmp_path, file, image, video, how):
    before = states(params)
    assert ABSENT not in before
    CHANGES[how](tmp_path / file)
    after = states(params)
    assert [a != b for a, b in zip(after, before, strict=True)] == [image, video]


@pytest.mark.parametrize("name", ["images/safe/new.jpg", "images/harmful/deep/er/new.txt"])
def test_a_file_that_arrives_in_a_folder_shows(params, name):
    before = states(params)
    write(params.data.root / name, "new")
    assert states(params)[0] != before[0]
    assert states(params)[1] == before[1]


@pytest.mark.parametrize("name", ["videos/late.mp4", "videos/LATE.mp4"])
def test_a_listed_file_that_arrives_shows(params, name):
    before = states(params)
    write(params.data.root / name, "it is there at last")
    assert states(params)[1] != before[1]


def test_a_link_that_leads_elsewhere_shows(params, tmp_path):
    before = states(params)
    (params.data.root / "videos/c.mp4").unlink()
    (params.data.root / "videos/c.mp4").symlink_to(tmp_path / "outside/b.mp4")
    assert states(params)[1] != before[1]


@pytest.mark.parametrize(
    "name", ["images/.DS_Store", "images/safe/.git/x", "notes.txt", "more.mp4"]
)
def test_what_is_not_listed_does_not_show(params, name):
    before = states(params)
    write(params.data.root / name, "new")
    assert states(params) == before


def test_a_changed_list_shows(params):
    with (params.data.root / "v.csv").open("a") as file:
        file.write("videos/new.mp4,safe\n")
    assert states(params)[1] == ABSENT, "until it is read anew"
    MediaState(params).list_anew()
    assert states(params)[1] != ABSENT


def test_what_is_asked_twice_is_looked_at_once(params, tmp_path):
    media = MediaState(params)
    before = media.of("video")
    (tmp_path / "outside/b.mp4").write_text("other")
    assert media.of("video") == before
    media.forget()
    assert media.of("video") != before


@pytest.mark.parametrize("content", ["", "x", "aa bb\n[]", "cut"])
def test_a_damaged_copy_of_the_list_is_set_aside_and_made_again(params, caplog, content):
    before = states(params)
    (kept,) = params.run_dir.glob(".listed_video.json")
    if content == "cut":
        content = kept.read_text()[:-9]
    kept.write_text(content)
    assert states(params)[1] == ABSENT
    assert "set aside as *.damaged, made again" in caplog.text
    MediaState(params).list_anew()
    assert states(params) == before


@pytest.mark.parametrize("change", ["root", "list", "words"])
def test_media_that_cannot_be_listed_are_absent(params, change):
    match change:
        case "root":
            shutil.rmtree(params.data.root)
        case "list":
            (params.data.root / "v.csv").unlink()
        case "words":
            (params.data.root / "v.csv").write_text("no list")
    MediaState(params).list_anew()
    assert states(params)[1] == ABSENT
