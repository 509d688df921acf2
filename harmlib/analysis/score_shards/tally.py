"""What a pass over shards has found so far, and keeping it until the next pass."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from harmlib.analysis.checks import IntArray
from harmlib.analysis.own_scores.scales import Scale
from harmlib.analysis.score_shards.counts import ShardCounts
from harmlib.analysis.score_shards.refusals import Refusals

_ARRAY = "cells_{}"


@dataclass
class Tally:
    """The counts of some shards; those of further ones can be merged.

    Attributes
    ----------
    counts : ShardCounts
    refused : Refusals
        Rows that were not counted.
    rows, used : int
        Rows that were read, and those that were counted: rows = used + refused.
    scales : dict of str to Scale
        By model, in the order in which models appeared.
    done : dict of str to str
        Shards that were counted, by name: their state (`listing.Shard`).
    unreadable : dict of str to str
        Shards that can't be read: why.
    left : list of str
        Columns that are not read.
    read_as : dict of str to str
        Column, and what it was read as.
    seconds : float
        What the counting took.
    """

    counts: ShardCounts
    refused: Refusals = field(default_factory=Refusals)
    rows: int = 0
    used: int = 0
    scales: dict[str, Scale] = field(default_factory=dict)
    done: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    read_as: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def merge(self, other: Tally) -> None:
        """Add another's counts and refusals to this one's."""
        self.counts.merge(other.counts)
        self.refused.merge(other.refused)
        self.rows += other.rows
        self.used += other.used


def sections_of(tally: Tally) -> dict[str, dict[str, IntArray]]:
    """Gather the cells of each section and model.

    Parameters
    ----------
    tally : Tally

    Returns
    -------
    dict of str to dict of str to ndarray
        Section -> model -> cells, as in `ShardCounts.cells`. What a section is, and which sections
        a safe row without a category is in: `own_scores.sections.in_sections`.

    Examples
    --------
    >>> tally = Tally(ShardCounts(has_splits=True), scales={"api": Scale("probability")})
    >>> slots, one = tally.counts.slots(np.array([7], np.uint64)), np.ones(1, np.int64)
    >>> for category, label in (("gun", one), ("", one * 0)):
    ...     tally.counts.add(("", category, "api"), 3, one, label, slots, bins=one)
    >>> sections_of(tally)["gun"]["api"].sum(axis=(0, 2, 3)).tolist()
    [1, 1]
    """
    import pandas as pd

    from harmlib.analysis.own_scores.sections import in_sections

    units = pd.DataFrame(
        [
            {"modality": modality, "category": category, "label": label, "model": model}
            for (modality, category, model), cells in tally.counts.cells.items()
            for label in (0, 1)
            if cells[:, label].any()
        ]
    )
    if units.empty:  # no row could be used
        return {}
    units["unit"] = range(len(units))
    placed = in_sections(units).merge(units, on="unit")
    found: dict[str, dict[str, IntArray]] = {}
    order = {model: place for place, model in enumerate(tally.scales)}
    for (section, model), own in placed.groupby(["section", "model"]):
        keys = own[["modality", "category"]].drop_duplicates()
        if len(keys) == 1 and len(own) == len(units[units["model"] == model]):
            (key,) = keys.itertuples(index=False)
            cells = tally.counts.cells[key.modality, key.category, model]
        else:
            parts = list(own[["modality", "category", "label"]].itertuples(index=False))
            cells = np.zeros_like(next(iter(tally.counts.cells.values())))
            for part in parts:
                source = tally.counts.cells[part.modality, part.category, model]
                cells[:, part.label] += source[:, part.label]
        found.setdefault(section, {})[model] = cells
    return {s: dict(sorted(own.items(), key=lambda one: order[one[0]])) for s, own in found.items()}


def keep(tally: Tally, file: Path, reading: str) -> None:
    """Write a tally to a file, from which `kept` reads it.

    Parameters
    ----------
    tally : Tally
    file : Path
        Its folder exists.
    reading : str
        Of what settings it is: with others the counts would be different.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keep(Tally(ShardCounts(has_splits=True), rows=3), Path(folder) / "a.npz", "x")
    ...     kept(Path(folder) / "a.npz", "x").rows
    3
    """
    counts, examples = tally.counts, tally.refused.examples
    about = {
        "reading": reading,
        "has_splits": counts.has_splits,
        "groups": None if counts.groups is None else list(counts.groups.items()),
        "keys": list(counts.cells),
        "rows": tally.rows,
        "used": tally.used,
        "refused": [[*key, n, examples[key]] for key, n in tally.refused.counts.items()],
        "scales": {model: asdict(scale) for model, scale in tally.scales.items()},
        "done": tally.done,
        "left": tally.left,
        "read_as": tally.read_as,
        "seconds": tally.seconds,
    }  # fmt: skip
    arrays = {_ARRAY.format(i): cells for i, cells in enumerate(counts.cells.values())}
    with file.open("wb") as stream:
        np.savez(stream, allow_pickle=False, about=np.array(json.dumps(about)), **arrays)


def kept(file: Path, reading: str) -> Tally | None:
    """Read what `keep` has written.

    Parameters
    ----------
    file : Path
    reading : str
        As `keep` was told.

    Returns
    -------
    Tally or None
        None where there is none, where it is of other settings, or damaged.

    Examples
    --------
    >>> kept(Path("nowhere.npz"), "") is None
    True
    """
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            about = json.loads(str(arrays["about"]))
            if about["reading"] != reading:
                return None
            counts = ShardCounts(has_splits=about["has_splits"])
            counts.groups = None if about["groups"] is None else dict(about["groups"])
            counts.cells = {
                tuple(key): arrays[_ARRAY.format(i)] for i, key in enumerate(about["keys"])
            }
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    refused = Refusals()
    for reason, model, count, examples in about["refused"]:
        refused.counts[reason, model] = count
        refused.examples[reason, model] = [tuple(one) for one in examples]
    scales = {m: Scale(s["kind"], tuple(s["levels"])) for m, s in about["scales"].items()}
    plain = {name: about[name] for name in ("rows", "used", "done", "left", "read_as", "seconds")}
    return Tally(counts, refused, scales=scales, **plain)
