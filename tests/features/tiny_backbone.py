"""Backbones of a few lines that record what they are asked to do, and a spy on the decoder."""

from collections import Counter

import numpy as np
import torch

from harmlib.features.backbones import backbone_class
from harmlib.features.engine import TorchEngine
from harmlib.params import FeatureParams, SlowFastParams

VIDEO_FRAMES = 5
PARAMS = FeatureParams(
    video_frames=VIDEO_FRAMES,
    slowfast=SlowFastParams(weights="untrained", image_size=64, clips=2, clip_sec=0.5),
)
CPU = torch.device("cpu")


class TinyBackbone:
    """Four pixels of each frame through a fixed matrix; SlowFast's units are 32 frames."""

    def __init__(self, name="clip", batch_size=4):
        self.name, self.key, self.batch_size = name, "tiny", batch_size
        self.wanted_frames = backbone_class(name).wanted_frames
        self.unit_shape = (3, 32, 2, 2) if name == "slowfast" else (3, 2, 2)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.network = torch.nn.Linear(12, 6)
        self.prepared: list[int] = []  # frames of each call
        self.batches: list[int] = []  # units of each call
        self.fails_at: int | None = None

    def release(self):
        """Its network stays: the tests look at it."""

    def prepare(self, frames):
        self.prepared.append(len(frames))
        small = [frame[8::24, 8::24][:2, :2] for frame in frames]
        units = torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2)  # (n, 3, 2, 2)
        if self.name == "slowfast":
            return units.unflatten(0, (-1, 32)).movedim(1, 2)  # (clips, 3, 32, 2, 2)
        return units

    def compute(self, batch):
        assert not torch.is_grad_enabled()
        assert batch.dtype == torch.uint8
        if len(self.batches) == self.fails_at:
            raise RuntimeError("out of memory")
        self.batches.append(len(batch))
        batch = batch.float() / 255
        if batch.ndim == 5:
            batch = batch.mean(dim=2)
        return (self.network(batch.flatten(1)),)

    def finish(self, rows):
        return rows

    def pool(self, rows):
        return np.append(rows.mean(axis=0), np.float32(len(rows)))

    def of(self, frames):
        """The vector of one file or window with these frames, without any stream."""
        with torch.inference_mode():
            (rows,) = self.compute(self.prepare(frames))
        return self.pool(rows.numpy())


def engines_of(backbones, precision=torch.float32):
    return {name: TorchEngine(one, CPU, precision) for name, one in backbones.items()}


def count_decoded(monkeypatch, module):
    """Count how often the stream decodes each file, by the file's name."""
    count = Counter()
    for name in ("load_image", "sample_sizes"):
        real = getattr(module, name)

        def counted(path, *args, real=real):
            count[path.name] += 1
            return real(path, *args)

        monkeypatch.setattr(module, name, counted)
    return count
