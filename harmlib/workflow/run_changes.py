"""What changed between two runs, and is the change of a model's figures more than noise?

Pure comparison of what two finished runs left behind; nothing is read from disk here. Run A comes
first, differences are B - A.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from harmlib.analysis.operating_points import BASELINE
from harmlib.analysis.paired import paired_difference
from harmlib.analysis.variant_tables import with_groups

ABSENT = "(absent)"
FIGURES = ("threshold", "epoch", "precision", "recall", "f1", "average_precision", "roc_auc")
ITEM_FACTS = ("sha256", "label", "group", "split")
# What a run is called and where it lies doesn't make it another run.
_NAMES = ("run", "reports", "artifacts")
# Of a backbone's row in run.json: what changes a vector. Items and store follow from the data.
_WEIGHT_FACTS = ("weights", "sha256", "sampling", "precision_used", "dim")


@dataclass(frozen=True)
class RecordedRun:
    """What one finished run left behind.

    name : how people call it
    about : `run.json` (params, weights, sha256, versions, machine, commit, device)
    metrics : `metrics.json` (schema_version, run, modalities)
    manifest : columns item_id, modality, label, group, split, sha256
    scores : columns modality, variant, epoch, split, item_id, label, probability
    """

    name: str
    about: dict[str, Any]
    metrics: dict[str, Any]
    manifest: pd.DataFrame
    scores: pd.DataFrame


@dataclass(frozen=True)
class RunChanges:
    """What differs between run A and run B, in the order in which people ask.

    names : of the two runs
    items : number of media files of each
    data : a row a change: modality, item_id, change (added, removed, sha256, label, group, split),
        a, b
    params, weights, environment : a row a dotted key with another value: key, a, b
    figures : a row a figure of each model: modality, model, figure, a, b, difference; NaN where a
        run lacks the model or its baseline has no such figure
    paired : a row a model that both runs scored; see `paired_f1`
    """

    names: tuple[str, str]
    items: tuple[int, int]
    data: pd.DataFrame
    params: pd.DataFrame
    weights: pd.DataFrame
    environment: pd.DataFrame
    figures: pd.DataFrame
    paired: pd.DataFrame

    def to_document(self) -> dict[str, Any]:
        """For JSON: the tables as lists of records, null for what isn't there."""
        tables = ("data", "params", "weights", "environment", "figures", "paired")
        document = {"a": self.names[0], "b": self.names[1], "items": list(self.items)}
        for name in tables:
            table = getattr(self, name).astype(object)
            document[name] = table.where(table.notna(), None).to_dict("records")
        return document


def compare_runs(a: RecordedRun, b: RecordedRun) -> RunChanges:
    """Every kind of change between two runs."""
    params = [{k: v for k, v in run.about["params"].items() if k not in _NAMES} for run in (a, b)]
    return RunChanges(
        names=(a.name, b.name),
        items=(len(a.manifest), len(b.manifest)),
        data=manifest_changes(a.manifest, b.manifest),
        params=changed_keys(*params),
        weights=changed_keys(_backbones(a.about), _backbones(b.about)),
        environment=changed_keys(environment(a.about), environment(b.about)),
        figures=figure_changes(a.metrics, b.metrics),
        paired=paired_f1(a, b),
    )


def environment(about: dict[str, Any]) -> dict[str, Any]:
    """Of a `run.json`: what it ran on and with."""
    return {name: about.get(name, ABSENT) for name in ("versions", "machine", "commit", "device")}


def _backbones(about: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{row['modality']}.{row['backbone']}": {name: row.get(name) for name in _WEIGHT_FACTS}
        for row in about["weights"]
    }


