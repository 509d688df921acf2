import os
import shutil
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from manifest_folders import PER_CLASS, build, build_folder
from PIL import Image

from harmlib.media.ledger import LEDGER_COLUMNS
from harmlib.media.listing import DataError, scan_folders
from harmlib.media.manifest import MANIFEST_COLUMNS, build_manifests, exact_duplicates
from harmlib.media.splits import SplitError
from harmlib.params import PROJECT_ROOT, DataParams, SplitParams, load_params

# What lands in the ledger. Each spoiler adds one visible file to `folder` or spoils 0.png there.

NEITHER = "neither a picture nor a video, by its content (text)"
SPOILERS = {
    "zero": (lambda f: (f / "z.png").touch(), "empty file (0 bytes)"),
    "text": (lambda f: (f / "t.jpg").write_text("words"), NEITHER),
    "note": (lambda f: (f / "readme.txt").write_text("x"), NEITHER),
    "no_ending": (lambda f: (f / "README").write_text("x"), NEITHER),
    "video": (lambda f: (f / "a.mp4").touch(), "empty file (0 bytes)"),
    "pipe": (lambda f: os.mkfifo(f / "p.png"), "a pipe (FIFO), not a file"),
    "page": (
        lambda f: (f / "w.jpg").write_text("<!doctype html><svg>"),
        "neither a picture nor a video, by its content (a web page",
    ),
    "moving": (
        lambda f: Image.open(f / "1.png").save(
            f / "m.gif", save_all=True, append_images=[Image.open(f / "2.png")]
        ),
        "its content is a video (pictures that move are videos), and it is listed as an image",
    ),
    "truncated": (
        lambda f: (f / "c.png").write_bytes((f / "1.png").read_bytes()[:150]),
        "damaged picture",
    ),
    "nowhere": (lambda f: (f / "n.png").symlink_to(f / "gone"), "file is missing"),
    "linked_folder": (lambda f: (f / "d").symlink_to(f.parent), "a folder or a link to one"),
    "bytes_name": (
        lambda f: shutil.copy(f / "1.png", os.fsencode(f) + "/가.png".encode("cp949")),
        "file name is not UTF-8; rename it",
    ),
}
HARMLESS = {
    "nested": lambda f: shutil.copytree(f, f / "deep/er", symlinks=True),
    "hidden": lambda f: (f / ".hidden.png").write_text("x"),
    "hidden_folder": lambda f: (
        (f / ".cache").mkdir(),
        (f / ".cache/x.png").write_text("x"),
    ),
    "jfif": lambda f: Image.open(f / "1.png").save(f / "j.jfif", "JPEG"),
    "avif": lambda f: Image.open(f / "1.png").save(f / "a.avif"),
    "mpo": lambda f: Image.open(f / "1.png").save(f / "o.mpo"),
    "no_ending_at_all": lambda f: shutil.copy(f / "1.png", f / "picture"),
    "of_another_name": lambda f: shutil.copy(f / "1.png", f / "picture.mp4"),
    "upper": lambda f: shutil.copy(f / "1.png", f / "1.PNG"),
    "copy": lambda f: shutil.copy(f / "2.png", f / "2 copy.png"),
    "link": lambda f: (f / "l.png").symlink_to(f / "3.png"),
    "other_label": lambda f: shutil.copy(f / "4.png", f"{f.parent}/safe/4 {f.name}.png"),
    "empty_folder": lambda f: (f / "empty").mkdir(),
}


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_what_cannot_be_used_is_in_the_ledger(root, spoiler):
    spoil, reason = SPOILERS[spoiler]
    spoil(root / "images/safe")
    manifest, ledger = build_folder(root)
    assert tuple(ledger.columns) == LEDGER_COLUMNS
    assert ledger[["label", "modality", "step"]].to_numpy().tolist() == [["safe", "image", "data"]]
    assert ledger["reason"][0].startswith(reason)
    assert len(manifest) == 2 * PER_CLASS
    for name in ("manifest.parquet", "ledger.parquet"):  # whatever is in a name, a table holds it
        (manifest if name[0] == "m" else ledger).to_parquet(root / name)


@pytest.mark.parametrize(
    ("trick", "more"),
    [
        ("nested", PER_CLASS), ("jfif", 1), ("avif", 1), ("mpo", 1), ("no_ending_at_all", 1),
        ("of_another_name", 1), ("upper", 1), ("copy", 1), ("link", 1),
        ("hidden", 0), ("hidden_folder", 0), ("empty_folder", 0),
    ],
)  # fmt: skip
def test_what_is_unusual_yet_fine(root, trick, more):
    HARMLESS[trick](root / "images/safe")
    manifest, ledger = build_folder(root)
    assert len(manifest) == 2 * PER_CLASS + more
    assert ledger.empty


