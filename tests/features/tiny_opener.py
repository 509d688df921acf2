"""Opens backbones of a few lines in the processes of Ray, which find this module by its name."""

from dataclasses import dataclass
from pathlib import Path

import torch
from dying import DiesOnce
from tiny_backbone import CPU, TinyBackbone

from harmlib.features.engine import TorchEngine


@dataclass(frozen=True)
class TinyOpener:
    """`dies` names a folder: the process that first prepares, and that first computes, ends."""

    names: tuple[str, ...] = ("clip", "yolo")
    dies: Path | None = None
    seconds: float = 0.0
    on_gpu = False

    def backbones(self):
        return {
            name: DyingBackbone(name, dies=self.dies, seconds=self.seconds) for name in self.names
        }

    def engine(self, backbone, threads):  # noqa: ARG002 - as the other openers
        return TorchEngine(backbone, CPU, torch.float32)


class DyingBackbone(DiesOnce, TinyBackbone):
    """As `DiesOnce`."""
