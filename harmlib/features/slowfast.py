"""SlowFast: how things move (pytorchvideo, 8x8, Feichtenhofer et al. 2019)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from harmlib.features.backbones import Backbone
from harmlib.features.tensor_file import TensorFileError, read_tensors, tensors_of
from harmlib.features.weights import OfficialFile, Weights, WeightsError
from harmlib.media.decode import RGB
from harmlib.media.frame_times import clip_times
from harmlib.params import FeatureParams, SlowFastParams

CLIP_FRAMES = 32  # of the fast pathway
_DEPTHS = {"slowfast_r50_8x8": 50, "slowfast_r18_8x8": 18}
ALPHA = 4  # the slow pathway sees every fourth frame: 8 of 32
# Numbers, not an operation of the network: another engine may round 31 down to 30.
_SLOW = torch.linspace(0, CLIP_FRAMES - 1, CLIP_FRAMES // ALPHA).long().tolist()
_MEAN, _STD = 0.45, 0.225  # of all three channels, as in the Kinetics training


class SlowFastBackbone(Backbone):
    """Turns clips of 32 frames into the pooled activations of both pathways, 2048 + 256 numbers.

    Parameters
    ----------
    section : SlowFastParams
        Architecture, picture size and batch size.
    weights : Weights
        PyTorchVideo's checkpoint, or a saved state_dict.

    Raises
    ------
    WeightsError
        If the file does not hold a SlowFast of that architecture.
    """

    name = "slowfast"
    version = 2
    package = "pytorchvideo"
    # PyTorchVideo publishes no hash; this is the one that several independent public projects
    # recorded for this very address (277,138,115 bytes).
    official_files: ClassVar[Mapping[str, OfficialFile]] = {
        "slowfast_r50_8x8": OfficialFile(
            "slowfast_r50_8x8",
            "https://dl.fbaipublicfiles.com/pytorchvideo/model_zoo/kinetics/SLOWFAST_8x8_R50.pyth",
            "454f39e1c1f985df2bee2aa27887ed53ff56e74ed8b8cca11203a1a1264d7cc2",
        )
    }

    def __init__(self, section: SlowFastParams, weights: Weights) -> None:
        self.weights, self._architecture = weights, section.architecture
        self.key = f"{section.architecture} {weights.key}"
        self.batch_size = section.batch_size
        self.image_size = section.image_size
        self.unit_shape = (3, CLIP_FRAMES, self.image_size, self.image_size)

    def build(self) -> torch.nn.Module:
        """Build the stages before the head; may raise WeightsError."""
        return _build(self._architecture, self.weights)

    @staticmethod
    def sampling(params: FeatureParams) -> dict[str, Any]:
        """Clips of a video, spread evenly, and the length of one in seconds."""
        section = _section(params)
        return {"clips": section.clips, "clip_sec": section.clip_sec}

    @staticmethod
    def wanted_frames(params: FeatureParams, duration_sec: float) -> list[tuple[float, int | None]]:
        """Times in seconds, clip after clip; frames come with the short side of the input."""
        section = _section(params)
        clips = clip_times(duration_sec, section.clips, section.clip_sec, CLIP_FRAMES)
        return [(time_sec, section.image_size) for clip in clips for time_sec in clip]

    def prepare(self, frames: list[RGB]) -> torch.Tensor:
        """(n, 3, 32, image_size, image_size) uint8, from n * 32 RGB frames.

        Frames come scaled to the short side `image_size`; the long side is cropped to its middle.
        """
        side = self.image_size
        clips = np.empty((len(frames), 3, side, side), np.uint8)
        for clip, frame in zip(clips, frames, strict=True):  # a recording may change its size
            top, left = (frame.shape[0] - side) // 2, (frame.shape[1] - side) // 2
            clip[:] = frame[top : top + side, left : left + side].transpose(2, 0, 1)
        units = torch.from_numpy(clips.reshape(-1, CLIP_FRAMES, 3, side, side))
        return units.transpose(1, 2).contiguous()

    def compute(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(n, 3, 32, s, s) uint8 to (n, 2048) of the slow and (n, 256) of the fast pathway."""
        fast = (batch.float() / 255 - _MEAN) / _STD
        pathways = [fast[:, :, _SLOW], fast]
        for stage in self.network.children():
            pathways = stage(pathways)
        return tuple(pathway.float().mean(dim=(2, 3, 4)) for pathway in pathways)

    def finish(self, *outputs: torch.Tensor) -> torch.Tensor:
        """(n, 2304)."""
        return torch.cat(outputs, dim=1)

    def pool(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The mean over a video's clips."""
        mean: npt.NDArray[np.float32] = rows.mean(axis=0)
        return mean


def _section(params: FeatureParams) -> SlowFastParams:
    assert params.slowfast is not None  # else nobody asks this backbone
    return params.slowfast


def _build(architecture: str, weights: Weights) -> torch.nn.Module:
    """The stages without pooling and Kinetics head, which would fix the picture's size."""
    if weights.path is None:
        network = _untrained(architecture, weights.seed or 0)
    else:
        try:
            content = read_tensors(weights.path)
            if isinstance(content, dict):
                content = content.get("model_state", content)
            state = tensors_of(content)
            network = _untrained(architecture, 0)
            network.load_state_dict(state)
        except (RuntimeError, TensorFileError) as error:
            first = str(error).splitlines()[0]
            raise WeightsError(
                f"{weights.path}: not a checkpoint of {architecture}: {first}"
            ) from error
    stages: torch.nn.Module = network.blocks[:5].eval()
    return stages


def _untrained(architecture: str, seed: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # fvcore uses torch.jit when it is imported
        from pytorchvideo.models.slowfast import create_slowfast
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return create_slowfast(
            model_depth=_DEPTHS[architecture], slowfast_fusion_conv_kernel_size=(7, 1, 1)
        )
