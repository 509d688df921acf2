"""One model's rows of a table."""

from __future__ import annotations

import pandas as pd


def of_variant(table: pd.DataFrame, variant: str) -> pd.DataFrame:
    """Take the rows of one model.

    Parameters
    ----------
    table : DataFrame
        With a column variant.
    variant : str

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> len(of_variant(pd.DataFrame({"variant": ["model2", "model4"]}), "model4"))
    1
    """
    return table[table["variant"] == variant]


def chosen_rows(choices: pd.DataFrame, variant: str) -> pd.DataFrame:
    """Take one model's choices that could be made.

    Parameters
    ----------
    choices : DataFrame
        As `harmlib.analysis.variant_tables.choices` returns it.
    variant : str

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> choices = pd.DataFrame({"variant": "model4", "state": ["ok", "infeasible"]})
    >>> len(chosen_rows(choices, "model4"))
    1
    """
    return of_variant(choices[choices["state"] == "ok"], variant)