# The nested copy of a folder can not hold a pipe.
EVERYTHING = {**{k: v[0] for k, v in SPOILERS.items() if k != "pipe"}, **HARMLESS}


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(
    tricks=st.lists(
        st.tuples(st.sampled_from(sorted(EVERYTHING)), st.sampled_from(["harmful", "safe"])),
        unique=True,
        max_size=8,
    ),
    ratio=st.sampled_from([None, None, 0.7, 1.5]),
)
@example(tricks=[(name, "safe") for name in EVERYTHING if name != "nested"], ratio=None)
@example(tricks=[(name, "harmful") for name in EVERYTHING if name != "nested"], ratio=1.5)
def test_files_in_are_manifest_plus_ledger(basic, tricks, ratio):
    with tempfile.TemporaryDirectory() as folder:
        root = shutil.copytree(basic, Path(folder) / "media")
        for trick, label in tricks:
            EVERYTHING[trick](root / "images" / label)
        there = {
            Path(at, name).relative_to(root).as_posix().encode("utf-8", "backslashreplace").decode()
            for at, folders, files in os.walk(root / "images")
            for name in [*files, *(d for d in folders if Path(at, d).is_symlink())]
            if not any(p.startswith(".") for p in Path(at, name).relative_to(root).parts)
        }
        try:
            manifest, ledger = build_folder(root, ratio=ratio)
        except SplitError:  # copies joined too much
            assume(False)
        assert len(manifest) + len(ledger) == len(there)
        assert {*manifest["item_id"], *ledger["path"]} == there
        assert (ledger["reason"] != "").all()
        units = manifest.groupby("sha256")[["split", "label"]].nunique()
        assert (units == 1).all(axis=None)
        assert all(Path(path).is_file() for path in manifest["path"])


def test_rows_of_the_manifest(root, write_image):
    write_image(root / "images/safe/wide.jpg", 7, (20, 10))
    manifest, ledger = build_folder(root)
    assert tuple(manifest.columns) == MANIFEST_COLUMNS
    assert ledger.empty
    assert tuple(ledger.columns) == LEDGER_COLUMNS
    assert manifest["item_id"].is_monotonic_increasing
    row = manifest[manifest["item_id"] == "images/safe/wide.jpg"].iloc[0]
    assert row["path"] == str(root / "images/safe/wide.jpg")
    assert [row[k] for k in ("modality", "label", "width", "height", "frames")] == [
        "image", 0, 20, 10, 1,
    ]  # fmt: skip
    assert row["group"] == row["sha256"][:16]
    assert manifest["label"].sum() == PER_CLASS


def test_videos(tmp_path, write_video):
    for i in range(3):
        write_video(tmp_path / f"videos/harmful/{i}.mp4", 2 + i)
        write_video(tmp_path / f"videos/safe/{i}.mp4", 6 + i)
    (tmp_path / "videos/safe/still.jpg").touch()
    manifest, ledger = build(scan_folders(tmp_path, "video"), tmp_path, "video")
    assert manifest["frames"].tolist() == [2, 3, 4, 6, 7, 8]
    assert manifest["duration_sec"].tolist() == pytest.approx([0.2, 0.3, 0.4, 0.6, 0.7, 0.8])
    assert ledger["reason"].tolist() == ["empty file (0 bytes)"]


@pytest.fixture
def both(root, write_video):
    """Six pictures and three videos of each class, and a damaged one of each modality."""
    for i in range(3):
        write_video(root / f"videos/harmful/{i}.mp4", 2 + i)
        write_video(root / f"videos/safe/{i}.mp4", 6 + i)
    for name in ("images/safe/x.png", "videos/safe/x.mp4"):
        (root / name).write_text("words")
    return root


def test_the_manifest_of_all_modalities_follows_the_params(both, tmp_path):
    params = load_params(PROJECT_ROOT / "params/demo.yaml").model_copy(
        update={
            "data": DataParams(root=str(both), image_ratio=0.5, groups="file"),
            "artifacts": tmp_path / "artifacts",
            "splits": SplitParams(val_fraction=0.25, test_fraction=0.35),
        }
    )
    calls = []
    manifest, ledger = build_manifests(
        params, lambda modality: lambda *counts: calls.append((modality, *counts))
    )
    settings = {"val_fraction": 0.25, "test_fraction": 0.35, "seed": params.seed}
    parts = [
        build(scan_folders(both, modality), both, modality, ratio=ratio, **settings)
        for modality, ratio in (("image", 0.5), ("video", None))
    ]
    pd.testing.assert_frame_equal(manifest, pd.concat([p[0] for p in parts], ignore_index=True))
    pd.testing.assert_frame_equal(ledger, pd.concat([p[1] for p in parts], ignore_index=True))
    assert ledger["modality"].value_counts().to_dict() == {"image": 4, "video": 1}
    assert calls[-1] == ("video", 7, 7)
    assert len(calls) == 13 + 7
    assert build_manifests(params)[0].equals(manifest)
    assert {p.name for p in params.artifacts.iterdir()} == {
        "probe_image.parquet", "probe_video.parquet",
    }  # fmt: skip


