"""Stored vectors of several backbones as one scaled matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

CLIP_SD = 5.0  # scaled values are cut here: a number that hardly varied in training may jump later
MIN_SD = 1e-6


@dataclass(frozen=True)
class Scaler:
    """Standardises each column by the training split; travels in the checkpoint.

    mean, sd : (dim,) float32
    """

    mean: torch.Tensor
    sd: torch.Tensor

    @classmethod
    def fit(cls, train: np.ndarray) -> Scaler:
        """From (n, dim) training features. A column that never varies is switched off."""
        sd = train.std(axis=0, dtype=np.float64)
        mean = train.mean(axis=0, dtype=np.float64)
        constant = sd < MIN_SD * np.maximum(np.abs(mean), 1.0)
        sd[constant] = np.inf
        return cls(
            torch.from_numpy(mean.astype(np.float32)), torch.from_numpy(sd.astype(np.float32))
        )

    def __call__(self, features: np.ndarray) -> torch.Tensor:
        """(n, dim) to (n, dim) float32, in standard deviations from the training mean."""
        matrix = torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))
        scaled = (matrix - self.mean) / self.sd
        return scaled.clamp_(-CLIP_SD, CLIP_SD)
