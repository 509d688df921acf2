"""What a run from a table of scores can be told: no media, no training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from harmlib.address import Address
from harmlib.params.places import media_root
from harmlib.params.schema import Positive, RunParams, ThresholdRule
from harmlib.params.section import Section

Role = Literal[
    "score",
    "label",
    "item",
    "model",
    "category",
    "modality",
    "group",
    "split",
    "date",
    "count",
    "label2",
]
ScaleName = Literal["probability", "percent", "logit", "levels"]
FOUND = ("variants", "modalities", "folds", "counted")  # in the table: the params don't say it
COUNT_ABOVE = 1_000_000  # rows; so many take up to 4 GiB where they are read as one table
Share = Annotated[float, Field(gt=0, lt=1)]
Levels = Annotated[list[float], Field(min_length=2)]


def _scores_place(value: Any) -> Path | Address:
    """A path or an address for a text."""
    if isinstance(value, Path | Address):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a file, a folder, a pattern such as a/*.parquet, or an address")
    return media_root(value)


class TableReading(Section):
    """How a table of scores is read where its names and numbers don't tell."""

    columns: dict[Role, str | list[str]] = Field(
        default={}
    )  # which column is what; several scores: one a model
    scale: ScaleName | dict[str, ScaleName] | None = None  # of all models, or of each
    levels: Levels | dict[str, Levels] | None = None  # all levels there are
    labels: dict[str, Literal["harmful", "safe", "unknown"]] = Field(default={})  # what words mean

    def scale_of(self, model: str) -> ScaleName | None:
        """What the params say of a model's scale."""
        return self.scale.get(model) if isinstance(self.scale, dict) else self.scale

    def levels_of(self, model: str) -> list[float]:
        """All levels of a model's scores; empty where the params don't say."""
        levels = self.levels.get(model) if isinstance(self.levels, dict) else self.levels
        return levels or []


class ScoresParams(RunParams, TableReading):
    """Everything that a run from a table of scores can be told.

    `variants`, `modalities`, `folds` and `counted` are what the table holds: they are found in it
    (`harmlib.workflow.own_scores.bring_in`), and can't be given.
    """

    trains: ClassVar[bool] = False

    # .csv, .parquet or .jsonl; or a folder or pattern of .parquet files, or their address
    scores: Annotated[Path | Address, PlainValidator(_scores_place), PlainSerializer(str)]
    count_above: Positive = COUNT_ABOVE  # rows; more are counted in one pass, not read into memory
    # Decided before these items were seen, in the model's own numbers; null: chosen on a half
    threshold: float | dict[str, float] | None = None
    prevalence: Share | dict[str, Share] | None = None  # of harmful items in the traffic
    variants: dict[str, ThresholdRule] = Field(default={})
    modalities: list[str] = Field(default=[])
    folds: int | None = None
    counted: bool = False

    @model_validator(mode="before")
    @classmethod
    def _leave_what_is_found(cls, given: Any) -> Any:
        if isinstance(given, dict):
            for name in FOUND:
                if name in given:
                    raise ValueError(f"{name} can't be given: the table of scores says it")
        return given

    @property
    def sections(self) -> list[str]:
        """What has thresholds of its own: the categories and modalities of the table."""
        return list(self.modalities)

    @property
    def study(self) -> None:
        """There is nothing to train."""

    def threshold_of(self, model: str) -> float | None:
        """A model's threshold that was decided beforehand; None: it is chosen."""
        return self.threshold.get(model) if isinstance(self.threshold, dict) else self.threshold

    def prevalence_of(self, modality: str) -> float | None:
        """The share of harmful items in the traffic of a section; None where it is not known."""
        shares = self.prevalence
        return shares.get(modality) if isinstance(shares, dict) else shares
