"""Motion: how disorderly and how abruptly a picture moves (dense optical flow, no weights)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from harmlib.features.backbones import Backbone
from harmlib.features.weights import OfficialFile, Weights
from harmlib.media.decode import RGB
from harmlib.media.frame_times import clip_times
from harmlib.params import FeatureParams, MotionParams

SHORT_SIDE = 120  # pixels of the pictures between which flow is measured
FRAMES_PER_SEC = 30
# Flow is measured over a tenth of a second, from each frame to the third one after it. The three
# interleaved series are described apart and averaged: one of them alone depends on which frames
# it happens to hit.
PHASES = 3
LEAST_FRAMES = 4 * PHASES  # of a clip, however short: three flows and two changes a series
ROWS, COLUMNS = 6, 8  # the grid of cells

# What is measured at each step of a series. "Flow" is what is left of it without
# the camera's; lengths are in pixels a step, all but `acceleration_relative` as log(1 + length).
STEP_NAMES = (
    "disorder_1",  # of the most disorderly of 48 cells: mean length less the mean's length
    "disorder_10",  # of the 10th
    "disorder_19",  # of the 19th
    "disorder_29",  # of the 29th
    "disorder_38",  # of the 38th
    "disorder_48",  # of the least disorderly cell
    "acceleration",  # length of the flow's change since the step before, mean over the picture
    "acceleration_relative",  # that mean, divided by the mean flow of both steps
    "acceleration_90",  # 90th percentile over the picture
    "acceleration_99",  # 99th percentile
    "divergence",  # of neighbouring pixels' flow: parting and meeting, mean of its magnitude
    "rotation",  # turning (curl), mean of its magnitude
    "deformation",  # shearing and stretching, mean of its magnitude
    "parting",  # the positive part of the divergence, mean
    "meeting",  # the negative part of the divergence, mean of its magnitude
)
# What is told of each of these series over a clip.
TIME_NAMES = (
    "mean",
    "variation",  # standard deviation / (mean + `_FLOOR`)
    "autocorrelation",  # of neighbouring steps, -1 to 1: high for swelling, low for jerky motion
    "roughness",  # mean change from step to step / (mean + `_FLOOR`)
)
FEATURE_NAMES = tuple(f"{step}_{time}" for time in TIME_NAMES for step in STEP_NAMES)
_RANKS = (0, 9, 18, 28, 37, 47)  # of the cells, the most disorderly first
_FLOOR = 0.05  # keeps quotients of a still picture finite
_STILL = 1e-6  # a series that varies less (squared) is constant

Floats = npt.NDArray[np.float32]


class MotionBackbone(Backbone):
    """Turns clips of a video into the 60 numbers of `FEATURE_NAMES`.

    Parameters
    ----------
    section : MotionParams
        Batch size; how clips are chosen is part of the sampling.
    weights : Weights
        None are needed.

    Notes
    -----
    The flow is OpenCV's DIS (Kroeger et al. 2016), which runs on the CPU where frames are prepared.
    An engine has nothing left to compute: its units are the bytes of the finished numbers.
    """

    name = "motion"
    version = 1
    package = "opencv-python"
    official_files: ClassVar[Mapping[str, OfficialFile]] = {}  # nothing was trained

    def __init__(self, section: MotionParams, weights: Weights) -> None:
        self.weights, self.key, self.batch_size = weights, weights.key, section.batch_size
        self.clip_frames = _clip_frames(section.clip_sec)
        self.unit_shape = (len(FEATURE_NAMES) * np.float32().nbytes,)

    def build(self) -> torch.nn.Module:
        """Build what passes the finished numbers on."""
        return torch.nn.Identity()

    @staticmethod
    def sampling(params: FeatureParams) -> dict[str, Any]:
        """Clips of a video at most, spread evenly, the length of one, and frames a second."""
        section = _section(params)
        return {
            "clips": section.clips,
            "clip_sec": section.clip_sec,
            "frames_per_sec": FRAMES_PER_SEC,
        }

    @staticmethod
    def wanted_frames(params: FeatureParams, duration_sec: float) -> list[tuple[float, int | None]]:
        """Times in seconds, clip after clip, no more clips than it takes to see all of the video.

        A quarter of a clip may stay unseen, so that a slightly longer video has no second clip.
        """
        section = _section(params)
        length = min(section.clip_sec, duration_sec)
        needed = int(np.ceil(duration_sec / section.clip_sec - 0.25))
        count = max(1, min(section.clips, needed))
        clips = clip_times(duration_sec, count, section.clip_sec, _clip_frames(length))
        return [(time_sec, SHORT_SIDE) for clip in clips for time_sec in clip]

    def prepare(self, frames: list[RGB]) -> torch.Tensor:
        """(n, 240) uint8, the bytes of n clips' 60 numbers."""
        size = self.clip_frames if len(frames) > self.clip_frames else len(frames)
        clips = [frames[start : start + size] for start in range(0, len(frames), size)]
        numbers = np.stack([describe_clip(clip) for clip in clips])
        return torch.from_numpy(numbers.view(np.uint8))

    def compute(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(n, 240) uint8, as float: every engine and precision keeps whole numbers up to 255."""
        return (self.network(batch.float()),)

    def finish(self, *outputs: torch.Tensor) -> torch.Tensor:
        """(n, 60)."""
        return outputs[0].round().to(torch.uint8).contiguous().view(torch.float32)

    def pool(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The mean over a video's clips."""
        mean: npt.NDArray[np.float32] = rows.mean(axis=0)
        return mean


def describe_clip(frames: list[RGB]) -> Floats:
    """Describe how a clip moves: how disorderly, how abruptly, and how that changes in time.

    Parameters
    ----------
    frames : list of ndarray of uint8, shape (height, width, 3)
        At least `LEAST_FRAMES`, in order, `FRAMES_PER_SEC`, with a short side of `SHORT_SIDE`. A
        frame of another size than the first is scaled to it.

    Returns
    -------
    ndarray of float32, shape (len(FEATURE_NAMES),)
        The numbers of `FEATURE_NAMES`; all zero for a picture that never moves.

    Notes
    -----
    The camera's motion is taken to be the median of the flow over the picture; zoom and rotation
    of the camera remain. Divergence, curl and deformation are those of Jain, Jégou & Bouthemy
    (2013), "Better exploiting motion for better action recognition", section 3.2.

    Examples
    --------
    >>> still = [np.full((120, 160, 3), 90, np.uint8)] * LEAST_FRAMES
    >>> describe_clip(still).shape, float(np.abs(describe_clip(still)).max())
    ((60,), 0.0)
    """
    phases = [_describe(frames[phase::PHASES]) for phase in range(PHASES)]
    numbers: Floats = np.mean(phases, axis=0, dtype=np.float32)
    return numbers


def _describe(frames: list[RGB]) -> Floats:
    """The numbers of one series of frames."""
    flow = _own_flow(frames)
    length = np.linalg.norm(flow, axis=-1)
    series = [*_disorder(flow, length), *_acceleration(flow, length), *_gradients(flow)]
    return np.stack([_over_time(one) for one in series], axis=1).ravel()


def _own_flow(frames: list[RGB]) -> Floats:
    """(steps, height, width, 2): the flow in pixels a step, without the camera's."""
    import cv2

    # Files are prepared in parallel already; more threads would only compete.
    cv2.setNumThreads(1)
    height, width = frames[0].shape[:2]
    grey = [
        cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (width, height)) for frame in frames
    ]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    flow = np.stack([
        dis.calc(before, after, None)  # type: ignore[call-overload]  # None: no first guess
        for before, after in pairwise(grey)
    ])  # fmt: skip
    camera = np.median(flow[:, ::2, ::2].reshape(len(flow), -1, 2), axis=1)
    own: Floats = flow - camera[:, None, None]
    return own


