"""What one threshold for all sections costs each of them, against a threshold of its own.

A section is a category, a modality, or both. Both thresholds are chosen for F1 on validation: a
section's own among its own items, the common one among those of all sections together. Both are
judged on the section's test items, which are the same for both, so that differences are paired.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray
from harmlib.analysis.choice import choose
from harmlib.analysis.model_parts import ModelParts, choose_each, model_parts
from harmlib.analysis.own_scores.scales import Scale
from harmlib.analysis.paired import paired_difference
from harmlib.analysis.saved_scores import epoch_scores, join_tables

ALL_SECTIONS = "all sections"  # no section's own name has a space
METRICS = ("recall", "precision", "f1", "flagged_share")
COLUMNS = (
    "variant", "section", "state", "scale", "threshold", "native", "common_threshold",
    "common_native",
    *(metric + end for metric in METRICS
      for end in ("", "_common", "_difference", "_low", "_high")),
    "groups",
)  # fmt: skip

# By section: scores with groups, and operating points (see `harmlib.analysis.variant_tables`)
Scored = Mapping[str, tuple[pd.DataFrame, pd.DataFrame]]


def category_thresholds(
    own: Scored, judged: Scored | None = None, scales: Mapping[str, Scale] | None = None
) -> pd.DataFrame:
    """Compare each section's own threshold with one for all.

    Parameters
    ----------
    own : mapping of str to (DataFrame, DataFrame)
        Each section's scores and operating points on the run's own split, one epoch a variant
        being chosen.
    judged : mapping of str to (DataFrame, DataFrame), optional
        The same of the folds: each part is judged by the thresholds that its own validation part
        chooses. None: the run's own test split.
    scales : mapping of str to Scale, optional
        Of each variant's own numbers; None: probabilities.

    Returns
    -------
    pandas.DataFrame
        COLUMNS: for each variant a row a section, and last one of all their items together. For
        each metric its value at the section's own threshold, at the common one, the difference
        (common - own), and its interval, corrected for the number of sections (Bonferroni). `state`
        is that of the common choice (`choice.State`); unless it is ``ok`` there are no figures.

    Examples
    --------
    >>> def section(shift):
    ...     k = np.arange(160)
    ...     scored = pd.DataFrame({"variant": "api", "epoch": 1, "split": np.repeat(["val", "test"],
    ...         80), "item_id": [f"{shift}{i:03d}" for i in k], "label": k % 2, "logit": 0.0,
    ...         "probability": (k * 37 % 80 + 40 * (k % 2)) / 200 + shift, "group": k})
    ...     point = {"variant": ["api"], "epoch": 1, "threshold": 0.2 + shift, "chosen": True}
    ...     return scored, pd.DataFrame(point)
    >>> table = category_thresholds({"gun": section(0.0), "fire": section(0.3)})
    >>> table[["section", "f1", "f1_common", "f1_difference", "f1_low"]].round(2)
            section    f1  f1_common  f1_difference  f1_low
    0           gun  0.81       0.81           0.00    0.00
    1          fire  0.81       0.67          -0.14   -0.21
    2  all sections  0.81       0.73          -0.08   -0.11
    """
    here = {name: model_parts(*tables) for name, tables in own.items()}
    there = here if judged is None else {n: model_parts(*tables) for n, tables in judged.items()}
    tables = []
    for variant in dict.fromkeys(variant for parts in here.values() for variant in parts):
        names = [name for name, parts in here.items() if variant in parts]
        scale = (scales or {}).get(variant, Scale("probability"))
        rows = _of_variant(
            {name: here[name][variant] for name in names},
            {name: there[name][variant] for name in names},
            scale,
        )
        tables.append(pd.DataFrame(rows, columns=list(COLUMNS)).assign(variant=variant))
    return join_tables(tables, COLUMNS)


def at_best_f1(sections: Scored) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Put each section's threshold where F1 on validation is highest, of all attainable ones.

    A model that operates on a grid, or at a fixed threshold, is compared with the common threshold
    by what its sections could have.

    Parameters
    ----------
    sections : mapping of str to (DataFrame, DataFrame)
        As `own` of `category_thresholds`.

    Returns
    -------
    dict of str to (DataFrame, DataFrame)
        The scores, and the chosen operating points with these thresholds; where no threshold is
        better than another, with their own.

    Examples
    --------
    >>> scored = pd.DataFrame({"variant": "m", "epoch": 1, "split": "val", "item_id": list("ab"),
    ...                        "label": [0, 1], "probability": [0.2, 0.4]})
    >>> points = pd.DataFrame({"variant": ["m"], "epoch": 1, "threshold": 0.5, "chosen": True})
    >>> found = at_best_f1({"gun": (scored, points)})["gun"][1]
    >>> round(found["threshold"].item(), 3)
    0.3
    """
    found = {}
    for name, (scored, points) in sections.items():
        chosen = points[points["chosen"]]
        thresholds = []
        for point in chosen.itertuples():
            rows = epoch_scores(scored, str(point.variant), int(point.epoch), "val")
            best = choose(rows["label"].to_numpy(), rows["probability"].to_numpy(), "f1")
            thresholds.append(point.threshold if best.threshold is None else best.threshold)
        found[name] = scored, chosen.assign(threshold=thresholds)
    return found


