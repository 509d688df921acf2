"""Pictures that the tests draw: squares on a texture, and a camera that pans over it."""

import av
import cv2
import numpy as np
import pytest
import torch

from harmlib.features.backbones import backbone_names, find_weights, load_backbone, open_store
from harmlib.features.engine import TorchEngine
from harmlib.features.extraction import extract
from harmlib.features.motion import (
    FEATURE_NAMES,
    LEAST_FRAMES,
    STEP_NAMES,
    MotionBackbone,
    describe_clip,
)
from harmlib.features.weights import Weights
from harmlib.params import FeatureParams, MotionParams, SlowFastParams

pytestmark = pytest.mark.usefixtures("one_thread")

PARAMS = FeatureParams(slowfast=None, motion=MotionParams(clips=2, clip_sec=1.0))
NO_WEIGHTS = Weights("none", None, None, None)
HEIGHT, WIDTH = 120, 160


def texture(height, width, seed):
    """Smooth random grey, which flow can follow: (height, width) uint8."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (height // 6, width // 6), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def film(paths, *, view=lambda _: 0, count=30, side=30):
    """RGB frames: squares at `paths` (of the frame's index: left, top), the camera at `view`."""
    ground, square = texture(HEIGHT, WIDTH + 90, 1), texture(side, side, 2)
    frames = []
    for index in range(count):
        picture = ground[:, view(index) : view(index) + WIDTH].copy()
        for path in paths:
            left, top = path(index)
            picture[top : top + side, left : left + side] = square
        frames.append(np.repeat(picture[..., None], 3, axis=2))
    return frames


def numbers(frames):
    return dict(zip(FEATURE_NAMES, describe_clip(frames).tolist(), strict=True))


STILL = film([lambda _: (60, 45)])
MOVING = film([lambda i: (20 + i, 45)])


def test_each_number_has_a_name_of_its_own():
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) == 4 * len(STEP_NAMES) == 60


def test_a_still_picture_has_no_motion():
    assert describe_clip(STILL) == pytest.approx(0, abs=1e-3)


def test_a_moving_square_is_seen():
    moving = numbers(MOVING)
    for name in ("divergence", "parting", "meeting", "rotation", "deformation"):
        assert moving[f"{name}_mean"] > 0.002, name
    assert moving["disorder_1_mean"] < 0.02  # it moves in one way


