"""`metrics.json`: the key figures of a run for other programs, and the schema that they follow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harmlib.analysis.baseline import BASELINE
from harmlib.params.finding_codes import Severity

SCHEMA_VERSION = 2  # raise it when a reader of the older document would misread the new one
_Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class MetricsError(ValueError):
    """A `metrics.json` that is missing or does not follow the schema."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def _fraction(meaning: str) -> Any:
    return Field(description=f"{meaning} A fraction, 0 to 1.", ge=0.0, le=1.0)


class Interval(_Section):
    """A 95 % interval: each group (all items of one source) is left out once (docs/statistics.md)."""

    low: float = _fraction("Lower end.")
    high: float = _fraction("Upper end.")


class IntervalsOnTest(_Section):
    """Intervals of the test figures; accuracy and AUC have none."""

    precision: Interval | None = Field(description="Of `test.precision`.")
    recall: Interval | None = Field(description="Of `test.recall`.")
    f1: Interval | None = Field(description="Of `test.f1`.")
    average_precision: Interval | None = Field(description="Of `test.average_precision`.")


class FiguresOnTest(_Section):
    """What happened on the test split at `operating_threshold`."""

    n: int = Field(ge=1, description="Items of the test split that were scored.")
    tp: int = Field(ge=0, description="Harmful items that were flagged (count).")
    fp: int = Field(ge=0, description="Safe items that were flagged: false alarms (count).")
    fn: int = Field(ge=0, description="Harmful items that were not flagged: misses (count).")
    tn: int = Field(ge=0, description="Safe items that were not flagged (count).")
    accuracy: float = _fraction("(tp + tn) / n.")
    precision: float = _fraction("tp / (tp + fp); 0 where nothing was flagged.")
    recall: float = _fraction("tp / (tp + fn); 0 where nothing is harmful.")
    f1: float = _fraction("2 tp / (2 tp + fp + fn).")
    average_precision: _Fraction | None = Field(
        description="AP over all thresholds, 0 to 1; null without harmful items."
    )
    roc_auc: _Fraction | None = Field(
        description="Area under the ROC curve, 0 to 1; null where one class is missing."
    )


class FiguresOnValidation(_Section):
    """The figures that the choice of epoch and threshold saw: validation at the chosen epoch."""

    precision: float = _fraction("At `operating_threshold`.")
    recall: float = _fraction("At `operating_threshold`.")
    f1: float = _fraction("At `operating_threshold`.")
    best_threshold: _Fraction | None = Field(
        description="Threshold of the grid with the highest F1, a probability; null where no "
        "threshold is better than another."
    )
    best_f1: _Fraction | None = Field(
        description="F1 at `best_threshold`, 0 to 1; null as `best_threshold`."
    )
    average_precision: _Fraction | None = Field(
        description="AP over all thresholds, 0 to 1; null without harmful items."
    )


class FiguresOnFolds(_Section):
    """Every item judged once per seed by a model that never saw its group (cross-validation)."""

    folds: int = Field(ge=2, description="Into how many parts the groups were dealt.")
    seeds: int = Field(ge=1, description="How many trainings of each fold.")
    items: int = Field(ge=1, description="Items that were judged.")
    validation_f1: float = _fraction("F1 of all validation parts, by which thresholds were chosen.")
    accuracy: float = _fraction("Of all decisions, items times seeds.")
    precision: float = _fraction("Of all decisions.")
    recall: float = _fraction("Of all decisions.")
    f1: float = _fraction("Of all decisions.")
    average_precision: _Fraction | None = Field(
        description="AP of all items together, 0 to 1, mean over seeds; null without harmful items."
    )
    roc_auc: _Fraction | None = Field(
        description="Area under the ROC curve of all items together, 0 to 1, mean over seeds; null "
        "where one class is missing."
    )


class ModelFigures(_Section):
    """One model: what validation chose, and what that does on test."""

    epoch: int = Field(ge=1, description="The epoch that validation chose, from 1.")
    operating_threshold: float = _fraction(
        "An item is flagged as harmful where its probability is above this; set on validation."
    )
    validation: FiguresOnValidation
    test: FiguresOnTest
    test_intervals: IntervalsOnTest
    folds: FiguresOnFolds | None = Field(description="null where the run has no folds.")
    folds_intervals: IntervalsOnTest | None = Field(
        description="Of `folds`; null where the run has none."
    )


class BaselineFigures(_Section):
    """The baseline: everything is called harmful. It chooses nothing, so it has test figures only."""

    test: FiguresOnTest


class FindingEntry(_Section):
    """Something that a reader has to know before the figures are used (docs/metrics.md)."""

    code: str = Field(pattern=r"^HL\d{3}$", description="What was found; a code never changes.")
    severity: Severity = Field(
        description="error: the figures don't show what a reader would take from them. warning: "
        "weigh it before the model is used. note: what the figures are."
    )
    section: str = Field(description="The modality, or section, that it is about.")
    sentence: str = Field(min_length=1, description="What was found, in the page's language.")
    muted: bool = Field(description="Whether the params leave it out of the page's first screen.")


class Metrics(_Section):
    """The key figures of one run of harmlib."""

    schema_version: Literal[2] = Field(description="Of this layout.")
    run: str = Field(min_length=1, description="Name of the run: its folder below `reports`.")
    modalities: dict[str, dict[str, ModelFigures | BaselineFigures]] = Field(
        description="For each modality the models by their names in the params, and the baseline "
        "that calls everything harmful as `baseline`."
    )
    findings: list[FindingEntry] | None = Field(
        default=None,
        description="What was found, the gravest first; null in a file of before findings were "
        "listed, which says nothing of them.",
    )


