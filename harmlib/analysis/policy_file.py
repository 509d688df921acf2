"""`policy.json`: the thresholds of a run's policies, for `harmlib predict` and other programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harmlib.analysis.policies import PER
from harmlib.params import Costs, Volume
from harmlib.params.policies import OPERATING

SCHEMA_VERSION: Literal[1] = (
    1  # raise it where a reader of the older layout would misread the new one
)
_FIGURES = ("recall", "precision", "flagged_share", "misses", "false_alarms", "cost", "reviewers")


class PolicyError(ValueError):
    """A policy file that can't be used, or one that has no such policy for a model."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Figure(_Part):
    """A figure on test, with its 95 % interval; null with too few groups."""

    value: float
    low: float | None
    high: float | None


class PolicyThreshold(_Part):
    """The threshold of one policy for one model in one section, or why there is none."""

    policy: str = Field(description="its name in the params")
    section: str = Field(description="a modality, a category, or both with a hyphen")
    variant: str = Field(description="the model")
    model_id: str | None = Field(description="of the checkpoint; null for a table of scores")
    model_sha256: str | None = Field(description="of the checkpoint file")
    asked: str = Field(description="the goal, as the params say it")
    objective: str = Field(description="the goal, as harmlib.analysis.objectives reads it")
    state: Literal[
        "ok", "one_class", "constant_scores", "infeasible", "flags_nothing", "not_everywhere"
    ]
    threshold: float | None = Field(description="a probability: harmful is what is above it")
    native_threshold: float | None = Field(description="in the scores' own numbers")
    scale: Literal["probability", "percent", "logit", "levels"]
    prevalence: float | None = Field(description="harmful share for which the figures hold")
    prevalence_from: Literal["params", "data", ""]
    kept: Literal["kept", "unsure", "missed", ""] = Field(
        description="whether test keeps the floor or budget, as far as its interval tells"
    )
    test: dict[str, Figure] = Field(
        description=f"judged on test; misses, false_alarms and cost for {PER} items"
    )


class PolicyFile(_Part):
    """The content of `policy.json`."""

    schema_version: Literal[1]
    run: str
    costs: Costs | None
    volume: Volume | None
    policies: list[PolicyThreshold]


def model_id(variant: str, section: str, digest: str) -> str:
    """Name a saved classifier.

    Parameters
    ----------
    variant, section : str
    digest : str
        sha256 of its checkpoint file, which covers weights, scaler and calibration.

    Returns
    -------
    str

    Examples
    --------
    >>> model_id("model4", "video", "0f" * 32)
    'model4/video@0f0f0f0f0f0f'
    """
    return f"{variant}/{section}@{digest[:12]}"


def policy_file(
    run: str,
    tables: Mapping[str, pd.DataFrame],
    digests: Mapping[tuple[str, str], str],
    costs: Costs | None = None,
    volume: Volume | None = None,
) -> PolicyFile:
    """Put together the content of `policy.json`.

    Parameters
    ----------
    run : str
        Name of the run.
    tables : mapping of str to DataFrame
        By section, as `compare_policies` returns them.
    digests : mapping of (str, str) to str
        sha256 of the checkpoint of a variant and section; none for a table of scores.
    costs, volume : Costs, Volume, optional

    Returns
    -------
    PolicyFile

    Raises
    ------
    pydantic.ValidationError
        A figure breaks the schema.

    Examples
    --------
    >>> policy_file("demo", {}, {}).policies
    []
    """
    policies = [
        _threshold(row, section, digests.get((str(row["variant"]), section)))
        for section, table in tables.items()
        for row in table[table["policy"] != OPERATING].to_dict("records")
    ]
    return PolicyFile(
        schema_version=SCHEMA_VERSION, run=run, costs=costs, volume=volume, policies=policies
    )


