"""Tables of how far the figures can be trusted: optimism, calibration, traffic, floors."""

from __future__ import annotations

import pandas as pd

from harmlib.reporting.text.certainty import CALIBRATION, FIGURES, METHODS, PROMISES

_SHOWN_PREVALENCES = (0.001, 0.01, 0.1)


def shown_optimism(optimism: pd.DataFrame) -> pd.DataFrame:
    """Say in Korean what each figure of the optimism is.

    Parameters
    ----------
    optimism : DataFrame
        As `optimism_table` returns it.

    Returns
    -------
    DataFrame
        Columns variant, figure, threshold, value, low, high.

    Examples
    --------
    >>> optimism = pd.DataFrame({"figure": ["test"], "threshold": 0.5, "value": 0.9, "low": 0.8,
    ...                          "high": 0.95, "excluded": 0, "variant": "model4"})
    >>> shown_optimism(optimism)
      variant        figure  threshold  value  low  high
    0  model4  시험 분할에서 잰 F1        0.5    0.9  0.8  0.95
    """
    columns = ["variant", "figure", "threshold", "value", "low", "high"]
    return optimism.assign(figure=optimism["figure"].map(FIGURES))[columns]


def shown_calibration(calibration: pd.DataFrame) -> pd.DataFrame:
    """Say the methods and metrics of the calibration in Korean.

    Parameters
    ----------
    calibration : DataFrame
        The second table of `calibrations`.

    Returns
    -------
    DataFrame
        Columns variant, method, metric, value, low, high, p_calibrated.

    Examples
    --------
    >>> calibration = pd.DataFrame({"variant": "model4", "method": ["none"], "metric": "brier",
    ...                             "value": 0.1, "low": 0.05, "high": 0.2, "p_calibrated": None})
    >>> shown_calibration(calibration).iloc[0, :3].tolist()
    ['model4', '그대로', 'Brier 점수']
    """
    said = calibration.assign(
        method=calibration["method"].map(METHODS), metric=calibration["metric"].map(CALIBRATION)
    )
    return said[["variant", "method", "metric", "value", "low", "high", "p_calibrated"]]


def shown_prevalence(prevalence: pd.DataFrame) -> pd.DataFrame:
    """Take the harmful shares that the report shows: some of the grid, the data's, the traffic's.

    Parameters
    ----------
    prevalence : DataFrame
        As `probability_tables.prevalences` returns it.

    Returns
    -------
    DataFrame
        Columns variant, prevalence, precision, low, high, flagged_share, reweighted_threshold,
        reweighted_precision, reweighted_recall.

    Examples
    --------
    >>> prevalence = pd.DataFrame({"variant": "model4", "origin": ["grid", "grid", "data"],
    ...                            "prevalence": [0.01, 0.015, 0.72]})
    >>> prevalence[["precision", "low", "high", "flagged_share", "reweighted_threshold",
    ...             "reweighted_precision", "reweighted_recall"]] = 0.5
    >>> shown_prevalence(prevalence)["prevalence"].tolist()
    [0.01, 0.72]
    """
    shown = (prevalence["origin"] != "grid") | prevalence["prevalence"].isin(_SHOWN_PREVALENCES)
    columns = ["variant", "prevalence", "precision", "low", "high", "flagged_share"]
    again = ["reweighted_threshold", "reweighted_precision", "reweighted_recall"]
    rows = prevalence[shown].sort_values("prevalence")
    place = rows["variant"].map({v: i for i, v in enumerate(prevalence["variant"].unique())})
    return rows.iloc[place.argsort(kind="stable")][[*columns, *again]]


def shown_floors(floors: pd.DataFrame) -> pd.DataFrame:
    """Write which promise each recall floor is, and leave out its figures on validation.

    Parameters
    ----------
    floors : DataFrame
        As `floor_table.floors` returns it.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> floors = pd.DataFrame({"promise": ["average"], "min_recall": 0.9, "recall": 1.0,
    ...                        "flagged_share": 0.5})
    >>> shown_floors(floors)
      promise  min_recall
    0      평균         0.9
    """
    kept = floors.drop(columns=["recall", "flagged_share"])
    return kept.assign(promise=floors["promise"].map(PROMISES))
