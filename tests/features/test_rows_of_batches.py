"""A row of a batch doesn't depend on the others: else more workers would give other vectors."""

import numpy as np
import pytest
import torch

from harmlib.features.backbones import find_weights, load_backbone
from harmlib.features.device import choose_precision
from harmlib.features.engine import open_engine
from harmlib.params import ClipParams, FeatureParams, SlowFastParams, YoloParams

CPU = torch.device("cpu")
PARAMS = FeatureParams(
    clip=ClipParams(weights="untrained", architecture="ViT-Ti/32"),
    yolo=YoloParams(weights="untrained", image_size=64),
    slowfast=SlowFastParams(weights="untrained", architecture="slowfast_r18_8x8", image_size=64),
)
UNITS = {"clip": 9, "yolo": 9, "slowfast": 3, "motion": 9}


@pytest.mark.parametrize("name", UNITS)
def test_the_others_of_a_batch_and_the_threads_change_no_bit(name, tmp_path):
    weights = find_weights(PARAMS, name, tmp_path)
    shape = load_backbone(PARAMS, name, weights).unit_shape
    units = torch.randint(
        0, 256, (UNITS[name], *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    found = []
    for threads in (1, 2):
        backbone = load_backbone(PARAMS, name, weights)
        precision = choose_precision("auto", CPU)
        engine = open_engine(backbone, CPU, precision, tmp_path, threads)
        found += [
            np.concatenate([engine.start(part)() for part in units.split(size)])
            for size in (1, 2, UNITS[name])
        ]
    for rows in found[1:]:
        assert rows.tobytes() == found[0].tobytes()
