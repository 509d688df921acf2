"""`metrics.json`: the key figures of a run for other programs, with a schema that holds them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harmlib.analysis.operating_points import BASELINE

SCHEMA_VERSION = 1  # raise it when a reader of the older document would misread the new one
_FRACTION = {"ge": 0.0, "le": 1.0}


class MetricsError(ValueError):
    """A `metrics.json` that is missing or isn't as the schema says."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def _fraction(meaning: str) -> Any:
    return Field(description=f"{meaning} A fraction, 0 to 1.", **_FRACTION)


class Interval(_Section):
    """A 95 % interval: 2,000 resamples of whole groups (all items of one source together)."""

    low: float = _fraction("Lower end (2.5 % quantile of the resamples).")
    high: float = _fraction("Upper end (97.5 % quantile of the resamples).")


class TestIntervals(_Section):
    """Intervals of the test figures; accuracy and AUC have none."""

    precision: Interval | None = Field(description="Of `test.precision`.")
    recall: Interval | None = Field(description="Of `test.recall`.")
    f1: Interval | None = Field(description="Of `test.f1`.")
    average_precision: Interval | None = Field(description="Of `test.average_precision`.")


class TestFigures(_Section):
    """What happened on the test split at `threshold`."""

    n: int = Field(ge=1, description="Items of the test split that were scored.")
    tp: int = Field(ge=0, description="Harmful items that were flagged (count).")
    fp: int = Field(ge=0, description="Safe items that were flagged: false alarms (count).")
    fn: int = Field(ge=0, description="Harmful items that were not flagged: misses (count).")
    tn: int = Field(ge=0, description="Safe items that were not flagged (count).")
    accuracy: float = _fraction("(tp + tn) / n.")
    precision: float = _fraction("tp / (tp + fp); 0 where nothing was flagged.")
    recall: float = _fraction("tp / (tp + fn); 0 where nothing is harmful.")
    f1: float = _fraction("2 tp / (2 tp + fp + fn).")
    average_precision: Annotated[float, Field(**_FRACTION)] | None = Field(
        description="AP over all thresholds, 0 to 1; null without harmful items."
    )
    roc_auc: Annotated[float, Field(**_FRACTION)] | None = Field(
        description="Area under the ROC curve, 0 to 1; null where one class is missing."
    )


class ValidationFigures(_Section):
    """What the choice of epoch and threshold saw: the validation split at the chosen epoch."""

    precision: float = _fraction("At `threshold`.")
    recall: float = _fraction("At `threshold`.")
    f1: float = _fraction("At `threshold`.")
    best_threshold: Annotated[float, Field(**_FRACTION)] | None = Field(
        description="Threshold of the grid with the highest F1, a probability; null where no "
        "threshold is better than another."
    )
    best_f1: Annotated[float, Field(**_FRACTION)] | None = Field(
        description="F1 at `best_threshold`, 0 to 1; null as `best_threshold`."
    )
    average_precision: Annotated[float, Field(**_FRACTION)] | None = Field(
        description="AP over all thresholds, 0 to 1; null without harmful items."
    )


class ModelFigures(_Section):
    """One model: what validation chose, and what came of it."""

    epoch: int = Field(ge=1, description="The epoch that validation chose, from 1.")
    threshold: float = _fraction(
        "An item is flagged as harmful where its probability is above this; set on validation."
    )
    validation: ValidationFigures
    test: TestFigures
    test_intervals: TestIntervals


class BaselineFigures(_Section):
    """The baseline: everything is called harmful. It chooses nothing, so it has test figures only."""

    test: TestFigures


class Metrics(_Section):
    """The key figures of one run of harmlib."""

    schema_version: Literal[1] = Field(description="Of this layout.")
    run: str = Field(min_length=1, description="Name of the run: its folder below `reports`.")
    modalities: dict[Literal["image", "video"], dict[str, ModelFigures | BaselineFigures]] = Field(
        description="For each modality the models by their names in the params, and the baseline "
        "that calls everything harmful as `baseline`."
    )


def metrics_document(
    run: str,
    tests: dict[str, pd.DataFrame],
    epochs: dict[str, pd.DataFrame],
    intervals: dict[str, pd.DataFrame],
) -> dict[str, Any]:
    """The content of `metrics.json`, checked against the schema. The dicts are by modality.

    tests : `compare_on_test`, the baseline among its rows
    epochs : `operating_points` of every model, with variant
    intervals : `test_intervals`
    """
    modalities: dict[str, dict[str, Any]] = {}
    for modality, test in tests.items():
        points = epochs[modality][epochs[modality]["chosen"]].set_index("variant")
        ends = intervals[modality].set_index(["variant", "metric"])[["low", "high"]]
        modalities[modality] = {}
        for row in test.to_dict("records"):
            name, entry = row["variant"], {"test": _plain(row, TestFigures)}
            if name != BASELINE:
                entry |= {
                    "epoch": int(row["epoch"]),
                    "threshold": row["threshold"],
                    "validation": _plain(points.loc[name], ValidationFigures),
                    "test_intervals": {
                        metric: _interval(ends.loc[(name, metric)])
                        for metric in TestIntervals.model_fields
                    },
                }
            modalities[modality][name] = entry
    document = {"schema_version": SCHEMA_VERSION, "run": run, "modalities": modalities}
    return Metrics.model_validate(document).model_dump()


def _plain(row: Any, section: type[BaseModel]) -> dict[str, Any]:
    """The fields of a section from a row of a table. JSON has no NaN: what isn't there is null."""
    values = {name: row[name] for name in section.model_fields}
    return {name: None if pd.isna(value) else value for name, value in values.items()}


def _interval(ends: pd.Series) -> dict[str, float] | None:
    return None if ends.isna().any() else ends.to_dict()


def read_metrics(path: Path) -> dict[str, Any]:
    """A checked `metrics.json`. Raises MetricsError, naming the file and the first fault."""
    try:
        return Metrics.model_validate_json(path.read_text(encoding="utf-8")).model_dump()
    except FileNotFoundError:
        raise MetricsError(f"{path}: there is no such file; finish that run first") from None
    except (OSError, UnicodeDecodeError) as error:
        raise MetricsError(f"{path}: can't be read: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise MetricsError(
            f"{path}: {where}: {first['msg']}. Expected schema version {SCHEMA_VERSION} "
            "(docs/metrics.md); a run of an older version must be run again"
        ) from None


def schema_text() -> str:
    """The JSON Schema of `metrics.json`, as `docs/metrics.schema.json` holds it."""
    return json.dumps(Metrics.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