@pytest.mark.parametrize("given", [False, True])
def test_folds_that_cannot_be_are_known_before_anything_is_extracted(both, tmp_path, given):
    data = {"root": str(both), "groups": "file"}
    if given:
        rows = scan_folders(both, "image")
        rows["split"] = ["train", *[None] * (len(rows) - 1)]
        rows[["path", "label", "split"]].to_csv(both / "images.csv", index=False)
        data["image_csv"] = "images.csv"
    params = load_params(PROJECT_ROOT / "params/demo.yaml").model_copy(
        update={
            "data": DataParams(**data),
            "artifacts": tmp_path / "artifacts",
            "splits": SplitParams(val_fraction=0.25, test_fraction=0.35, folds=4),
        }
    )
    wrong = "images' CSV gives splits, and splits.folds is 4" if given else "^videos: 4 folds need"
    with pytest.raises(SplitError, match=wrong):
        build_manifests(params)


def test_splits_do_not_depend_on_names_or_order(root):
    manifest, _ = build_folder(root)
    wanted = manifest.set_index("sha256")["split"].sort_index()
    shuffled, _ = build(scan_folders(root, "image").sample(frac=1, random_state=2), root)
    pd.testing.assert_frame_equal(shuffled, manifest)
    for i, path in enumerate(sorted((root / "images").rglob("*.png"))):
        path.rename(path.with_name(f"{(i * 7) % 12}{i}.png"))
    moved = root.rename(root.with_name("elsewhere"))
    renamed, _ = build_folder(moved)
    pd.testing.assert_series_equal(renamed.set_index("sha256")["split"].sort_index(), wanted)


def test_same_content_with_both_labels_is_used_for_neither(root):
    shutil.copy(root / "images/safe/0.png", root / "images/harmful/x.png")
    manifest, ledger = build_folder(root)
    assert sorted(ledger["path"]) == ["images/harmful/x.png", "images/safe/0.png"]
    assert set(ledger["reason"]) == {"same content is labelled both harmful and safe"}
    assert len(manifest) == 2 * PER_CLASS - 1


@pytest.mark.parametrize(("ratio", "counts"), [(1.5, (6, 4)), (0.5, (3, 6)), (1.0, (6, 6))])
def test_subsampling_is_in_the_ledger(root, ratio, counts):
    manifest, ledger = build_folder(root, ratio=ratio)
    assert ((manifest["label"] == 1).sum(), (manifest["label"] == 0).sum()) == counts
    assert len(ledger) == 12 - sum(counts)
    assert (ledger["reason"] == f"left out to reach harmful:safe {ratio}:1").all()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: p.unlink(), "media: no usable safe image: a detector needs both classes. Put"),
        (lambda p: p.write_text("x"), r"no usable safe image.*6 x neither a .*\. Put files"),
        (lambda p: p.write_bytes(b""), r"no usable safe image.*6 x empty file \(0 bytes\)"),
        (lambda p: p.write_bytes(b"ID3"), r"no usable safe image.*6 x .*\(sound \(MP3\)\)"),
        (lambda p: shutil.copy(f"{p.parent}/../harmful/{p.name}", p),
         "no usable harmful and no usable safe image.*12 x same content"),
    ],
)  # fmt: skip
def test_empty_class(root, spoil, message):
    for path in (root / "images/safe").iterdir():
        spoil(path)
    with pytest.raises(DataError, match=message):
        build_folder(root)


def test_too_few_for_three_splits(root):
    for i in range(2, PER_CLASS):
        (root / f"images/safe/{i}.png").unlink()
    with pytest.raises(SplitError, match=r"2 safe items in 2 group\(s\)"):
        build_folder(root)


def test_exact_duplicates():
    manifest = pd.DataFrame(
        [
            ("image", "b", "train", "i/2"), ("image", "b", "val", "i/1"),
            ("image", "b", "train", "i/3"), ("image", "c", "test", "i/4"),
            ("video", "c", "test", "v/1"), ("video", "d", "val", "v/2"),
            ("video", "d", "val", "v/3"),
        ],
        columns=["modality", "sha256", "split", "item_id"],
    )  # fmt: skip
    assert exact_duplicates(manifest).to_numpy().tolist() == [
        ["image", "b", 3, "train, val", "i/1"],
        ["video", "d", 2, "val", "v/2"],
    ]
