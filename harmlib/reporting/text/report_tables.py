"""What the tables of 03_thresholds and 05_report show of the tables that were computed."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.baseline import BASELINE, baseline_row
from harmlib.language import written
from harmlib.reporting.text.certainty import (
    CALIBRATION,
    FIGURES,
    METHODS,
    OBJECTIVES,
    PROMISES,
    STATES,
)
from harmlib.reporting.text.korean import baseline_name, model_name, number, signed

_SHOWN_PREVALENCES = (0.001, 0.01, 0.1)
METRICS = ("precision", "recall", "f1")
_COUNTS = ["tp", "fp", "fn", "tn"]
_ROWS_OF_EFFECT = {
    "F1": "f1",
    "Precision": "precision",
    "Recall": "recall",
    "Threshold": "threshold",
}


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
    return sweep[["variant", "epoch", "threshold", *_COUNTS, *METRICS]]


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
    columns = ["variant", "epoch", "threshold", "n", *_COUNTS, "accuracy", *METRICS, *over_all]
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
    columns = ["variant", "validation_f1", "n", *_COUNTS, "accuracy", *METRICS, *over_all]
    return pooled[columns].rename(columns={"n": "decisions"})


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
    return shown_choices(choices[choices["variant"] == variant]).reindex(columns=columns)


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
    return choices[(choices["variant"] == variant) & (choices["state"] == "ok")]


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


def shown_audit_counts(counts: pd.DataFrame) -> pd.DataFrame:
    """Take the columns of the confusion matrices that the audit found.

    Parameters
    ----------
    counts : DataFrame
        `Audit.counts`.

    Returns
    -------
    DataFrame
        Columns model, epoch, threshold, precision, recall, f1, tp, fp, fn, tn, unique.

    Examples
    --------
    >>> columns = ["row", "model", "epoch", "threshold", "precision", "recall", "f1", "tp", "fp", "fn",
    ...            "tn", "unique"]
    >>> list(shown_audit_counts(pd.DataFrame([range(12)], columns=columns)))[:4]
    ['model', 'epoch', 'threshold', 'precision']
    """
    return counts[["model", "epoch", "threshold", *METRICS, *_COUNTS, "unique"]]


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


def beside_published(table: pd.DataFrame, published: pd.DataFrame, variant: str) -> pd.DataFrame:
    """Put the earlier report's precision, recall and F1 into columns beside this run's rows.

    Parameters
    ----------
    table : DataFrame
        Rows of one variant; columns epoch, threshold, precision, recall, f1.
    published : DataFrame
        Printed figures of one modality; columns model, epoch, threshold, precision, recall, f1.
    variant : str
        `model3` is the printed Model 3.

    Returns
    -------
    DataFrame
        A row without a printed counterpart (same model, epoch and threshold) has missing values
        there. Without any printed row the table is returned as it is.

    Examples
    --------
    >>> figures = {"precision": [0.7], "recall": [1.0], "f1": [0.8]}
    >>> table = pd.DataFrame({"epoch": [1], "threshold": [0.5]} | figures)
    >>> beside_published(table, table.assign(model="2", f1=0.84), "model2")["이전 보고서 F1"].tolist()
    [0.84]
    """
    if published.empty:
        return table
    own = published[published["model"].astype(str) == variant.removeprefix("model")]
    own = own[["epoch", "threshold", *METRICS]].round({"threshold": 2})
    names = {metric: _earlier(metric.capitalize()) for metric in METRICS}
    return table.assign(threshold=table["threshold"].round(2)).merge(
        own.rename(columns=names), on=["epoch", "threshold"], how="left"
    )


def _earlier(name: str) -> str:
    """What a column of the earlier report's figures is called."""
    return written(f"Earlier report: {name}", f"이전 보고서 {name}")


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
    return _whole(pd.concat([table, known], ignore_index=True), ["epoch", *_COUNTS])


def _whole(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Whole numbers as integers, also beside a missing one."""
    for name in columns:
        if name in table:
            table[name] = table[name].astype("Int64").astype(object)
    return table


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
    printed = {name: _earlier(name.capitalize()) for name in names}
    best = best.rename(columns=printed)[["variant", "epoch", *printed.values()]]
    return table.merge(best, on=["variant", "epoch"], how="left")


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
        _ends(pair, c) for c in digits
    ]
    baseline = test[test["variant"] == BASELINE].iloc[0]
    table[baseline_name()] = [number(baseline[c]) if c in METRICS else "–" for c in digits]
    if len(published):
        best = published.loc[published.groupby("model")["f1"].idxmax()]
        for row in best.to_dict("records"):
            name = model_name(f"model{row['model']}").removeprefix("model")  # yours may be any
            table[_earlier(name)] = [number(row[c], n) for c, n in digits.items()]
    return table


def _ends(pair: pd.DataFrame, metric: str) -> str:
    """The corrected interval of one pair's difference; a dash where there is none."""
    if metric not in pair.index or pd.isna(pair.at[metric, "corrected_low"]):
        return "–"
    low, high = pair.loc[metric, ["corrected_low", "corrected_high"]]
    return written(f"{signed(low)} to {signed(high)}", f"{signed(low)}~{signed(high)}")


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
    table = test[["variant", "n" if pooled else "threshold", *_COUNTS, *METRICS]].copy()
    table[written("95% CI of F1", "F1의 95% 신뢰구간")] = [
        written(
            f"{number(f1.at[v, 'low'], 2)} to {number(f1.at[v, 'high'], 2)}",
            f"{number(f1.at[v, 'low'], 2)}~{number(f1.at[v, 'high'], 2)}",
        )
        if v in f1.index and pd.notna(f1.at[v, "low"])
        else "–"
        for v in test["variant"]
    ]
    table["average_precision"] = test["average_precision"]
    return table.rename(columns={"n": "decisions"})
