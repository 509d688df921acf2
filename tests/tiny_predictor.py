"""A predictor whose backbone and classifier are a few lines; everything else is the real thing."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from dying import DiesOnce

from harmlib.features.backbones import backbone_class
from harmlib.features.engine import TorchEngine, Unopened
from harmlib.features.weights import WeightsError
from harmlib.params import FeatureParams
from harmlib.predict.windows import Windowing

PARAMS = FeatureParams(video_frames=2, yolo=None, slowfast=None, motion=None)


class MeanBackbone:
    """The mean colour of each frame."""

    name, key, batch_size, unit_shape = "clip", "mean", 4, (3,)

    def __init__(self):
        self.network = torch.nn.Identity()
        self.wanted_frames = backbone_class("clip").wanted_frames

    def prepare(self, frames):
        means = [frame.reshape(-1, 3).mean(axis=0) for frame in frames]
        return torch.from_numpy(np.stack(means)).to(torch.uint8)

    def compute(self, batch):
        return (batch.float(),)

    def finish(self, rows):
        return rows

    def pool(self, rows):
        return rows.mean(axis=0)


def engines():
    return {"clip": TorchEngine(MeanBackbone(), torch.device("cpu"), torch.float32)}


@dataclass
class About:
    duration_sec: float = 2.0


@dataclass
class Checkpoint:
    threshold: float = 0.5
    about: About = field(default_factory=About)


@dataclass
class TinyPredictor:
    modality: str = "video"
    windowing: Windowing = field(default_factory=Windowing)
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    model_id: str = "tiny@0"
    digest: str = "0"
    threshold: float = 0.5
    policy: str = ""
    path: Path = Path("tiny.pth")
    engines: dict = field(default_factory=engines)
    params: FeatureParams = PARAMS

    categories: tuple = ()

    @property
    def outputs(self):
        return {"": self}

    def score(self, vectors):
        return float(vectors["clip"][0]) / 128 - 1, torch.from_numpy(vectors["clip"])[None]


class DyingBackbone(DiesOnce, MeanBackbone):
    """As `DiesOnce`."""


@dataclass(frozen=True)
class TinyOpener:
    """Opens two tiny predictors in the processes of Ray, which find this module by its name."""

    windowing: Windowing = field(default_factory=Windowing)
    dies: Path | None = None
    seconds: float = 0.0
    digest: str = "0"
    device: str = "cpu"
    computes: bool = True  # False: where networks are to compute, there are no weights

    def open(self, *, computes=True, threads=None, device=""):  # noqa: ARG002 - as other openers
        if computes and not self.computes:
            raise WeightsError("clip: no weights here")
        backbone = DyingBackbone(dies=self.dies, seconds=self.seconds)
        engine = TorchEngine(backbone, torch.device("cpu"), torch.float32)
        engines = {"clip": engine if computes else Unopened(backbone)}
        return [
            TinyPredictor(modality, self.windowing, engines=engines, digest=self.digest + modality)
            for modality in ("image", "video")
        ]
