"""From the labels of a sample to a table: each measure with its interval, over all and by slice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harmlib.analysis.audit_sample.drawing import SLICE
from harmlib.analysis.audit_sample.labels import counted
from harmlib.analysis.design_estimates import MEASURES, Measure, Strata, estimate, interval, tells

ESTIMATE_COLUMNS = (
    "slice", "measure", "value", "low", "high", "lowest", "highest", "decisions", "labelled",
    "harmful", "unknown", "state",
)  # fmt: skip
# What unknown labels of passed and flagged items are taken for where a measure is to be lowest.
# Where it is to be highest, it is the other way round.
_LOWEST: dict[Measure, tuple[int, int]] = {
    "precision": (0, 0),
    "recall": (1, 0),
    "prevalence": (0, 0),
    "false_omission_rate": (0, 0),
}


def estimate_sample(sample: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Estimate every measure of what is live, over all and for each slice.

    Parameters
    ----------
    sample : DataFrame
        As `harmlib.analysis.audit_sample.labels.read_labelled` returns it.
    level : float
        Confidence, in (0, 1); each interval by itself.

    Returns
    -------
    DataFrame
        `ESTIMATE_COLUMNS`. value, low and high leave unknown labels out; lowest and highest are the
        ends of the intervals in which they all speak against, or for, the measure. state is ``ok``;
        ``too_few`` (an interval over more than half of the scale, or a stratum in which nobody
        labelled anything; value is then no basis for anything); or ``nothing`` (it has no
        denominator: nothing is flagged, nothing passed).

    Raises
    ------
    ValueError
        Not one item is labelled.

    Examples
    --------
    >>> sample = pd.DataFrame({
    ...     "stratum": ["flagged 1"] * 5 + ["passed 1"] * 5, "stratum_size": [10] * 5 + [90] * 5,
    ...     "decision": ["flagged"] * 5 + ["passed"] * 5, "label": [1.0, 1, 1, 1, 0] + [0.0] * 5})
    >>> estimate_sample(sample)[["measure", "value", "state"]].round(2).values.tolist()
    [['precision', 0.8, 'too_few'], ['recall', 1.0, 'too_few'], ['prevalence', 0.08, 'ok'], \
['false_omission_rate', 0.0, 'ok']]
    """
    if not sample["label"].isin([0, 1]).any():
        raise ValueError("not one item is labelled harmful or safe; label some first")
    parts = [_of_one(sample, "", level)]
    for name in [column for column in sample if column.startswith(SLICE)]:
        for value, own in sample.groupby(name, sort=True):
            parts.append(_of_one(own, f"{name.removeprefix(SLICE)}={value}", level))
    return pd.concat(parts, ignore_index=True)


def _of_one(sample: pd.DataFrame, name: str, level: float) -> pd.DataFrame:
    strata = counted(sample)
    rows = []
    for measure in MEASURES:
        low, high = interval(strata, measure, level=level)
        passed, flagged = _LOWEST[measure]
        worst = counted(sample, unknown_as=(passed, flagged))
        best = counted(sample, unknown_as=(1 - passed, 1 - flagged))
        has = bool(strata.domain(measure).any()) and (measure != "recall" or strata.flagged.any())
        told = bool(tells(low, high)) and bool((strata.labelled[strata.domain(measure)] > 0).all())
        own = sample[_about(sample, measure)]
        rows.append(
            {
                "slice": name,
                "measure": measure,
                "value": float(estimate(strata, measure)),
                "low": float(low),
                "high": float(high),
                "lowest": float(np.minimum(low, interval(worst, measure, level=level)[0])),
                "highest": float(np.maximum(high, interval(best, measure, level=level)[1])),
                "decisions": int(strata.size[strata.domain(measure)].sum()),
                "labelled": int(own["label"].isin([0, 1]).sum()),
                "harmful": int((own["label"] == 1).sum()),
                "unknown": int((own["label"] == -1).sum()),
                "state": "nothing" if not has else "ok" if told else "too_few",
            }
        )
    return pd.DataFrame(rows, columns=list(ESTIMATE_COLUMNS))


def _about(sample: pd.DataFrame, measure: Measure) -> pd.Series:
    if measure == "precision":
        return sample["decision"] == "flagged"
    if measure == "false_omission_rate":
        return sample["decision"] == "passed"
    return pd.Series(True, index=sample.index)


def widest_stratum(sample: pd.DataFrame) -> tuple[str, int, int, int, int]:
    """Find the passed stratum that could hide most harmful items.

    Parameters
    ----------
    sample : DataFrame
        As `estimate_sample` takes it, with a passed item.

    Returns
    -------
    name : str
    size, labelled, harmful : int
    most : int
        Harmful items that it may hold: the upper end of its own interval.

    Examples
    --------
    >>> sample = pd.DataFrame({"stratum": "passed 1", "stratum_size": 9000, "decision": "passed",
    ...                        "label": [0.0] * 50})
    >>> widest_stratum(sample)
    ('passed 1', 9000, 50, 0, 583)
    """
    names = sorted(sample["stratum"].unique())
    strata = counted(sample)
    hidden = []
    for place in [i for i, is_flagged in enumerate(strata.flagged) if not is_flagged]:
        one = Strata(
            strata.size[[place]],
            strata.flagged[[place]],
            strata.labelled[[place]],
            strata.harmful[[place]],
        )
        most = float(interval(one, "prevalence")[1]) * float(one.size[0])
        hidden.append((most, names[place], one))
    most, name, one = max(hidden, key=lambda found: found[0])
    return name, int(one.size[0]), int(one.labelled[0]), int(one.harmful[0]), int(most)
