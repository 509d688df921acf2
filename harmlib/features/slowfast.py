"""SlowFast: how things move (pytorchvideo, R50 8x8, Feichtenhofer et al. 2019)."""

from __future__ import annotations

import pickle

import numpy as np
import torch
from pytorchvideo.models.hub import slowfast_r50

from harmlib.features.weights import Weights, WeightsError

CLIP_FRAMES = 32  # of the fast pathway
ALPHA = 4  # the slow pathway sees every fourth frame: 8 of 32
# Numbers, not an operation of the network: another engine may round 31 down to 30.
_SLOW = torch.linspace(0, CLIP_FRAMES - 1, CLIP_FRAMES // ALPHA).long().tolist()
_MEAN, _STD = 0.45, 0.225  # of all three channels, as in the Kinetics training


class SlowFastBackbone:
    """Clips of 32 frames to the pooled activations of both pathways, 2048 + 256 numbers."""

    name = "slowfast"

    def __init__(self, weights: Weights, image_size: int, batch_size: int) -> None:
        """Raises WeightsError when the file holds no SlowFast R50 8x8."""
        self.key, self.batch_size = weights.key, batch_size
        self.image_size = image_size
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(weights.seed or 0)
            network = slowfast_r50(pretrained=False)
        if weights.path is not None:
            _load_state(network, weights)
        # The stages without the pooling and the Kinetics head, which fix the picture's size.
        self.network = network.blocks[:5].eval()
        self.unit_shape = (3, CLIP_FRAMES, image_size, image_size)

    def prepare(self, frames: list[np.ndarray]) -> torch.Tensor:
        """(n, 3, 32, image_size, image_size) uint8, from n * 32 RGB frames.

        Frames come scaled to the short side `image_size`; the middle is cut out of the long one.
        """
        side = self.image_size
        clips = np.empty((len(frames), 3, side, side), np.uint8)
        for clip, frame in zip(clips, frames, strict=True):  # a recording may change its size
            top, left = (frame.shape[0] - side) // 2, (frame.shape[1] - side) // 2
            clip[:] = frame[top : top + side, left : left + side].transpose(2, 0, 1)
        units = torch.from_numpy(clips).unflatten(0, (-1, CLIP_FRAMES))
        return units.transpose(1, 2).contiguous()

    def compute(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(n, 3, 32, s, s) uint8 to (n, 2048) of the slow and (n, 256) of the fast pathway."""
        fast = (batch.float() / 255 - _MEAN) / _STD
        pathways = [fast[:, :, _SLOW], fast]
        for stage in self.network:
            pathways = stage(pathways)
        return tuple(pathway.float().mean(dim=(2, 3, 4)) for pathway in pathways)

    def finish(self, slow: torch.Tensor, fast: torch.Tensor) -> torch.Tensor:
        """(n, 2304)."""
        return torch.cat([slow, fast], dim=1)

    def pool(self, rows: np.ndarray) -> np.ndarray:
        """One vector a video: the mean over its clips."""
        return rows.mean(axis=0)


def _load_state(network: torch.nn.Module, weights: Weights) -> None:
    try:
        state = torch.load(weights.path, map_location="cpu", weights_only=True)
        network.load_state_dict(state.get("model_state", state))
    except (RuntimeError, KeyError, AttributeError, EOFError, TypeError, OSError,
            pickle.UnpicklingError) as error:  # fmt: skip
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WeightsError(f"{weights.path}: not a SlowFast R50 8x8 checkpoint: {first}") from error
