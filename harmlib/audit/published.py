"""The figures that the earlier development report printed: what this product regenerates."""

from importlib.resources import files

import pandas as pd


def published_figures() -> pd.DataFrame:
    """Every validation figure that the earlier report printed in full, to four digits.

    The image model is absent: its figures were printed as "0.99+" only.

    Returns
    -------
    pandas.DataFrame
        One row per model, epoch and threshold, in the order of the report. Columns: modality,
        model, epoch (from 1), threshold (a probability; flagged where score > threshold),
        precision, recall, f1 (fractions).

    Examples
    --------
    >>> published_figures().tail(1)
       modality  model  epoch  threshold  precision  recall      f1
    11    video      3      3       0.35     0.9485  0.9149  0.9314
    """
    return pd.read_csv(files("harmlib.audit") / "published.csv")
