"""Tables of the models' results on test, the baseline below them."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.baseline import BASELINE, baseline_row
from harmlib.analysis.rates import COUNTS
from harmlib.language import written
from harmlib.reporting.text.column_names import earlier_report
from harmlib.reporting.text.korean import baseline_name, model_name, number, signed

METRICS = ("precision", "recall", "f1")
_ROWS_OF_EFFECT = {
    "F1": "f1",
    "Precision": "precision",
    "Recall": "recall",
    "Threshold": "threshold",
}


def shown_test(test: pd.DataFrame) -> pd.DataFrame:
    """Take the columns of the results on test that the report shows.

    Parameters
    ----------
    test : DataFrame
        As `compare_on_test` returns it; the baseline has no epoch.

    Returns
    -------
    DataFrame
        Whole numbers are integers, also beside a missing one.

    Examples
    --------
    >>> test = pd.DataFrame({"variant": ["model4", "baseline"], "epoch": [2, None]})
    >>> test[["threshold", "n", "tp", "fp", "fn", "tn", "accuracy", "precision", "recall", "f1",
    ...       "average_precision", "roc_auc"]] = 0.5
    >>> shown_test(test)["epoch"].tolist()
    [2, <NA>]
    """
    over_all = ["average_precision", "roc_auc"]
    columns = ["variant", "epoch", "threshold", "n", *COUNTS, "accuracy", *METRICS, *over_all]
    return _whole(test[columns].copy(), ["epoch"])


def shown_pooled(pooled: pd.DataFrame) -> pd.DataFrame:
    """Take the columns of the folds' results that the report shows.

    Parameters
    ----------
    pooled : DataFrame
        As `pooled_results` returns it.

    Returns
    -------
    DataFrame
        Columns variant, validation_f1, decisions, tp, fp, fn, tn, accuracy, precision, recall, f1, f1_sd,
        average_precision, roc_auc.

    Examples
    --------
    >>> columns = ["variant", "folds", "seeds", "items", "validation_f1", "tp", "fp", "fn", "tn",
    ...     "accuracy", "precision", "recall", "f1", "average_precision", "roc_auc", "f1_sd", "n"]
    >>> list(shown_pooled(pd.DataFrame([range(17)], columns=columns)))[:3]
    ['variant', 'validation_f1', 'decisions']
    """
    over_all = ["f1_sd", "average_precision", "roc_auc"]
    columns = ["variant", "validation_f1", "n", *COUNTS, "accuracy", *METRICS, *over_all]
    return pooled[columns].rename(columns={"n": "decisions"})


def with_baseline(table: pd.DataFrame, harmful: int, safe: int) -> pd.DataFrame:
    """Put the baseline below the variants.

    Parameters
    ----------
    table : DataFrame
        Results of variants on a split.
    harmful, safe : int
        Items of that split.

    Returns
    -------
    DataFrame
        One row more. It has what `baseline_row` gives of the table's columns.

    Examples
    --------
    >>> table = pd.DataFrame({"variant": ["model4"], "epoch": [2], "precision": [0.9]})
    >>> with_baseline(table, harmful=3, safe=1)
        variant epoch  precision
    0    model4     2       0.90
    1  baseline  <NA>       0.75
    """
    row = {"variant": BASELINE} | baseline_row(harmful, safe)
    known = pd.DataFrame([{name: value for name, value in row.items() if name in table}])
    return _whole(pd.concat([table, known], ignore_index=True), ["epoch", *COUNTS])


def _whole(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Whole numbers as integers, also beside a missing one."""
    for name in columns:
        if name in table:
            table[name] = table[name].astype("Int64").astype(object)
    return table


