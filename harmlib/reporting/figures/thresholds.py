"""The figure of precision, recall and F1 along the thresholds."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from harmlib.language import written
from harmlib.reporting.figures.style import COLOURS, DASHES, small_multiples
from harmlib.reporting.text.korean import model_name


def metrics_by_threshold(curves: pd.DataFrame, chosen: pd.DataFrame) -> Figure:
    """Draw precision, recall and F1 against the threshold, one panel per variant.

    Parameters
    ----------
    curves : DataFrame
        One row per variant and threshold; columns variant, threshold, precision, recall, f1.
    chosen : DataFrame
        One row per variant; columns variant, threshold (the operating threshold).

    Returns
    -------
    Figure

    Examples
    --------
    >>> curves = pd.DataFrame({"variant": "model4", "threshold": [0.1, 0.6], "precision": [0.7, 0.9],
    ...                        "recall": [1.0, 0.8], "f1": [0.82, 0.85]})
    >>> [axes.get_title() for axes in metrics_by_threshold(curves, curves.tail(1)).axes]
    ['Model 4']
    """
    variants = list(dict.fromkeys(curves["variant"]))
    figure, columns = small_multiples(len(variants), height=3.1)
    for axes, variant in zip(columns, variants, strict=True):
        rows = curves[curves["variant"] == variant]
        for i, (metric, name) in enumerate(
            {"precision": "Precision", "recall": "Recall", "f1": "F1"}.items()
        ):
            axes.plot(
                rows["threshold"],
                rows[metric],
                linestyle=DASHES[i],
                color=COLOURS[i],
                label=name,
                drawstyle="steps-post",
                linewidth=2.4 if metric == "f1" else 1.5,
            )
        for threshold in chosen.loc[chosen["variant"] == variant, "threshold"]:
            axes.axvline(threshold, color="black", linewidth=1)
            axes.annotate(
                written(f"operating {threshold:.2f}", f"운영 {threshold:.2f}"),
                (threshold, 0.02),
                rotation=90,
                fontsize=9,
                xytext=(3, 0),
                textcoords="offset points",
            )
        axes.set(title=model_name(variant), xlabel="Threshold", xlim=(0, 1), ylim=(0, 1.03))
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    columns[0].set_ylabel(written("Metric", "지표"))
    names = columns[0].get_legend_handles_labels()
    figure.legend(*names, loc="outside lower center", ncols=3, fontsize=9)
    return figure
