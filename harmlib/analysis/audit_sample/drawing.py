"""Draw a sample of decisions: from each stratum, spread over its groups."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.audit_sample.strata import allocate, doubt, stratify

SLICE = "by_"  # before the name of a slice's column in the sample's table
DESIGN = ("stratum", "stratum_size", "stratum_sampled", "inclusion_probability")
SAMPLE_COLUMNS = (
    "item_id", "category", "modality", "group", "decision", "score", "threshold", *DESIGN,
    "sample_id", "label",
)  # fmt: skip
_SIGNED = ("item_id", "category", "decision", "threshold", "stratum", "stratum_size",
           "stratum_sampled")  # fmt: skip
_DIGITS = 12


def draw_sample(decisions: pd.DataFrame, by: list[str], n: int, seed: int) -> pd.DataFrame:
    """Draw which decisions people should look at.

    From each stratum items are drawn systematically, with a random start, from a list in which a
    group's items stand together, the groups in random order. So each item of a stratum has the same
    chance, and a group (one camera, one uploader), whose items are alike, is met as seldom as
    possible. Labelling ten clips of one camera would say little more than one.

    Parameters
    ----------
    decisions : DataFrame
        Columns item_id, category, modality, group, flagged (bool), probability,
        threshold_probability, score and threshold (texts in the model's own numbers), and those of
        `by`.
    by : list of str
        Columns whose values are slices.
    n : int
        How many.
    seed : int
        Another seed gives another sample.

    Returns
    -------
    DataFrame
        `SAMPLE_COLUMNS`, and before the label a column ``by_…`` for each slice. The rows are in
        random order: whoever stops early has looked at a random part.

    Raises
    ------
    TooFew
        The sample is too small for its strata.

    Examples
    --------
    >>> decisions = pd.DataFrame({
    ...     "item_id": [f"{i}.jpg" for i in range(100)], "category": "", "modality": "image",
    ...     "group": [f"camera{i // 10}" for i in range(100)], "flagged": np.arange(100) > 89,
    ...     "probability": np.arange(100) / 100, "threshold_probability": 0.895,
    ...     "score": "", "threshold": "0.895"})
    >>> sample = draw_sample(decisions, [], n=30, seed=1)
    >>> sample["decision"].value_counts().to_dict()
    {'passed': 20, 'flagged': 10}
    >>> sample["inclusion_probability"].rdiv(1).groupby(sample["decision"]).sum().round(3).to_dict()
    {'flagged': 10.0, 'passed': 90.0}
    """
    rng = np.random.default_rng(seed)
    names = stratify(decisions, by, n)
    codes, found = pd.factorize(names, sort=True)
    flagged = np.array([name.startswith("flagged") for name in found])
    size = np.bincount(codes, minlength=len(found))
    guess = doubt(
        decisions["probability"].to_numpy(np.float64),
        decisions["threshold_probability"].to_numpy(np.float64),
    )
    spread = np.bincount(codes, weights=guess, minlength=len(found)) / size
    drawn = allocate(size, flagged, spread, n)
    groups = pd.factorize(decisions["group"])[0]
    places = systematic(codes, groups, drawn, rng)
    sample = decisions.iloc[rng.permutation(places)].copy()
    own = codes[sample.index] if decisions.index.equals(pd.RangeIndex(len(decisions))) else None
    if own is None:
        raise ValueError("decisions must be numbered from 0; reset the index first")
    sample = sample.assign(
        decision=np.where(sample["flagged"], "flagged", "passed"),
        stratum=np.asarray(found)[own],
        stratum_size=size[own],
        stratum_sampled=drawn[own],
        inclusion_probability=[float(f"{share:.6g}") for share in drawn[own] / size[own]],
        label="",
    )
    sample["sample_id"] = sample_id(sample)
    slices = {name: f"{SLICE}{name}" for name in by}
    columns = [*SAMPLE_COLUMNS[:-1], *slices.values(), "label"]
    return sample.rename(columns=slices)[columns].reset_index(drop=True)


def systematic(
    strata: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    drawn: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Draw from each stratum, systematically through its groups in random order.

    Parameters
    ----------
    strata, groups : ndarray of int, shape (n,)
        Codes from 0.
    drawn : ndarray of int, shape (strata,)
        How many of each stratum.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int
        Places of the items, ascending within each stratum's order; no place twice.

    References
    ----------
    Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, 3.4.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> strata, groups = np.zeros(20, int), np.repeat(np.arange(5), 4)
    >>> sorted(groups[systematic(strata, groups, np.array([5]), rng)].tolist())
    [0, 1, 2, 3, 4]
    """
    turn = rng.permutation(int(groups.max()) + 1)[groups]
    order = np.lexsort((rng.random(len(strata)), turn, strata))
    size = np.bincount(strata, minlength=len(drawn))
    first = np.concatenate(([0], np.cumsum(size)[:-1]))
    return np.concatenate(
        [
            order[start + _steps(int(items), int(of), rng.random())]
            for start, items, of in zip(first, drawn, size, strict=True)
        ]
    )


def _steps(items: int, of: int, start: float) -> npt.NDArray[np.int64]:
    """Whole steps through a list: each place has the chance items / of."""
    if items == 0:
        return np.zeros(0, dtype=np.int64)
    return np.minimum(((np.arange(items) + start) * of / items).astype(np.int64), of - 1)


def sample_id(sample: pd.DataFrame) -> str:
    """Name a sample by what was drawn, from which strata: another row gives another name.

    Parameters
    ----------
    sample : DataFrame
        Rows of a sample, in any order.

    Returns
    -------
    str
        Twelve hexadecimal digits. It finds mistakes, such as a row that was lost or edited in a
        spreadsheet; it proves nothing against somebody who means to deceive.

    Examples
    --------
    >>> sample = pd.DataFrame({"item_id": ["a", "b"], "category": "", "decision": "passed",
    ...                        "threshold": "0.5", "stratum": "passed 1", "stratum_size": 9,
    ...                        "stratum_sampled": 2})
    >>> sample_id(sample) == sample_id(sample[::-1]), sample_id(sample) == sample_id(sample[:1])
    (True, False)
    """
    rows = sorted("\t".join(map(str, row)) for row in sample[list(_SIGNED)].itertuples(index=False))
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]
