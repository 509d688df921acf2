"""What changed between two runs, and whether a change of a variant's figures is more than noise.

Nothing is read from disk here: `harmlib.workflow.recorded_run` does that. Run A comes first,
differences are B - A.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from harmlib.analysis.baseline import BASELINE
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.analysis.paired import paired_difference
from harmlib.analysis.saved_scores import with_groups
from harmlib.media.folds import OWN_SPLIT

ABSENT = "(absent)"
FIGURES = (
    "operating_threshold", "epoch", "precision", "recall", "f1", "average_precision", "roc_auc",
)  # fmt: skip
ITEM_FACTS = ("sha256", "label", "group", "split")
# Another name or place doesn't make it another run.
_NAMES = ("run", "reports", "artifacts")
# What changes a vector, of a backbone's row in run.json. Items and store follow from the data.
_WEIGHT_FACTS = ("weights", "sha256", "sampling", "precision_used", "dim")


@dataclass(frozen=True)
class RecordedRun:
    """What one finished run left behind.

    Attributes
    ----------
    name : str
        How people call it.
    about : dict
        The content of `run.json`: params, weights, sha256, versions, machine, commit, device.
    metrics : dict
        The content of `metrics.json`: schema_version, run, modalities.
    manifest : pandas.DataFrame
        Columns item_id, modality, label, group, split; of a run from media sha256, too.
    scores : pandas.DataFrame
        Columns modality, variant, fold, epoch, split, item_id, label, probability.
    """

    name: str
    about: dict[str, Any]
    metrics: dict[str, Any]
    manifest: pd.DataFrame
    scores: pd.DataFrame


@dataclass(frozen=True)
class RunChanges:
    """What differs between run A and run B, in the order in which people ask.

    Attributes
    ----------
    names : tuple of str
        The names of the two runs.
    items : tuple of int
        How many media files each has.
    data : pandas.DataFrame
        One row per change, as `manifest_changes` returns them.
    params, weights, environment : pandas.DataFrame
        One row per dotted key with another value, as `changed_keys` returns them.
    figures : pandas.DataFrame
        One row per variant and figure, as `figure_changes` returns them.
    paired : pandas.DataFrame
        One row per variant that both runs scored, as `paired_f1` returns them.
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
        """Return a document for JSON: tables as lists of records, null for what is missing."""
        tables = ("data", "params", "weights", "environment", "figures", "paired")
        document = {"a": self.names[0], "b": self.names[1], "items": list(self.items)}
        for name in tables:
            table = getattr(self, name).astype(object)
            document[name] = table.where(table.notna(), None).to_dict("records")
        return document


def compare_runs(a: RecordedRun, b: RecordedRun) -> RunChanges:
    """Compare two runs in every respect.

    Of two runs from media, an item is the same where its name and content are; where one of them is
    from a table of scores, where its name is.

    Parameters
    ----------
    a, b : RecordedRun
        The two runs; differences are b - a.

    Returns
    -------
    RunChanges
        Of data, params, weights, environment and figures.
    """
    a, b = _alike(a, b)
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


def _alike(a: RecordedRun, b: RecordedRun) -> tuple[RecordedRun, RecordedRun]:
    """Leave the content of items out where one of the runs doesn't know it."""
    if "sha256" in a.manifest and "sha256" in b.manifest:
        return a, b
    a, b = (replace(run, manifest=run.manifest.assign(sha256="")) for run in (a, b))
    return a, b


def environment(about: dict[str, Any]) -> dict[str, Any]:
    """Return what a run ran on and with.

    Parameters
    ----------
    about : dict
        The content of `run.json`.

    Returns
    -------
    dict
        versions, machine, commit and device; `ABSENT` where the run did not record one.

    Examples
    --------
    >>> environment({"machine": "Linux x86_64", "commit": "c"})["machine"]
    'Linux x86_64'
    """
    return {name: about.get(name, ABSENT) for name in ("versions", "machine", "commit", "device")}


def _backbones(about: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{row['modality']}.{row['backbone']}": {name: row.get(name) for name in _WEIGHT_FACTS}
        for row in about["weights"]
    }