def metrics_document(
    run: str,
    tests: Mapping[str, pd.DataFrame],
    operating_points: Mapping[str, pd.DataFrame],
    intervals: Mapping[str, pd.DataFrame],
    pooled: Mapping[str, pd.DataFrame] | None = None,
    pooled_intervals: Mapping[str, pd.DataFrame] | None = None,
    findings: Sequence[Mapping[str, str | bool]] = (),
) -> dict[str, Any]:
    """Put together the content of `metrics.json`, checked against the schema.

    Parameters
    ----------
    run : str
        Name of the run.
    tests : mapping of str to DataFrame
        By modality, as `compare_on_test` returns them, with the baseline among the rows.
    operating_points : mapping of str to DataFrame
        By modality, the `operating_points` of every model, with a column variant.
    intervals : mapping of str to DataFrame
        By modality, as `intervals_on_test` returns them.
    pooled, pooled_intervals : mapping of str to DataFrame, optional
        By modality, as `pooled_results` and `intervals_on_test` return them for the folds; empty or
        None for a run without folds.
    findings : sequence of mapping
        As `harmlib.reporting.text.coded_findings.entries` returns them.

    Returns
    -------
    dict
        For `json.dumps`; None for a figure that does not exist.

    Raises
    ------
    pydantic.ValidationError
        A figure breaks the schema, such as a rate above 1.

    Examples
    --------
    >>> from harmlib.analysis.operating_points import compare_on_test, operating_points
    >>> scores = pd.DataFrame({"variant": "a", "split": ["val", "val", "test", "test"], "epoch": 1,
    ...                        "label": [0, 1, 0, 1], "probability": [0.2, 0.7, 0.6, 0.9]})
    >>> points = operating_points(scores.head(2), [0.3, 0.5], 0.5).assign(variant="a")
    >>> names = list(IntervalsOnTest.model_fields)
    >>> ends = pd.DataFrame({"metric": names, "low": 0.5, "high": 1.0, "variant": "a"})
    >>> found = metrics_document(
    ...     "demo", {"video": compare_on_test(scores, points)}, {"video": points}, {"video": ends}
    ... )["modalities"]["video"]
    >>> found["a"]["operating_threshold"], found["a"]["test"]["fp"], list(found)
    (0.5, 1, ['a', 'baseline'])
    """
    modalities = {
        modality: _model_entries(test, operating_points[modality], intervals[modality])
        for modality, test in tests.items()
    }
    for modality, results in (pooled or {}).items():
        _add_folds(modalities[modality], results, (pooled_intervals or {})[modality])
    document = {"schema_version": SCHEMA_VERSION, "run": run, "modalities": modalities}
    document |= {"findings": list(findings)}
    return Metrics.model_validate(document).model_dump()


def _model_entries(
    test: pd.DataFrame, operating_points: pd.DataFrame, intervals: pd.DataFrame
) -> dict[str, dict[str, Any]]:
    """The entries of one modality: its models, and the baseline."""
    chosen = operating_points[operating_points["chosen"]].set_index("variant")
    ends = intervals.set_index(["variant", "metric"])[["low", "high"]]
    entries = {}
    for row in test.to_dict("records"):
        name = row["variant"]
        entry: dict[str, Any] = {"test": _plain(row, FiguresOnTest)}
        if name != BASELINE:
            entry |= {
                "epoch": int(row["epoch"]),
                "operating_threshold": row["threshold"],
                "validation": _plain(chosen.loc[name], FiguresOnValidation),
                "test_intervals": _intervals(ends, name),
                "folds": None,
                "folds_intervals": None,
            }
        entries[name] = entry
    return entries


def _add_folds(
    entries: dict[str, dict[str, Any]], pooled: pd.DataFrame, intervals: pd.DataFrame
) -> None:
    """What the models of one modality did on the folds."""
    ends = intervals.set_index(["variant", "metric"])[["low", "high"]]
    for row in pooled[pooled["variant"] != BASELINE].to_dict("records"):
        entries[row["variant"]] |= {
            "folds": _plain(row, FiguresOnFolds),
            "folds_intervals": _intervals(ends, row["variant"]),
        }


def _intervals(ends: pd.DataFrame, variant: str) -> dict[str, dict[str, float] | None]:
    return {
        metric: _interval(ends.loc[(variant, metric)]) for metric in IntervalsOnTest.model_fields
    }


def _plain(row: Mapping[str, Any], section: type[BaseModel]) -> dict[str, Any]:
    """The fields of a section from a row of a table; None for NaN, which JSON does not have."""
    values = {name: row[name] for name in section.model_fields}
    return {name: None if pd.isna(value) else value for name, value in values.items()}


def _interval(ends: pd.Series) -> dict[str, float] | None:
    return None if ends.isna().any() else ends.to_dict()


def read_metrics(path: Path) -> dict[str, Any]:
    """Read a `metrics.json` and check it against the schema.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        As `metrics_document` returns it.

    Raises
    ------
    MetricsError
        The file is missing, cannot be read, or breaks the schema. The message names the file and
        the first fault.

    Examples
    --------
    >>> read_metrics(Path("metrics.json"))
    Traceback (most recent call last):
    ...
    harmlib.reporting.metrics.MetricsError: metrics.json: there is no such file; finish that run first
    """
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
    """Write the JSON Schema of `metrics.json`, as `docs/metrics.schema.json` holds it.

    Returns
    -------
    str
        JSON, indented, with a newline at the end.

    Examples
    --------
    >>> json.loads(schema_text())["title"]
    'Metrics'
    """
    return json.dumps(Metrics.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
