"""Features in standard deviations from the training mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

CLIP_SD = 5.0  # scaled values are cut here: a column that hardly varied in training may jump later
MIN_SD = 1e-6


@dataclass(frozen=True)
class Scaler:
    """Standardise each column by the training split; saved in the checkpoint.

    Attributes
    ----------
    mean : torch.Tensor
        (dim,) float32, in the units of the features.
    sd : torch.Tensor
        (dim,) float32, standard deviations; infinite for a column that is switched off.

    Examples
    --------
    >>> scaler = Scaler.fit(np.array([[0.0, 1.0], [4.0, 1.0]]))
    >>> scaler(np.array([[3.0, 9.0]])).tolist()
    [[0.5, 0.0]]
    """

    mean: torch.Tensor
    sd: torch.Tensor

    @classmethod
    def fit(cls, train: npt.NDArray[np.floating]) -> Scaler:
        """Fit to (n, dim) training features. A column that never varies is switched off."""
        sd = train.std(axis=0, dtype=np.float64)
        mean = train.mean(axis=0, dtype=np.float64)
        constant = sd < MIN_SD * np.maximum(np.abs(mean), 1.0)
        sd[constant] = np.inf
        return cls(
            torch.from_numpy(mean.astype(np.float32)), torch.from_numpy(sd.astype(np.float32))
        )

    def __call__(self, features: npt.NDArray[np.floating]) -> torch.Tensor:
        """Scale (n, dim) features to (n, dim) float32, cut at `CLIP_SD` standard deviations."""
        matrix = torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))
        scaled = (matrix - self.mean) / self.sd
        return scaled.clamp_(-CLIP_SD, CLIP_SD)
