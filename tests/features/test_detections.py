"""The numbers that sum up what YOLO detects in a picture, worked out by hand."""

import numpy as np
import pytest
import torch
from torchvision.ops import batched_nms

from harmlib.features.yolo import MAX_IOU, SUMMARY_NAMES, kept_boxes, summarise_detections

SIDE = 100
CAR = 2
LEFT = (0, 0, 10, 20)
RIGHT = (30, 0, 40, 20)  # centres 30 apart, mean height 20: nearness 1 / 2.5
LOG = np.log1p

# boxes with their classes, then the expected numbers in the order of SUMMARY_NAMES
CASES = {
    "nothing": ([], [], [0, 0, 0, 0, 0, 0, 0]),
    "no person": ([LEFT], [CAR], [LOG(1), 0, 0, 0, 0, 0, 0]),
    "one person": ([LEFT], [0], [LOG(1), LOG(1), 0.02, 0, 0, 0, 0]),
    "a car on a person": ([LEFT, LEFT], [0, CAR], [LOG(2), LOG(1), 0.02, 0, 0, 0, 0]),
    "two apart": ([LEFT, RIGHT], [0, 0], [LOG(2), LOG(2), 0.02, 0.4, 0.4, 0, 0]),
    "two identical": ([LEFT, LEFT], [0, 0], [LOG(2), LOG(2), 0.02, 1, 1, 1, 1]),
    "one inside": (
        [(0, 0, 40, 40), (10, 10, 30, 30)],
        [0, 0],
        [LOG(2), LOG(2), 0.16, 1, 1, 400 / 1600, 1],
    ),
    "touching is no overlap": (
        [(0, 0, 20, 20), (20, 0, 40, 20)],
        [0, 0],
        [LOG(2), LOG(2), 0.04, 0.5, 0.5, 0, 0],
    ),
    "apart both ways": (
        [(0, 0, 10, 10), (30, 40, 40, 50)],  # centres 50 apart, mean height 10
        [0, 0],
        [LOG(2), LOG(2), 0.01, 1 / 6, 1 / 6, 0, 0],
    ),
    "half shared": (
        [(0, 0, 20, 20), (10, 0, 30, 20)],
        [0, 0],
        [LOG(2), LOG(2), 0.04, 1 / 1.5, 1 / 1.5, 1 / 3, 1],
    ),
    "two together, one apart": (
        [LEFT, LEFT, RIGHT],
        [0, 0, 0],
        [LOG(3), LOG(3), 0.02, 1, (1 + 1 + 0.4) / 3, 1, 2 / 3],
    ),
    "beyond the picture": ([(-50, -50, 150, 150)], [0], [LOG(1), LOG(1), 1, 0, 0, 0, 0]),
    "no size, same place": ([(5, 5, 5, 5)] * 2, [0, 0], [LOG(2), LOG(2), 0, 1, 1, 0, 0]),
    "no size, apart": (
        [(5, 5, 5, 5), (9, 5, 9, 5)],
        [0, 0],
        [LOG(2), LOG(2), 0, 1 / (1 + 4e6), 1 / (1 + 4e6), 0, 0],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_summary_by_hand(name):
    boxes, classes, expected = CASES[name]
    boxes = np.array(boxes, dtype=np.float32).reshape(-1, 4)
    found = summarise_detections(boxes, np.array(classes, dtype=np.int64), SIDE)
    assert found.dtype == np.float32
    assert len(found) == len(SUMMARY_NAMES)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_the_order_of_detections_does_not_matter():
    rng = np.random.default_rng(0)
    corner, size = rng.uniform(0, 60, (2, 12, 2))
    boxes, classes = np.hstack([corner, corner + size]), rng.integers(0, 2, 12)
    order = rng.permutation(12)
    assert summarise_detections(boxes[order], classes[order], SIDE) == pytest.approx(
        summarise_detections(boxes, classes, SIDE), rel=1e-6
    )


@pytest.mark.parametrize("count", [0, 1, 2, 80, 900])
def test_what_overlaps_is_left_out_as_torchvision_does(count):
    rng = np.random.default_rng(count)
    centres, sizes = rng.uniform(0, 640, (count, 2)), rng.uniform(40, 200, (count, 2))
    boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)
    shift = rng.normal(0, 6, (count // 2, 4))
    boxes[count - count // 2 :] = boxes[: count // 2] + shift  # so that many overlap
    boxes = boxes.astype(np.float32)
    confidences = -np.sort(-rng.uniform(0.25, 1, count)).astype(np.float32)
    classes = rng.integers(0, 4, count)
    expected = batched_nms(*map(torch.from_numpy, (boxes, confidences, classes)), MAX_IOU)
    assert kept_boxes(boxes, confidences, classes).tolist() == expected.tolist()
    assert len(expected) < count or count < 80, "else there was nothing to leave out"