def _disorder(flow: Floats, length: Floats) -> list[Floats]:
    """Of cells at some ranks (steps,): the part of the motion in them that is in no common way."""
    import cv2

    def cells(pictures: Floats) -> Floats:  # (steps, height, width) to (steps, 48): means
        small = [cv2.resize(p, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA) for p in pictures]
        return np.stack(small).reshape(len(pictures), -1)

    common = np.hypot(cells(flow[..., 0]), cells(flow[..., 1]))
    disorder = np.log1p(np.maximum(cells(length) - common, 0))
    ranked = -np.sort(-disorder, axis=1)
    return [ranked[:, rank] for rank in _RANKS]


def _acceleration(flow: Floats, length: Floats) -> list[Floats]:
    """Four series (steps - 1,): mean, relative to the flow, 90th and 99th percentile."""
    change = np.linalg.norm(np.diff(flow, axis=0), axis=-1).reshape(len(flow) - 1, -1)
    mean, moved = change.mean(axis=1), length.mean(axis=(1, 2))
    relative = mean / (moved[1:] + moved[:-1] + _FLOOR)
    high = np.quantile(change, (0.9, 0.99), axis=1, method="nearest")
    return [np.log1p(mean), relative, np.log1p(high[0]), np.log1p(high[1])]


def _gradients(flow: Floats) -> list[Floats]:
    """Five series (steps,): divergence, curl, deformation, and the divergence's two parts."""
    across = np.diff(flow, axis=2)[:, :-1]  # change from a pixel to its right neighbour
    down = np.diff(flow, axis=1)[:, :, :-1]  # to the one below
    divergence = across[..., 0] + down[..., 1]
    rotation = across[..., 1] - down[..., 0]
    deformation = np.hypot(across[..., 0] - down[..., 1], across[..., 1] + down[..., 0])
    parts = [np.abs(divergence), np.abs(rotation), deformation,
             np.maximum(divergence, 0), np.maximum(-divergence, 0)]  # fmt: skip
    return [np.log1p(part.mean(axis=(1, 2))) for part in parts]


def _over_time(series: Floats) -> Floats:
    """(steps,) to the numbers of `TIME_NAMES`."""
    mean, deviation = series.mean(), series - series.mean()
    variance = (deviation**2).mean()
    together = (deviation[1:] * deviation[:-1]).mean() / (variance + _STILL)
    change = np.abs(np.diff(series)).mean()
    scale = mean + _FLOOR
    return np.array([mean, np.sqrt(variance) / scale, together, change / scale], np.float32)


def _clip_frames(length_sec: float) -> int:
    return max(LEAST_FRAMES, int(length_sec * FRAMES_PER_SEC + 1e-6))  # 0.7 * 30 is 20.999…


def _section(params: FeatureParams) -> MotionParams:
    assert params.motion is not None  # else nobody asks this backbone
    return params.motion