def _threshold(row: Mapping[str, Any], section: str, digest: str | None) -> PolicyThreshold:
    variant = str(row["variant"])
    test = {
        name: Figure(value=row[name], low=_or_none(row[f"{name}_low"]),
                     high=_or_none(row[f"{name}_high"]))
        for name in _FIGURES
        if _or_none(row[name]) is not None
    }  # fmt: skip
    return PolicyThreshold(
        policy=row["policy"],
        section=section,
        variant=variant,
        model_id=None if digest is None else model_id(variant, section, digest),
        model_sha256=digest,
        asked=row["asked"],
        objective=row["objective"],
        state=row["state"],
        threshold=_or_none(row["threshold"]),
        native_threshold=_or_none(row["native"]),
        scale=row["scale"],
        prevalence=_or_none(row["prevalence"]),
        prevalence_from=_text(row["prevalence_from"]),
        kept=_text(row["kept"]),
        test=test,
    )


def _or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _text(value: Any) -> Any:
    """A CSV file has no empty text, only missing values."""
    return value if isinstance(value, str) else ""


def read_policy_file(path: Path) -> PolicyFile:
    """Read a `policy.json`.

    Parameters
    ----------
    path : Path

    Returns
    -------
    PolicyFile

    Raises
    ------
    PolicyError
        It is not there, or follows another schema; the message says what to do.

    Examples
    --------
    >>> read_policy_file(Path("/nowhere/policy.json"))
    Traceback (most recent call last):
        ...
    harmlib.analysis.policy_file.PolicyError: /nowhere/policy.json: there is no such policy ...
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PolicyError(
            f"{path}: there is no such policy file; add policies: to the params and run them, or "
            "name another one with --policy-file"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: can't be read: {error}") from None
    try:
        return PolicyFile.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise PolicyError(f"{path}: no policy file of version {SCHEMA_VERSION}: {where}: "
                          f"{first['msg']}; run the params again") from None  # fmt: skip


def threshold_for(
    path: Path, policy: str, variant: str, section: str, digest: str
) -> PolicyThreshold:
    """Find the threshold of a policy for a checkpoint.

    Parameters
    ----------
    path : Path
        The policy file.
    policy : str
        Its name.
    variant, section : str
        Of the checkpoint; the section of a checkpoint is its modality.
    digest : str
        sha256 of the checkpoint file.

    Returns
    -------
    PolicyThreshold
        With a threshold.

    Raises
    ------
    PolicyError
        There is no such policy, it was made for another checkpoint (another training, epoch or
        calibration: the hash covers them all), or no threshold met it.

    Examples
    --------
    >>> threshold_for(Path("/nowhere/policy.json"), "night", "model4", "video", "0f" * 32)
    Traceback (most recent call last):
        ...
    harmlib.analysis.policy_file.PolicyError: /nowhere/policy.json: there is no such policy ...
    """
    known = read_policy_file(path).policies
    named = [one for one in known if one.policy == policy]
    if not named:
        names = ", ".join(dict.fromkeys(one.policy for one in known)) or "none"
        raise PolicyError(f"{path}: has no policy {policy!r}; it has: {names}")
    own = [one for one in named if one.model_sha256 == digest and one.section == section]
    if not own:
        others = ", ".join(dict.fromkeys(str(one.model_id or one.variant) for one in named))
        raise PolicyError(
            f"{path}: policy {policy!r} was made for {others}; this checkpoint is "
            f"{model_id(variant, section, digest)}, whose scores mean something else. Run the "
            "params again, or name the policy file of this checkpoint's run with --policy-file"
        )
    (found,) = own
    if found.state != "ok" or found.threshold is None:
        raise PolicyError(
            f"{path}: policy {policy!r} ({found.asked}) has no threshold for {found.model_id}: "
            f"{_WHY[found.state]}. Ask for less, or gather more validation items"
        )
    return found


_WHY = {
    "ok": "none is written",
    "one_class": "validation has one class only",
    "constant_scores": "all scores of validation are equal",
    "infeasible": "none meets it on validation",
    "flags_nothing": "only flagging nothing at all meets it on validation",
    "not_everywhere": "it was met on validation, but not in every part by which it is judged",
}


def schema_text() -> str:
    """Write the JSON Schema of `policy.json`, as `docs/policy.schema.json` holds it.

    Returns
    -------
    str

    Examples
    --------
    >>> json.loads(schema_text())["title"]
    'PolicyFile'
    """
    return json.dumps(PolicyFile.model_json_schema(), ensure_ascii=False, indent=1) + "\n"
