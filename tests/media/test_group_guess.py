"""Groups that are guessed: one source together, whatever tells it; what is given stays."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manifest_folders import build
from PIL import Image

from harmlib.media.folders import scan_folders
from harmlib.media.group_guess import GIVEN, group_table, guess_groups, near_pictures
from harmlib.media.perceptual_hash import hash_distance
from harmlib.media.source_names import ALONE
from harmlib.media.splits import SplitError
from harmlib.params import NearDuplicateParams

GUESS = NearDuplicateParams()


def picture(path, seed, step=0):
    """Noise in large squares; another `step` changes it as the next frame would."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (8, 8, 3)).astype(float)
    noise += np.random.default_rng(step).normal(0, 3, noise.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.kron(noise.clip(0, 255).astype(np.uint8), np.ones((12, 12, 1), np.uint8))
    Image.fromarray(pixels).save(path)


@pytest.fixture
def cameras(tmp_path):
    """Five cameras, each with two harmful and two safe pictures that don't look alike."""
    for camera in range(5):
        for frame in range(4):
            label = ("harmful", "safe")[frame % 2]
            name = f"images/{label}/gun-Cam{camera}-seg{frame}_{frame:06}.png"
            picture(tmp_path / name, 10 * camera + frame)
    return tmp_path


def test_one_cameras_frames_never_fall_into_two_splits(cameras):
    listed = scan_folders(cameras, "image")
    alone, _ = build(listed, cameras)
    camera = alone["item_id"].str.extract(r"Cam(\d)", expand=False)
    assert (alone["split"].groupby(camera).nunique() > 1).any(), "without a guess they do"
    for seed in range(5):
        manifest, _ = build(listed, cameras, guess=GUESS, seed=seed)
        assert set(manifest["group_by"]) == {"camera"}
        assert (manifest["split"].groupby(camera).nunique() == 1).all()
        assert manifest["group"].nunique() == 5


def test_nearly_equal_pictures_are_one_group_under_any_names(tmp_path):
    for scene in range(6):
        for step, label in enumerate(("harmful", "safe")):
            picture(tmp_path / f"images/{label}/{'abcdef'[scene]}{label[0]}x.png", scene, step)
    manifest, _ = build(scan_folders(tmp_path, "image"), tmp_path, guess=GUESS)
    assert set(manifest["group_by"]) == {"near"}
    assert manifest["group"].nunique() == 6
    assert (manifest.groupby("group")["label"].nunique() == 2).all()
    off, _ = build(
        scan_folders(tmp_path, "image"), tmp_path, guess=NearDuplicateParams(hash_distance=None)
    )
    assert set(off["group_by"]) == {ALONE}


def test_given_groups_and_splits_stay_as_they_are(cameras):
    listed = scan_folders(cameras, "image")
    for column, value in (("group", "mine"), ("split", "train")):
        one = listed.assign(**{column: [value, *[None] * (len(listed) - 1)]})
        with_guess, _ = build(one, cameras, guess=GUESS)
        without, _ = build(one, cameras)
        pd.testing.assert_frame_equal(with_guess, without)
    assert set(with_guess["group_by"]) == {ALONE}
    assert GIVEN not in set(with_guess["group_by"])


def test_a_split_that_the_guess_makes_impossible_says_so(tmp_path):
    for number in range(12):
        label = ("harmful", "safe")[number % 2]
        picture(tmp_path / f"images/{label}/frame_{number:04}.png", number)
    listed = scan_folders(tmp_path, "image")
    build(listed, tmp_path)
    with pytest.raises(SplitError, match=r"1 of these groups were guessed \(by frames; .*'frames'"):
        build(listed, tmp_path, guess=GUESS)


def test_the_table_shows_groups_of_several_files(cameras):
    manifest, _ = build(scan_folders(cameras, "image"), cameras, guess=GUESS)
    table = group_table(manifest)
    assert table[["files", "harmful", "safe"]].values.tolist() == [[4, 2, 2]] * 5
    assert table["group"].tolist() == [f"cam{n}" for n in range(5)]


hashes = st.lists(
    st.lists(st.sampled_from(["", *(f"{i:02x}" * 32 for i in (0, 1, 3, 7, 255))]), max_size=3).map(
        ",".join
    ),
    max_size=9,
)


@settings(max_examples=50)
@given(hashes, st.integers(0, 127))
def test_near_pairs_are_those_of_the_rule(texts, distance):
    i, j = near_pictures(pd.Series(texts, dtype=object), distance)
    found = set(zip(i.tolist(), j.tolist(), strict=True))
    frames = [text.split(",") for text in texts]
    for a in range(len(texts)):
        for b in range(a + 1, len(texts)):
            own = [(x, y) for x, y in zip(frames[a], frames[b], strict=False) if x and y]
            longer = max(sum(map(bool, frames[a])), sum(map(bool, frames[b])))
            bits = sum(hash_distance(x, y) for x, y in own)
            near = bool(own) and 2 * len(own) >= longer and bits <= distance * len(own)
            assert ((a, b) in found) == near


@settings(max_examples=50)
@given(st.permutations(range(8)))
def test_the_guess_does_not_depend_on_the_order(order):
    items = pd.DataFrame(
        {
            "path": [f"images/safe/cam{n % 3}_{n}.jpg" for n in range(6)] + ["x.jpg", "y.jpg"],
            "perceptual_hash": [*["00" * 32] * 2, *["ff" * 32] * 2, "", "", "0f" * 32, "0f" * 32],
        }
    )
    pd.testing.assert_frame_equal(guess_groups(items).loc[order], guess_groups(items.loc[order]))


def test_of_too_many_pictures_neighbours_are_compared():
    same = pd.Series(["00" * 32] * 10)
    i, j = near_pictures(same, 31, max_comparisons=20)
    assert set((j - i).tolist()) <= {1, 2}
    assert len(i) >= 9, "each with its next one: the chain joins them all"
