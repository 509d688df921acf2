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

    def of_backbones(self, dims: dict[str, int], backbones: tuple[str, ...]) -> Scaler:
        """The scaler of some backbones' columns.

        dims : the length of each backbone's vector, in the order in which they are joined
        """
        return Scaler(
            columns_of(self.mean, dims, backbones).clone(),
            columns_of(self.sd, dims, backbones).clone(),
        )


def columns_of(
    values: torch.Tensor, dims: dict[str, int], backbones: tuple[str, ...]
) -> torch.Tensor:
    """The columns of some backbones.

    Parameters
    ----------
    values : torch.Tensor
        (..., sum of dims)
    dims : dict of str to int
        Length of each backbone's vector, in the order in which the vectors are joined.
    backbones : tuple of str
        Which of them, in their order.

    Returns
    -------
    torch.Tensor
        (..., sum of their dims)

    Examples
    --------
    >>> columns_of(torch.arange(4), {"clip": 1, "yolo": 2, "motion": 1}, ("clip", "motion"))
    tensor([0, 3])
    """
    parts = dict(zip(dims, torch.split(values, list(dims.values()), dim=-1), strict=True))
    return torch.cat([parts[name] for name in backbones], dim=-1)
