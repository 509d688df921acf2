"""Errors with made-up numbers, and pictures that are easy to recognise."""

import io

import numpy as np
import pandas as pd
from PIL import Image

from harmlib.analysis.misclassified import COLUMNS

SIZES = {"image": (160, 120), "strip": (480, 66), "panorama": (480, 18), "tower": (20, 120)}


def errors(*rows):
    """A table of (kind, place, item_id), with made-up numbers."""
    table = pd.DataFrame(rows, columns=["kind", "place", "item_id"])
    numbers = {"group": "cam1", "label": 0, "probability": 0.9, "distance": 0.4, "threshold": 0.5}
    table = table.assign(**numbers)
    miss = table["kind"] == "miss"
    return table.assign(
        label=miss.astype(int),
        probability=table["probability"].mask(miss, 0.12345),
        distance=table["distance"].mask(miss, 0.37655),
        total=table.groupby(["kind", "place"])["item_id"].transform("size") + 2,
    )[list(COLUMNS)]


def chequers(size, cell=3, patch=24):
    """A JPEG of patches of chequers: busy to the last pixel, with shapes to recognise."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    fine, coarse = (((x // side + y // side) % 2).astype(bool) for side in (cell, patch))
    grey = np.where(fine & coarse, 255, 0).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([grey, grey, np.full_like(grey, 128)])).save(buffer, "JPEG")
    return buffer.getvalue()


SIX = errors(
    ("false_alarm", "near", "image"),
    ("false_alarm", "far", "strip"),
    ("miss", "near", "panorama"),
    ("miss", "far", "tower"),
    ("miss", "far", "no picture"),
)
PICTURES = {name: chequers(size) for name, size in SIZES.items()}
