"""Detections to numbers: who and what is there, how near and how overlapping persons are."""

from __future__ import annotations

import numpy as np

PERSON = 0  # COCO class index
SUMMARY_NAMES = (
    "objects",  # log(1 + count)
    "persons",  # log(1 + count)
    "person_area",  # share of the picture that the largest person fills, 0 to 1
    "nearness_max",  # of the closest pair: 1 / (1 + distance of centres / mean height)
    "nearness_mean",  # of each person's nearest neighbour
    "overlap_max",  # highest intersection over union of two persons, 0 to 1
    "overlapping",  # share of persons that overlap another one
)


def summarise_detections(boxes: np.ndarray, classes: np.ndarray, image_size: int) -> np.ndarray:
    """The numbers of SUMMARY_NAMES, as (7,) float32; all zero when nothing was detected.

    boxes : (n, 4) float, left, top, right, bottom in pixels
    classes : (n,) int, COCO class indices
    image_size : side of the square picture in pixels
    """
    persons = boxes[classes == PERSON]
    out = np.zeros(len(SUMMARY_NAMES), dtype=np.float32)
    out[0], out[1] = np.log1p(len(boxes)), np.log1p(len(persons))
    if len(persons):
        width, height = (persons[:, 2:] - persons[:, :2]).T
        out[2] = min(1.0, float((width * height).max()) / image_size**2)
    if len(persons) > 1:
        nearness, overlap = _pairwise(persons)
        out[3], out[4] = nearness.max(), nearness.max(axis=1).mean()
        out[5], out[6] = overlap.max(), (overlap.max(axis=1) > 0).mean()
    return out


def _pairwise(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, n) nearness and intersection over union of every pair; zero on the diagonal."""
    size = boxes[:, 2:] - boxes[:, :2]  # (n, 2)
    centre = boxes[:, :2] + size / 2
    distance = np.linalg.norm(centre[:, None] - centre[None], axis=2)
    mean_height = (size[:, None, 1] + size[None, :, 1]) / 2
    nearness = 1 / (1 + distance / np.maximum(mean_height, 1e-6))

    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    area = size.prod(axis=1)
    overlap = shared / np.maximum(area[:, None] + area[None] - shared, 1e-6)
    for matrix in (nearness, overlap):
        np.fill_diagonal(matrix, 0.0)
    return nearness, overlap