def flat(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) for every leaf of nested dicts; a list is a leaf.

    Parameters
    ----------
    document : dict
        Any depth.
    prefix : str
        What all keys begin with.

    Yields
    ------
    tuple of (str, object)
        In the order of the document.

    Examples
    --------
    >>> list(flat({"a": {"b": 1}, "c": [2]}))
    [('a.b', 1), ('c', [2])]
    """
    for key, value in document.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def changed_keys(a: dict[str, Any], b: dict[str, Any]) -> pd.DataFrame:
    """Return the dotted keys whose values differ.

    Parameters
    ----------
    a, b : dict
        Nested dicts.

    Returns
    -------
    pandas.DataFrame
        Columns key, a, b; the value is `ABSENT` where a key is missing.

    Examples
    --------
    >>> changed_keys({"a": {"b": 1}}, {"a": {"b": 2}}).to_dict("records")
    [{'key': 'a.b', 'a': 1, 'b': 2}]
    """
    of_a, of_b = dict(flat(a)), dict(flat(b))
    rows = [(key, of_a.get(key, ABSENT), of_b.get(key, ABSENT)) for key in of_a | of_b]
    changed = [row for row in rows if row[1] != row[2]]
    return pd.DataFrame(changed, columns=["key", "a", "b"], dtype=object)  # None stays None


def manifest_changes(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Find media files that one run lacks, or that have another content, label, group or split.

    Parameters
    ----------
    a, b : pandas.DataFrame
        Manifests: columns modality, item_id, sha256, label, group, split.

    Returns
    -------
    pandas.DataFrame
        One row per change: modality, item_id, change (``added``, ``removed``, ``sha256``,
        ``label``, ``group`` or ``split``), a, b. The last two are None for added and removed.
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
    """Put the chosen threshold and epoch and the test figures of each variant side by side.

    Parameters
    ----------
    a, b : dict
        The content of `metrics.json`.

    Returns
    -------
    pandas.DataFrame
        One row per variant and figure: modality, variant, figure, a, b, difference (b - a). A
        value is NaN where a run lacks the variant, or the baseline has no such figure.
    """
    of_a, of_b = _figures(a), _figures(b)
    keys = [*of_a, *(key for key in of_b if key not in of_a)]
    rows = [(*key, of_a.get(key, np.nan), of_b.get(key, np.nan)) for key in keys]
    table = pd.DataFrame(rows, columns=["modality", "variant", "figure", "a", "b"])
    table = table.astype({"a": float, "b": float})
    return table.assign(difference=table["b"] - table["a"])


def _figures(metrics: dict[str, Any]) -> dict[tuple[str, str, str], float | None]:
    return {
        (modality, variant, figure): (entry | entry["test"]).get(figure)
        for modality, variants in metrics["modalities"].items()
        for variant, entry in variants.items()
        for figure in FIGURES
        if figure in entry | entry["test"]
    }


def paired_f1(a: RecordedRun, b: RecordedRun) -> pd.DataFrame:
    """Compare F1 of two runs on the test items that both scored.

    An item is the same where item_id, content (sha256) and label are. Each run uses its own chosen
    epoch and operating threshold. Whole groups (of run A) are left out, as in
    `harmlib.analysis.paired.paired_difference`.

    Parameters
    ----------
    a, b : RecordedRun
        The two runs.

    Returns
    -------
    pandas.DataFrame
        One row per variant: modality, variant, items_a, items_b, common (counts), f1_a, f1_b,
        difference, low, high (95 % interval), verdict, reason. The verdict is ``same`` (no
        difference without any group either), ``noise`` (the interval holds 0), ``change``, or
        ``unknown``: then the reason tells why there is no interval.
    """
    rows = []
    for modality, variants in a.metrics["modalities"].items():
        for variant, entry in variants.items():
            other = b.metrics["modalities"].get(modality, {}).get(variant)
            if variant != BASELINE and other is not None:
                of_a, of_b = _tested(a, modality, variant), _tested(b, modality, variant)
                keys = ["item_id", "sha256", "label"]
                common = of_a.merge(of_b.drop(columns="group"), on=keys, suffixes=("_a", "_b"))
                counts = {"items_a": len(of_a), "items_b": len(of_b), "common": len(common)}
                thresholds = entry["operating_threshold"], other["operating_threshold"]
                pair = _pair(common, *thresholds)
                rows.append({"modality": modality, "variant": variant} | counts | pair)
    columns = ("modality", "variant", "items_a", "items_b", "common", "f1_a", "f1_b",
               "difference", "low", "high", "verdict", "reason")  # fmt: skip
    return pd.DataFrame(rows, columns=list(columns))


def _tested(run: RecordedRun, modality: str, variant: str) -> pd.DataFrame:
    """Return item_id, sha256, label, group, probability of a variant's chosen epoch on test."""
    epoch = run.metrics["modalities"][modality][variant]["epoch"]
    own = {"modality": modality, "variant": variant, "fold": OWN_SPLIT, "epoch": epoch,
           "split": "test"}  # fmt: skip
    scores = run.scores[(run.scores[list(own)] == pd.Series(own)).all(axis=1)]
    manifest = run.manifest[run.manifest["modality"] == modality]
    scored = with_groups(scores, manifest).merge(manifest[["item_id", "sha256"]], on="item_id")
    return scored[["item_id", "sha256", "label", "group", "probability"]]


def _pair(common: pd.DataFrame, threshold_a: float, threshold_b: float) -> dict[str, Any]:
    if common.empty:
        return {"verdict": "unknown", "reason": "no test item is the same in both"}
    labels, groups = common["label"].to_numpy(), common["group"].to_numpy()
    row = paired_difference(
        labels,
        common["probability_a"].to_numpy(), threshold_a,
        common["probability_b"].to_numpy(), threshold_b,
        groups, metrics=["f1"],
    ).iloc[0]  # fmt: skip
    ends = row[["difference", "low", "high"]].to_dict()
    found = {"f1_a": row["a"], "f1_b": row["b"], **ends}
    held = count_groups(labels, groups)
    if not held.enough:
        reason = (
            f"{held.harmful} groups hold a harmful item and {held.safe} a safe one; an interval "
            f"needs {MIN_GROUPS} of each"
        )
        return found | {"verdict": "unknown", "reason": reason}
    if row["low"] == row["high"] == 0:
        return found | {"verdict": "same"}
    return found | {"verdict": "noise" if row["low"] <= 0 <= row["high"] else "change"}