def test_what_stops_and_goes_is_rougher_than_what_moves_evenly():
    jerky = film([lambda i: (20 + 6 * (i // 6), 45)])
    even, rough = numbers(MOVING), numbers(jerky)
    assert rough["acceleration_mean"] > 1.5 * even["acceleration_mean"]
    for name in ("deformation", "divergence"):
        assert rough[f"{name}_variation"] > 1.5 * even[f"{name}_variation"]
        assert rough[f"{name}_roughness"] > 1.5 * even[f"{name}_roughness"]
        assert rough[f"{name}_autocorrelation"] < 0


def test_what_swells_is_autocorrelated():
    swelling = film([lambda i: (10 + i * i // 12, 45)])
    assert numbers(swelling)["deformation_autocorrelation"] > 0.3


def test_opposing_squares_are_more_disorderly_than_one_direction():
    together = film([lambda i: (20 + i, 30), lambda i: (20 + i, 62)])
    opposing = film([lambda i: (20 + i, 30), lambda i: (80 - i, 62)])
    one_way, both_ways = numbers(together), numbers(opposing)
    assert both_ways["disorder_1_mean"] > 3 * one_way["disorder_1_mean"]
    assert both_ways["deformation_mean"] > one_way["deformation_mean"]


def test_meeting_and_parting_are_told_apart():
    """Two halves of the picture that move towards each other, and the same film backwards."""
    left, right = texture(HEIGHT, 140, 3), texture(HEIGHT, 140, 4)
    halves = [
        np.concatenate([left[:, 60 - i : 140 - i], right[:, i : 80 + i]], axis=1) for i in range(30)
    ]
    frames = [np.repeat(half[..., None], 3, axis=2) for half in halves]
    meeting, parting = numbers(frames), numbers(frames[::-1])
    assert meeting["meeting_mean"] > 1.5 * meeting["parting_mean"]
    assert parting["parting_mean"] > 1.5 * parting["meeting_mean"]


def test_the_cameras_motion_does_not_count():
    shaken = film([], view=lambda i: 20 + 4 * (i // 3 % 2))  # to and fro, 4 pixels a step
    assert numbers(shaken)["acceleration_mean"] < np.log1p(0.1 * 8)
    panned = film([], view=lambda i: i)
    found, moving = numbers(panned), numbers(film([lambda i: (20 + i, 45)], view=lambda i: i))
    for name in ("divergence", "deformation", "acceleration"):
        assert found[f"{name}_mean"] < 0.5 * moving[f"{name}_mean"], name


def test_the_same_frames_give_the_same_numbers_whatever_opencv_does_elsewhere():
    expected = describe_clip(MOVING)
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(4)
        np.testing.assert_array_equal(describe_clip(MOVING), expected)
    finally:
        cv2.setNumThreads(before)


def test_a_recording_that_changes_its_size_is_described():
    changed = [*MOVING[:15], *(cv2.resize(frame, (200, 120)) for frame in MOVING[15:])]
    assert np.isfinite(describe_clip(changed)).all()


@pytest.mark.parametrize(
    ("duration_sec", "clips", "frames"),
    [
        (0.0, 1, LEAST_FRAMES),  # a single picture
        (0.1, 1, LEAST_FRAMES),
        (0.7, 1, 21),
        (1.0, 1, 30),
        (1.25, 1, 30),  # a quarter may stay unseen
        (1.3, 2, 30),
        (2.0, 2, 30),
        (60.0, 2, 30),
    ],
)
def test_clips_see_all_of_a_short_video_and_samples_of_a_long_one(duration_sec, clips, frames):
    wanted = MotionBackbone.wanted_frames(PARAMS, duration_sec)
    times = [time_sec for time_sec, _ in wanted]
    assert len(times) == clips * frames
    assert all(0 <= time_sec <= duration_sec for time_sec in times)
    assert {side for _, side in wanted} == {120}
    if duration_sec >= 0.4:
        steps = np.diff(np.reshape(times, (clips, frames)), axis=1)
        assert steps == pytest.approx(1 / 30, rel=0.05)


def test_a_video_is_the_mean_of_its_clips():
    backbone = MotionBackbone(PARAMS.motion, NO_WEIGHTS)
    units = backbone.prepare([*MOVING, *STILL])
    assert units.shape == (2, *backbone.unit_shape)
    assert units.dtype == torch.uint8
    rows = backbone.finish(*backbone.compute(units)).numpy()
    np.testing.assert_array_equal(rows, [describe_clip(MOVING), describe_clip(STILL)])
    np.testing.assert_array_equal(backbone.pool(rows), rows.mean(axis=0))


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_no_precision_changes_the_numbers(precision):
    backbone = MotionBackbone(PARAMS.motion, NO_WEIGHTS)
    units = backbone.prepare(MOVING)
    rows = TorchEngine(backbone, torch.device("cpu"), precision).start(units)()
    np.testing.assert_array_equal(rows[0], describe_clip(MOVING))


@pytest.mark.parametrize(
    ("fields", "on"),
    [
        ({}, False),
        ({"slowfast": {"weights": "pretrained"}}, False),
        ({"slowfast": {"weights": "/models/mine.pth"}}, False),
        ({"slowfast": None}, True),
        ({"slowfast": {"weights": "untrained"}}, True),
        ({"slowfast": None, "motion": None}, False),
        ({"motion": {}}, True),
    ],
)
def test_it_is_on_where_no_trained_network_sees_motion(fields, on):
    params = FeatureParams.model_validate(fields)
    assert (params.motion is not None) == on
    assert ("motion" in backbone_names(params, "video")) == on
    assert "motion" not in backbone_names(params, "image")


def test_what_is_saved_with_a_checkpoint_is_read_back():
    for params in (FeatureParams(slowfast=SlowFastParams(weights="untrained")), PARAMS):
        assert FeatureParams.model_validate(params.model_dump()) == params


def test_a_file_goes_through_the_extraction(tmp_path, listed):
    path, damaged = tmp_path / "moving.mp4", tmp_path / "damaged.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in MOVING:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode())
    damaged.write_bytes(b"no video")
    weights = find_weights(PARAMS, "motion", tmp_path)
    store = open_store(PARAMS, "motion", weights, "video", "fp32", tmp_path / "features")
    engine = TorchEngine(
        load_backbone(PARAMS, "motion", weights), torch.device("cpu"), torch.float32
    )
    items = listed([path, damaged])
    unusable = extract(items, {"motion": engine}, {"motion": store}, PARAMS)
    assert unusable["path"].tolist() == [str(damaged)]
    (vector,) = store.load(items["sha256"][:1])
    found, expected = dict(zip(FEATURE_NAMES, vector, strict=True)), numbers(MOVING)
    for name in ("disorder_1_mean", "acceleration_mean", "deformation_mean"):
        assert found[name] == pytest.approx(expected[name], rel=0.25)  # the codec loses a little