def flat(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of every leaf of nested dicts; a list is a leaf."""
    for key, value in document.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def changed_keys(a: dict[str, Any], b: dict[str, Any]) -> pd.DataFrame:
    """The dotted keys whose values differ: columns key, a, b; ABSENT for a missing one."""
    of_a, of_b = dict(flat(a)), dict(flat(b))
    rows = [(key, of_a.get(key, ABSENT), of_b.get(key, ABSENT)) for key in of_a | of_b]
    changed = [row for row in rows if row[1] != row[2]]
    return pd.DataFrame(changed, columns=["key", "a", "b"], dtype=object)  # None stays None


def manifest_changes(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Media files that one run lacks, or that have another content, label, group or split.

    Returns the columns modality, item_id, change, a, b; one row a change.
    """
    keys = ["modality", "item_id"]
    columns = [*keys, *ITEM_FACTS]
    a, b = a[columns].astype(object), b[columns].astype(object)
    both = a.merge(b, on=keys, how="outer", suffixes=("_a", "_b"), indicator=True)
    found = []
    for change, side in (("removed", "left_only"), ("added", "right_only")):
        found.append(both.loc[both["_merge"] == side, keys].assign(change=change, a=None, b=None))
    kept = both[both["_merge"] == "both"]
    for fact in ITEM_FACTS:
        rows = kept[kept[f"{fact}_a"] != kept[f"{fact}_b"]]
        found.append(rows[keys].assign(change=fact, a=rows[f"{fact}_a"], b=rows[f"{fact}_b"]))
    return pd.concat([rows.astype(object) for rows in found], ignore_index=True)


def figure_changes(a: dict[str, Any], b: dict[str, Any]) -> pd.DataFrame:
    """The chosen threshold and epoch and the test figures of each model, side by side.

    a, b : `metrics.json`
    Returns the columns modality, model, figure, a, b, difference (b - a; NaN where one is missing).
    """
    of_a, of_b = _figures(a), _figures(b)
    keys = [*of_a, *(key for key in of_b if key not in of_a)]
    rows = [(*key, of_a.get(key, np.nan), of_b.get(key, np.nan)) for key in keys]
    table = pd.DataFrame(rows, columns=["modality", "model", "figure", "a", "b"])
    table = table.astype({"a": float, "b": float})
    return table.assign(difference=table["b"] - table["a"])


def _figures(metrics: dict[str, Any]) -> dict[tuple[str, str, str], float | None]:
    return {
        (modality, model, figure): (entry | entry["test"]).get(figure)
        for modality, models in metrics["modalities"].items()
        for model, entry in models.items()
        for figure in FIGURES
        if figure in entry | entry["test"]
    }


def paired_f1(a: RecordedRun, b: RecordedRun, *, seed: int = 0) -> pd.DataFrame:
    """F1 of both runs on the test items that both scored, and the interval of its difference.

    An item is the same where item_id, content (sha256) and label are. Each run judges with its own
    chosen epoch and threshold; whole groups (of run A) are redrawn, as in `paired_difference`.
    Returns the columns modality, model, items_a, items_b, common (counts), f1_a, f1_b, difference,
    low, high (95 %), verdict: `same` (in every resample), `noise` (the interval holds 0), `change`,
    or `unknown`, with a reason; NaN where there is no interval.
    """
    rows = []
    for modality, models in a.metrics["modalities"].items():
        for model, entry in models.items():
            other = b.metrics["modalities"].get(modality, {}).get(model)
            if model != BASELINE and other is not None:
                of_a, of_b = _tested(a, modality, model), _tested(b, modality, model)
                keys = ["item_id", "sha256", "label"]
                common = of_a.merge(of_b.drop(columns="group"), on=keys, suffixes=("_a", "_b"))
                counts = {"items_a": len(of_a), "items_b": len(of_b), "common": len(common)}
                pair = _pair(common, entry["threshold"], other["threshold"], seed)
                rows.append({"modality": modality, "model": model} | counts | pair)
    columns = ("modality", "model", "items_a", "items_b", "common", "f1_a", "f1_b", "difference",
               "low", "high", "verdict", "reason")  # fmt: skip
    return pd.DataFrame(rows, columns=list(columns))


def _tested(run: RecordedRun, modality: str, model: str) -> pd.DataFrame:
    """item_id, sha256, label, group, probability of a model's chosen epoch on test."""
    epoch = run.metrics["modalities"][modality][model]["epoch"]
    own = {"modality": modality, "variant": model, "epoch": epoch, "split": "test"}
    scores = run.scores[(run.scores[list(own)] == pd.Series(own)).all(axis=1)]
    manifest = run.manifest[run.manifest["modality"] == modality]
    scored = with_groups(scores, manifest).merge(manifest[["item_id", "sha256"]], on="item_id")
    return scored[["item_id", "sha256", "label", "group", "probability"]]


def _pair(common: pd.DataFrame, threshold_a: float, threshold_b: float, seed: int) -> dict:
    if common.empty:
        return {"verdict": "unknown", "reason": "no test item is the same in both"}
    try:
        table = paired_difference(
            common["label"].to_numpy(),
            common["probability_a"].to_numpy(), threshold_a,
            common["probability_b"].to_numpy(), threshold_b,
            common["group"].to_numpy(), seed=seed,
        )  # fmt: skip
    except ValueError as error:  # one class or one group: nothing to redraw
        return {"verdict": "unknown", "reason": str(error)}
    row = table.set_index("metric").loc["f1"]
    figures = {"f1_a": row["a"], "f1_b": row["b"]} | row[["difference", "low", "high"]].to_dict()
    if row["low"] == row["high"] == 0:
        return figures | {"verdict": "same"}
    return figures | {"verdict": "noise" if row["low"] <= 0 <= row["high"] else "change"}