def summary_table(test: pd.DataFrame, intervals: pd.DataFrame) -> pd.DataFrame:
    """Put together the first table of the report: a row per variant, the baseline last.

    Parameters
    ----------
    test : DataFrame
        As `compare_on_test` or `pooled_results` returns it.
    intervals : DataFrame
        As `intervals_on_test` returns it.

    Returns
    -------
    DataFrame
        Columns variant, threshold, tp, fp, fn, tn, precision, recall, f1, the interval of F1 as
        text, average_precision. Of several trainings, which have a threshold each, there is the
        number of decisions in its place.

    Examples
    --------
    >>> test = pd.DataFrame({"variant": ["model4"], "threshold": 0.3, "tp": 27, "fp": 3, "fn": 0,
    ...     "tn": 6, "precision": 0.9, "recall": 1.0, "f1": 0.95, "average_precision": 0.96})
    >>> intervals = pd.DataFrame({"variant": ["model4"], "metric": "f1", "low": 0.87, "high": 1.0})
    >>> summary_table(test, intervals)["F1의 95% 신뢰구간"].tolist()
    ['0.87~1.00']
    """
    f1 = intervals[intervals["metric"] == "f1"].set_index("variant")
    pooled = "threshold" not in test
    table = test[["variant", "n" if pooled else "threshold", *COUNTS, *METRICS]].copy()
    table[written("95% CI of F1", "F1의 95% 신뢰구간")] = [
        _between(number(f1.at[v, "low"], 2), number(f1.at[v, "high"], 2))
        if v in f1.index and pd.notna(f1.at[v, "low"])
        else "–"
        for v in test["variant"]
    ]
    table["average_precision"] = test["average_precision"]
    return table.rename(columns={"n": "decisions"})


def effect_table(
    test: pd.DataFrame, differences: pd.DataFrame, published: pd.DataFrame
) -> pd.DataFrame:
    """Put together the report's closing table: metrics in rows, models in columns, the gain.

    Parameters
    ----------
    test : DataFrame
        As `compare_on_test` or `pooled_results` returns it: one row per variant, the baseline last.
    differences : DataFrame
        As `comparison_tables.differences` returns it.
    published : DataFrame
        Printed figures of the same modality, possibly none: the best row of each model is shown.

    Returns
    -------
    DataFrame
        Text; the first column names the metric. The interval is that of the paired difference,
        corrected for all pairs.

    Examples
    --------
    >>> test = pd.DataFrame({"variant": ["model2", "model4", "baseline"], "recall": 1.0,
    ...     "threshold": [0.5, 0.3, None], "precision": [0.8, 0.9, 0.75], "f1": [0.9, 0.95, 0.8571]})
    >>> apart = pd.DataFrame({"split": "test", "a": "model2", "b": "model4", "metric": ["f1"],
    ...                       "corrected_low": 0.01, "corrected_high": 0.09})
    >>> effect_table(test, apart, published=pd.DataFrame()).iloc[0].tolist()
    ['F1', '0.9000', '0.9500', '+0.0500', '+0.0100~+0.0900', '0.8571']
    """
    shown = {title: column for title, column in _ROWS_OF_EFFECT.items() if column in test}
    table = pd.DataFrame({written("Metric", "항목"): list(shown)})
    digits = {column: 2 if column == "threshold" else 4 for column in shown.values()}
    models = test[test["variant"] != BASELINE]
    for row in models.to_dict("records"):
        table[model_name(row["variant"])] = [number(row[c], n) for c, n in digits.items()]
    first, last = models.iloc[0], models.iloc[-1]
    apart = f"{model_name(last['variant'])} − {model_name(first['variant'])}"
    table[written(f"Difference ({apart})", f"차이({apart})")] = [
        signed(last[c] - first[c], n) for c, n in digits.items()
    ]
    pair = differences[
        (differences["split"] == "test")
        & (differences["a"] == first["variant"])
        & (differences["b"] == last["variant"])
    ].set_index("metric")
    table[written("95% CI of the difference", "차이의 95% 신뢰구간")] = [
        _corrected_ends(pair, c) for c in digits
    ]
    baseline = test[test["variant"] == BASELINE].iloc[0]
    table[baseline_name()] = [number(baseline[c]) if c in METRICS else "–" for c in digits]
    if len(published):
        best = published.loc[published.groupby("model")["f1"].idxmax()]
        for row in best.to_dict("records"):
            name = model_name(f"model{row['model']}").removeprefix("model")  # yours may be any
            table[earlier_report(name)] = [number(row[c], n) for c, n in digits.items()]
    return table


def _corrected_ends(pair: pd.DataFrame, metric: str) -> str:
    """The corrected interval of one pair's difference; a dash where there is none."""
    if metric not in pair.index or pd.isna(pair.at[metric, "corrected_low"]):
        return "–"
    low, high = pair.loc[metric, ["corrected_low", "corrected_high"]]
    return _between(signed(low), signed(high))


def _between(low: str, high: str) -> str:
    return written(f"{low} to {high}", f"{low}~{high}")
