"""SlowFast: how things move (pytorchvideo, R50 8x8, Feichtenhofer et al. 2019)."""

from __future__ import annotations

import pickle

import numpy as np
import torch
from pytorchvideo.models.hub import slowfast_r50

from harmlib.features.weights import Weights, WeightsError

CLIP_FRAMES = 32  # of the fast pathway
ALPHA = 4  # the slow pathway sees every fourth frame: 8 of 32
_MEAN, _STD = 0.45, 0.225  # of all three channels, as in the Kinetics training


class SlowFastBackbone:
    """Clips of 32 frames to the pooled activations of both pathways, 2048 + 256 numbers."""

    name = "slowfast"

    def __init__(self, weights: Weights, image_size: int, batch_size: int) -> None:
        """Raises WeightsError when the file holds no SlowFast R50 8x8."""
        self.batch_size = batch_size
        self.image_size = image_size
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(weights.seed or 0)
            network = slowfast_r50(pretrained=False)
        if weights.path is not None:
            _load_state(network, weights)
        # The stages without the pooling and the Kinetics head, which fix the picture's size.
        self.network = network.blocks[:5].eval()

    def prepare(self, frames: list[np.ndarray]) -> torch.Tensor:
        """(n, 3, 32, image_size, image_size) float32, from n * 32 RGB frames.

        Frames come scaled to the short side `image_size`; the middle is cut out of the long one.
        """
        side = self.image_size
        # Cut one by one: a recording may change its picture size on the way.
        corners = [((f.shape[0] - side) // 2, (f.shape[1] - side) // 2) for f in frames]
        stack = np.stack(
            [
                frame[top : top + side, left : left + side]
                for frame, (top, left) in zip(frames, corners, strict=True)
            ]
        )  # (n * 32, side, side, 3)
        clips = torch.from_numpy(stack).view(-1, CLIP_FRAMES, side, side, 3)
        return clips.permute(0, 4, 1, 2, 3).float().div_(255).sub_(_MEAN).div_(_STD)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """(n, 3, 32, s, s) to (n, 2304)."""
        slow = torch.linspace(0, CLIP_FRAMES - 1, CLIP_FRAMES // ALPHA).long()
        pathways = [batch[:, :, slow], batch]
        for stage in self.network:
            pathways = stage(pathways)
        return torch.cat([pathway.float().mean(dim=(2, 3, 4)) for pathway in pathways], dim=1)

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
