"""Tables of all epochs and thresholds, as validation saw them."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.rates import COUNTS
from harmlib.reporting.text.column_names import earlier_report
from harmlib.reporting.text.result_tables import METRICS


def shown_sweep(sweep: pd.DataFrame) -> pd.DataFrame:
    """Take the columns of a sweep that the report shows.

    Parameters
    ----------
    sweep : DataFrame
        As `sweep_epochs` returns it, with a column variant.

    Returns
    -------
    DataFrame
        Columns variant, epoch, threshold, tp, fp, fn, tn, precision, recall, f1.

    Examples
    --------
    >>> from harmlib.analysis.operating_points import sweep_epochs
    >>> scores = pd.DataFrame({"epoch": 1, "label": [0, 1], "probability": [0.2, 0.9]})
    >>> sweep = sweep_epochs(scores, [0.5]).assign(variant="model4")
    >>> shown_sweep(sweep)[["variant", "epoch", "threshold", "tp", "f1"]]
      variant  epoch  threshold  tp   f1
    0  model4      1        0.5   1  1.0
    """
    return sweep[["variant", "epoch", "threshold", *COUNTS, *METRICS]]


def shown_operating_points(operating_points: pd.DataFrame) -> pd.DataFrame:
    """Take the columns of the operating points that 03 shows.

    Parameters
    ----------
    operating_points : DataFrame
        As `Run.operating_points` returns them, with the losses of each epoch.

    Returns
    -------
    DataFrame
        Columns variant, epoch, train_loss, val_loss, best_threshold, best_f1, threshold, f1.

    Examples
    --------
    >>> columns = ["best_f1", "best_threshold", "epoch", "f1", "seed", "threshold", "train_loss",
    ...            "val_loss", "variant"]
    >>> list(shown_operating_points(pd.DataFrame([range(9)], columns=columns)))
    ['variant', 'epoch', 'train_loss', 'val_loss', 'best_threshold', 'best_f1', 'threshold', 'f1']
    """
    losses, best = ["train_loss", "val_loss"], ["best_threshold", "best_f1"]
    return operating_points[["variant", "epoch", *losses, *best, "threshold", "f1"]]


def best_f1(table: pd.DataFrame, by: list[str] | None = None) -> pd.Series:
    """Mark the rows to stress: those with the highest F1.

    Parameters
    ----------
    table : DataFrame
        With a column f1.
    by : list of str, optional
        Columns; the highest F1 of each group of rows counts. None: that of the whole table.

    Returns
    -------
    Series of bool

    Examples
    --------
    >>> best_f1(pd.DataFrame({"f1": [0.5, 0.9, 0.9]})).tolist()
    [False, True, True]
    """
    best = table.groupby(by)["f1"].transform("max") if by else table["f1"].max()
    return table["f1"] == best


def epoch_overview(operating_points: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """List every variant and epoch at the best threshold of its grid, on validation.

    Parameters
    ----------
    operating_points : DataFrame
        As `Run.operating_points` returns them, with the losses of each epoch.
    published : DataFrame
        Printed figures of the same modality, possibly none: the best F1 of the same model and
        epoch goes into columns beside.

    Returns
    -------
    DataFrame
        Columns variant, epoch, train_loss, val_loss, threshold, precision, recall, f1, and with
        printed figures four more.

    Examples
    --------
    >>> points = pd.DataFrame({"variant": ["model4"], "epoch": 1, "train_loss": 0.5, "val_loss": 0.6,
    ...     "best_threshold": 0.3, "best_precision": 0.8, "best_recall": 1.0, "best_f1": 0.89})
    >>> epoch_overview(points, published=pd.DataFrame())
      variant  epoch  train_loss  val_loss  threshold  precision  recall    f1
    0  model4      1         0.5       0.6        0.3        0.8     1.0  0.89
    """
    names = ("threshold", *METRICS)
    table = operating_points[
        ["variant", "epoch", "train_loss", "val_loss"] + [f"best_{name}" for name in names]
    ].rename(columns=lambda name: name.removeprefix("best_"))
    if published.empty:
        return table
    best = published.loc[published.groupby(["model", "epoch"])["f1"].idxmax()]
    best = best.assign(variant="model" + best["model"].astype(str))
    printed = {name: earlier_report(name.capitalize()) for name in names}
    best = best.rename(columns=printed)[["variant", "epoch", *printed.values()]]
    return table.merge(best, on=["variant", "epoch"], how="left")
