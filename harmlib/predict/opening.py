"""How predictors are opened, in this process or in another one on whatever machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harmlib.predict.predictor import ARTIFACTS, Predictor, open_predictors
from harmlib.predict.windows import Windowing


class Opener(Protocol):
    """Opens the same predictors wherever it arrives; it travels there."""

    @property
    def device(self) -> str:
        """As the command line names it."""

    def open(
        self, *, computes: bool = True, threads: int | None = None, device: str = ""
    ) -> list[Predictor]:
        """The predictors; as for `Predictor`, with another device where one is named."""


@dataclass(frozen=True)
class CheckpointOpener:
    """Opens a checkpoint file, or those of a folder, as `open_predictors` does.

    Attributes
    ----------
    checkpoint : Path
        The same on each machine, as are other paths.
    weights : dict of str to str
    artifacts : Path
    device : str
    windowing : Windowing, optional
    policy : str
    policy_file : Path, optional
    threshold : float, optional
        These seven as for `Predictor`.
    """

    checkpoint: Path
    weights: dict[str, str] = field(default_factory=dict)
    artifacts: Path = ARTIFACTS
    device: str = "auto"
    windowing: Windowing | None = None
    policy: str = ""
    policy_file: Path | None = None
    threshold: float | None = None

    def open(
        self, *, computes: bool = True, threads: int | None = None, device: str = ""
    ) -> list[Predictor]:
        """The predictors; raises what `open_predictors` does."""
        return open_predictors(
            self.checkpoint,
            weights=self.weights,
            artifacts=self.artifacts,
            device=device or self.device,
            windowing=self.windowing,
            policy=self.policy,
            policy_file=self.policy_file,
            threshold=self.threshold,
            threads=threads,
            computes=computes,
        )