def _of_variant(
    here: Mapping[str, ModelParts], there: Mapping[str, ModelParts], scale: Scale
) -> list[dict[str, Any]]:
    """A row a section, and one of all: `here` the thresholds lie, `there` they are judged."""
    (common, *_), (state, *_) = choose_each(_together(here.values()), "f1")
    at, states = choose_each(_together(there.values()), "f1")
    state = next((one for one in (state, *states) if one != "ok"), "ok")
    told = {"state": state, "scale": scale.kind, "common_threshold": common}
    if state == "ok":
        told["common_native"] = scale.native_line(common)
    decided = {
        name: _Decided(*parts.judged, parts.judged_at(at).thresholds)
        for name, parts in there.items()
    }
    rows = []
    for name, parts in here.items():
        own = float(parts.thresholds[0])
        row = told | {"section": name, "threshold": own, "native": scale.native_line(own)}
        rows.append(row | (_differences(decided[name], len(here)) if state == "ok" else {}))
    figures = _differences(_joined(list(decided.values())), 1) if state == "ok" else {}
    return [*rows, told | {"section": ALL_SECTIONS} | figures]


def _together(sections: Iterable[ModelParts]) -> list[pd.DataFrame]:
    """The validation items of all sections, for each part."""
    return [
        pd.concat(parts, ignore_index=True)
        for parts in zip(*(one.validation for one in sections), strict=True)
    ]


class _Decided(NamedTuple):
    """Judged items of one or several sections, with both thresholds of each row."""

    labels: npt.NDArray[np.int64]
    probabilities: FloatArray
    own: FloatArray
    groups: npt.NDArray[np.generic]
    repeats: npt.NDArray[np.int64] | None
    common: FloatArray


def _joined(sections: list[_Decided]) -> _Decided:
    """All sections' items below each other; a group may be in several sections."""
    labels, probabilities, own, groups, repeats, common = zip(*sections, strict=True)
    return _Decided(
        np.concatenate(labels),
        np.concatenate(probabilities),
        np.concatenate(own),
        pd.factorize(np.concatenate(groups))[0],  # equal names are one group in all sections
        None if repeats[0] is None else np.concatenate(repeats),
        np.concatenate(common),
    )


def _differences(decided: _Decided, comparisons: int) -> dict[str, Any]:
    labels, probabilities, own, groups, repeats, common = decided
    table = paired_difference(
        labels, probabilities, own, probabilities, common, groups,
        repeats=repeats, metrics=METRICS, comparisons=comparisons,
    )  # fmt: skip
    row: dict[str, Any] = {"groups": len(pd.unique(groups))}
    flagged = [bool((probabilities > thresholds).any()) for thresholds in (own, common)]
    for one in table.itertuples():
        if one.metric == "precision" and not all(flagged):
            continue  # where nothing is flagged, there is no precision to compare
        row |= {
            one.metric: one.a,
            f"{one.metric}_common": one.b,
            f"{one.metric}_difference": one.difference,
            f"{one.metric}_low": one.corrected_low,
            f"{one.metric}_high": one.corrected_high,
        }
    return row
