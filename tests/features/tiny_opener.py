"""Opens backbones of a few lines in the processes of Ray, which find this module by its name."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
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
        return {name: DyingBackbone(name, self.dies, self.seconds) for name in self.names}

    def engine(self, backbone, threads):  # noqa: ARG002 - as the other openers
        return TorchEngine(backbone, CPU, torch.float32)


class DyingBackbone(TinyBackbone):
    def __init__(self, name, dies, seconds):
        super().__init__(name)
        self.dies, self.seconds = dies, seconds

    def prepare(self, frames):
        self.die_once("preparing")
        return super().prepare(frames)

    def compute(self, batch):
        self.die_once("computing")
        time.sleep(self.seconds)
        return super().compute(batch)

    def die_once(self, name):
        if self.dies is not None and not (self.dies / name).exists():
            (self.dies / name).touch()
            os._exit(1)
