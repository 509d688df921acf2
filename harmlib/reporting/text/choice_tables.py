"""Tables of the thresholds that each objective chose."""

from __future__ import annotations

import pandas as pd

from harmlib.reporting.text.certainty import OBJECTIVES, STATES
from harmlib.reporting.text.model_rows import chosen_rows, of_variant
from harmlib.reporting.text.result_tables import METRICS


def shown_choices(choices: pd.DataFrame) -> pd.DataFrame:
    """Say the objectives and states of the choices in Korean.

    Parameters
    ----------
    choices : DataFrame
        As `harmlib.analysis.variant_tables.choices` returns it.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> choices = pd.DataFrame({"objective": ["f1"], "state": ["ok"]})
    >>> shown_choices(choices).to_numpy().tolist()
    [['F1 최대', '선택됨']]
    """
    return choices.assign(
        objective=choices["objective"].map(OBJECTIVES), state=choices["state"].map(STATES)
    )


def objective_rows(choices: pd.DataFrame, variant: str) -> pd.DataFrame:
    """Take one model's choices as validation made them: a row an objective.

    Parameters
    ----------
    choices : DataFrame
        As `harmlib.analysis.variant_tables.choices` returns it.
    variant : str

    Returns
    -------
    DataFrame
        Columns objective, state, threshold, value, plateau_low, plateau_high.

    Examples
    --------
    >>> choices = pd.DataFrame({"variant": ["model2", "model4"], "objective": "f1", "state": "ok",
    ...     "threshold": [0.5, 0.3], "value": 0.9, "plateau_low": 0.2, "plateau_high": 0.6, "f1": 0.8})
    >>> objective_rows(choices, "model4").iloc[0, :2].tolist()
    ['F1 최대', '선택됨']
    """
    columns = ["objective", "state", "threshold", "value", "plateau_low", "plateau_high"]
    return shown_choices(of_variant(choices, variant)).reindex(columns=columns)


def chosen_on_test(choices: pd.DataFrame, variant: str) -> pd.DataFrame:
    """Take what one model's choices gave on test.

    Parameters
    ----------
    choices : DataFrame
        As `harmlib.analysis.variant_tables.choices` returns it.
    variant : str

    Returns
    -------
    DataFrame
        Columns objective, threshold, precision, recall, f1, flagged_share, gain_low, gain_high; the
        objectives that no threshold meets are left out.

    Examples
    --------
    >>> choices = pd.DataFrame({"variant": "model4", "objective": ["f1", "mcc"],
    ...     "state": ["ok", "infeasible"], "threshold": 0.3, "precision": 0.9, "recall": 0.9,
    ...     "f1": 0.9, "flagged_share": 0.7, "gain_low": 0.0, "gain_high": 0.1})
    >>> chosen_on_test(choices, "model4")["objective"].tolist()
    ['F1 최대']
    """
    columns = ["objective", "threshold", *METRICS, "flagged_share", "gain_low", "gain_high"]
    return shown_choices(chosen_rows(choices, variant)).reindex(columns=columns)
