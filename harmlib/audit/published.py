"""Figures that an earlier report printed: the one that this product regenerates, or yours."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pandas as pd

from harmlib.audit.auditor import read_claims


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


def printed_figures(path: Path | None) -> pd.DataFrame:
    """Read printed figures as text, so that trailing zeros are kept.

    Parameters
    ----------
    path : Path or None
        A CSV as `read_claims` reads it, which says of each row the modality and the model. None:
        the project's own, of `published_figures`.

    Returns
    -------
    pandas.DataFrame
        Columns modality, model, epoch, threshold, precision, recall, f1; the second model is `2`,
        also where the file says `model2` or `Model 2`.

    Raises
    ------
    ValueError
        A file, a column or a cell that cannot be used; the message names it.

    Examples
    --------
    >>> printed_figures(None).iloc[0, :4].tolist()
    ['video', '2', '1', '0.50']
    """
    if path is None:
        path = Path(str(files("harmlib.audit") / "published.csv"))
    claims = read_claims(path)
    lacking = [name for name in ("modality", "model") if name not in claims]
    if lacking:
        raise ValueError(
            f"{path}: no column {lacking[0]}; the report needs to know which of its models, image "
            "or video, each row is to be compared with"
        )
    model = claims["model"].str.replace(r"^[Mm]odel ?(?=[0-9]+$)", "", regex=True)
    names = ["modality", "model", "epoch", "threshold", "precision", "recall", "f1"]
    return claims.assign(model=model).reindex(columns=names)
