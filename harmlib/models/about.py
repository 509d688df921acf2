"""The typed part of a checkpoint: what the classifier is, and where its threshold comes from."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from harmlib.params import FeatureParams, Modality
from harmlib.params.names import Name

CURVE_THRESHOLDS = [i / 20 for i in range(20)]
CURVE_COLUMNS = ["threshold", "precision", "recall", "f1", "flagged_share"]


class _Plain(BaseModel):
    """Plain values, checked when made and when read: nothing missing, unknown or converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Calibration(_Plain):
    """How the classifier's logits become probabilities: sigmoid(logit / temperature + offset).

    Attributes
    ----------
    method : {"temperature", "unweighted"}
        "unweighted" undoes the `pos_weight` of the loss as well.
    temperature : float
        Fitted to the validation items; above 1 the raw probabilities are too sure.
    offset : float
        Minus the logarithm of `pos_weight`, exactly; 0.0 without a weight.
    """

    method: Literal["temperature", "unweighted"]
    temperature: float
    offset: float


class TestFigures(_Plain):
    """What the test split said of the classifier at its threshold; nothing is chosen by it.

    Attributes
    ----------
    n : int
        Items of the test split.
    groups : int
        Their groups.
    f1, baseline_f1 : float
        Of the classifier, and of calling everything harmful.
    low, high : float or None
        95 % interval of their difference; None where the groups are too few.
    """

    __test__ = False  # pytest takes it for a test otherwise

    n: int
    groups: int
    f1: float
    baseline_f1: float
    low: float | None
    high: float | None

    @property
    def beats_baseline(self) -> bool:
        """Whether the whole interval lies above the baseline."""
        return self.low is not None and self.low > 0


class About(_Plain):
    """What a saved classifier is, and where its threshold comes from.

    Attributes
    ----------
    modality : {"image", "video"}
        What the classifier is for.
    variant : str
        Name of the trained configuration in `params/variants.yaml`.
    epoch : int
        The saved epoch, counted from 1.
    epochs : int
        Among how many epochs validation chose it.
    seed : int
        The run's seed.
    head : {"mlp", "linear"}
        What lies between the vectors and the logit.
    penalty : float or None
        Of the linear head, chosen or given; None for the head mlp.
    validation : {"part", "cross_fitted"}
        Where "cross_fitted", the classifier was trained on the validation split, too, and
        what is said of validation is of the items of both splits, each scored by a classifier
        that never saw its group.
    recipes : int
        Among how many recipes (backbones, penalty) the items that chose the threshold chose, too.
    threshold_rule : {"fixed", "best_f1", "exact_f1"}
        How the threshold was chosen on validation: given, of the grid, of all attainable ones.
    objective : {"fixed", "f1"}
        What the threshold maximises; "fixed" where it was given.
    threshold_unit : {"probability"}
        What the threshold is compared with.
    pos_weight : float
        Weight of a harmful item relative to a safe one in the loss; 1.0 is no weighting.
    thresholds : list of float
        The grid that was analysed, probabilities.
    validation_f1 : float
        F1 on validation at the threshold, in [0, 1].
    f1_optimism : float or None
        How much too high that is, as epoch and threshold were chosen by it (see
        `harmlib.analysis.optimism`); None where validation can't tell.
    validation_curve : dict of str to list of float
        `CURVE_COLUMNS` on validation at `CURVE_THRESHOLDS`, all fractions.
    calibration : Calibration
        Fitted to validation.
    counts : dict of str to dict of str to int
        Split to the number of its "harmful" and "safe" items.
    split_digest : str
        sha256 of which content was in which split under which label.
    duration_sec : float
        Median duration of the training videos in seconds; 0.0 for images.
    features : FeatureParams
        The params of the backbones.
    backbones : dict of str to dict
        Those that the classifier sees, in its order, each with everything that changes its
        vectors: weights' hash, sampling, version.
    versions : dict of str to str
        Package to its version at the training.
    test : TestFigures or None
        None where the test split can't tell, and in files of earlier versions.
    """

    modality: Modality
    variant: Name
    epoch: int
    epochs: int
    seed: int
    head: Literal["mlp", "linear"]
    penalty: float | None
    validation: Literal["part", "cross_fitted"]
    recipes: int
    threshold_rule: Literal["fixed", "best_f1", "exact_f1"]
    objective: Literal["fixed", "f1"]
    threshold_unit: Literal["probability"]
    pos_weight: float
    thresholds: list[float]
    validation_f1: float
    f1_optimism: float | None
    validation_curve: dict[str, list[float]]
    calibration: Calibration
    counts: dict[str, dict[str, int]]
    split_digest: str
    duration_sec: float
    features: FeatureParams
    backbones: dict[str, dict[str, str | int | float]]
    versions: dict[str, str]
    test: TestFigures | None = None
