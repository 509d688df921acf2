import csv
import json
import os
from collections import Counter
from dataclasses import replace

import av
import numpy as np
import pytest
from PIL import Image

from harmlib.media.demo import files as demo
from harmlib.media.demo import make_demo
from harmlib.media.demo.cameras import random_camera
from harmlib.media.demo.drawing import render
from harmlib.media.demo.scenes import random_scene

SMALL = {"images": (4, 2), "videos": (3, 2)}


def rows_of(root, modality):
    with (root / f"{modality}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def contents(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def frames_of(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return make_demo(tmp_path_factory.mktemp("small") / "demo", **SMALL)


def test_counts_and_layout(small):
    counts = Counter(p.parent.relative_to(small).as_posix() for p in small.rglob("*.[jm]p*"))
    assert counts == {
        "images/harmful": 4,
        "images/safe": 2,
        "videos/harmful": 3,
        "videos/safe": 2,
    }
    assert {p.name for p in small.iterdir()} == {
        "images", "videos", "images.csv", "videos.csv", "demo.json",
    }  # fmt: skip


def test_images_decode_as_jpeg(small):
    for path in small.glob("images/*/*"):
        with Image.open(path) as image:
            image.load()
            assert (image.format, image.size) == ("JPEG", (320, 240))
            assert np.asarray(image).std() > 10  # something is drawn


def test_videos_decode_as_a_second_of_h264(small):
    for path in small.glob("videos/*/*"):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert stream.codec_context.name == "h264"
            assert stream.codec_context.pix_fmt == "yuv420p"
            assert float(stream.duration * stream.time_base) == pytest.approx(1.0)
        frames = frames_of(path)
        assert len(frames) == 12
        assert frames[0].shape == (120, 160, 3)


@pytest.mark.parametrize("modality", ["images", "videos"])
def test_csv_agrees_with_folders(small, modality):
    rows = rows_of(small, modality)
    assert list(rows[0]) == ["path", "label", "group"]
    on_disk = {p.relative_to(small).as_posix() for p in small.glob(f"{modality}/*/*")}
    assert {row["path"] for row in rows} == on_disk
    assert len(rows) == len(on_disk)
    for row in rows:
        assert row["path"].split("/")[1] == row["label"]
        assert row["path"].split("/")[2].startswith(row["group"] + "_")


def test_default_plan_has_the_reports_ratios_and_several_files_a_group():
    defaults = make_demo.__kwdefaults__
    for modality, ratio in (("images", 4.15), ("videos", 2.73)):
        cameras = demo._plan(42, modality, defaults[modality])
        labels = [label for items in cameras.values() for _, label, _ in items]
        assert labels.count("harmful") / labels.count("safe") == pytest.approx(ratio, abs=0.005)
        assert {len(items) for items in cameras.values()} <= {3, 4, 5, 6}
        mixed = [len({label for _, label, _ in items}) == 2 for items in cameras.values()]
        assert any(mixed)
        assert not all(mixed)


def test_same_seed_same_bytes_and_another_seed_other_media(small, tmp_path):
    assert contents(make_demo(tmp_path / "again", **SMALL)) == contents(small)
    other = contents(make_demo(tmp_path / "other", 43, **SMALL))
    drawn = {data for name, data in contents(small).items() if name.endswith(("jpg", "mp4"))}
    assert drawn.isdisjoint(other.values())
    assert len(drawn) == 11  # and no two files of one set are equal


def test_encoding_a_clip_again_gives_the_same_bytes(tmp_path):
    rng = np.random.default_rng(5)
    scene = random_scene(rng, random_camera(rng, demo.VIDEO_SIZE), "harmful")
    frames = [render(scene, t, rng) for t in np.arange(24) / 12]
    encoded = set()
    for _ in range(12):  # x264 with lookahead failed here within a few rounds on AVX-512
        demo._write_video(tmp_path / "clip.mp4", frames, 70)
        encoded.add((tmp_path / "clip.mp4").read_bytes())
    assert len(encoded) == 1


def test_the_number_of_cores_does_not_change_the_bytes(small, tmp_path, monkeypatch):
    for cores in (1, 5):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert contents(make_demo(tmp_path / str(cores), **SMALL)) == contents(small)


def test_a_complete_set_is_left_alone_and_a_spoilt_one_is_redrawn(tmp_path):
    root = tmp_path / "demo"
    wanted = contents(make_demo(root, images=(2, 1), videos=(1, 1)))

    def again(**sizes):
        calls = []
        make_demo(root, progress=lambda *call: calls.append(call), **sizes)
        return calls

    same = {"images": (2, 1), "videos": (1, 1)}
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*")}
    assert again(**same) == []
    assert {p: p.stat().st_mtime_ns for p in root.rglob("*")} == before

    next(root.glob("videos/safe/*")).write_bytes(b"cut")
    assert again(**same)[-1] == (5, 5)
    assert contents(root) == wanted
    next(root.glob("images/harmful/*")).unlink()
    assert again(**same)[-1] == (5, 5)
    assert contents(root) == wanted
    (root / "demo.json").write_text("{half")
    assert again(**same)[-1] == (5, 5)
    assert contents(root) == wanted
    assert again(images=(1, 1), videos=(1, 1))[-1] == (4, 4)  # no file of the larger set remains
    assert len(contents(root)) == 4 + 3


def test_a_newer_drawing_version_is_redrawn(tmp_path, monkeypatch):
    sizes = {"images": (1, 1), "videos": (1, 1)}
    make_demo(tmp_path, **sizes)
    monkeypatch.setattr(demo, "DRAWING_VERSION", demo.DRAWING_VERSION + 1)
    calls = []
    make_demo(tmp_path, progress=lambda *call: calls.append(call), **sizes)
    assert calls
    assert (
        json.loads((tmp_path / "demo.json").read_text())["drawing_version"] == demo.DRAWING_VERSION
    )


def test_an_interrupted_drawing_leaves_no_marker_and_is_redrawn(small, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    root = tmp_path / "demo"
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    with pytest.raises(KeyboardInterrupt):
        make_demo(root, progress=stop, images=(30, 10), videos=(1, 1))
    assert 0 < len(list(root.rglob("*.jpg"))) < 40
    assert not (root / "demo.json").exists()
    assert contents(make_demo(root, **SMALL)) == contents(small)


def test_progress_counts_files(tmp_path):
    calls = []
    make_demo(tmp_path, images=(5, 4), videos=(1, 1), progress=lambda *call: calls.append(call))
    done = [call[0] for call in calls]
    assert len(done) == 3  # three cameras: 5 and 4 images, 2 videos
    assert sorted(set(done)) == done
    assert calls[-1] == (11, 11)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("images/harmful/mine.jpg", "x"),
        ("videos/clip.mp4", "x"),
        ("images.csv", "path,label\nholiday.jpg,safe\n"),
    ],
)
def test_files_of_others_are_never_touched(tmp_path, name, text):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    with pytest.raises(
        ValueError, match=f"{path.name} is not a file of the demo set.*another folder"
    ):
        make_demo(tmp_path, **SMALL)
    assert path.read_text() == text
    assert list(contents(tmp_path)) == [name]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed is -1"),
        ({"images": (0, 3)}, r"images is \(0, 3\).*at least 1"),
        ({"videos": (3, -2)}, r"videos is \(3, -2\)"),
        ({"videos": (3,)}, r"videos is \(3,\)"),
    ],
)
def test_bad_arguments(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        make_demo(tmp_path / "demo", **arguments)
    assert not (tmp_path / "demo").exists()


def test_root_that_is_a_file(tmp_path):
    (tmp_path / "demo").write_text("x")
    with pytest.raises(ValueError, match="demo is a file; give the folder"):
        make_demo(tmp_path / "demo", **SMALL)


def test_other_files_beside_the_set_stay(tmp_path):
    note = tmp_path / "images_notes.txt"
    note.write_text("x")
    make_demo(tmp_path, images=(1, 1), videos=(1, 1))
    make_demo(tmp_path, images=(2, 1), videos=(1, 1))
    assert note.read_text() == "x"


def motion_and_redness(label, number):
    """Mean absolute change between noise-free frames, and red over blue, of one drawn scene."""
    rng = np.random.default_rng([7, number])
    camera = random_camera(rng, (120, 88))
    scene = random_scene(rng, camera, label)
    frames = [render(scene, t, np.random.default_rng(0)).astype(float) for t in (0.4, 0.5, 1, 1.1)]
    motion = np.mean([abs(frames[1] - frames[0]).mean(), abs(frames[3] - frames[2]).mean()])
    return motion, frames[0][..., 0].mean() - frames[0][..., 2].mean()


def test_classes_differ_yet_overlap():
    harmful, safe = (
        np.array([motion_and_redness(label, n) for n in range(60)]) for label in ("harmful", "safe")
    )
    # The probability that a harmful scene has the larger value (an AUC). With the kinds of scenes
    # or the severities made equal, it falls below the lower bounds.
    motion, redness = ((harmful[:, None, i] > safe[None, :, i]).mean() for i in range(2))
    assert 0.86 < motion < 0.97
    assert 0.79 < redness < 0.95


def test_people_move_without_flames_or_smoke():
    rng = np.random.default_rng(3)
    camera = random_camera(rng, (120, 88))
    for label in ("harmful", "safe"):
        moved = 0
        for _ in range(8):
            scene = replace(random_scene(rng, camera, label), flame=None, smoke=0, ball=False)
            first, last = (render(scene, t, np.random.default_rng(0)) for t in (0.2, 0.5))
            moved += (abs(first.astype(int) - last) > 20).mean() > 0.002
        assert moved >= 3
