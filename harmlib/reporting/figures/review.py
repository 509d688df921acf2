"""The figure of what people find, by how much they look at."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from harmlib.language import written
from harmlib.reporting.figures.style import COLOURS, GREY, PLATE, small_multiples
from harmlib.reporting.text.korean import model_name


def review_share(review: pd.DataFrame, results: pd.DataFrame) -> Figure:
    """Draw recall against the share that people look at, with its band, one panel per variant.

    Parameters
    ----------
    review : DataFrame
        As `harmlib.analysis.review_share.review_share` returns it; columns variant, flagged_share,
        recall, low, high (NaN with too few groups).
    results : DataFrame
        One row per variant; columns variant, tp, fp, fn, tn (at the operating threshold).

    Returns
    -------
    Figure

    Examples
    --------
    >>> review = pd.DataFrame({"variant": "model4", "flagged_share": [0.5, 1.0],
    ...                        "recall": [0.7, 1.0], "low": 0.6, "high": 1.0})
    >>> results = pd.DataFrame({"variant": ["model4"], "tp": 6, "fp": 1, "fn": 1, "tn": 2})
    >>> (axes,) = review_share(review, results).axes
    >>> axes.texts[0].get_text()
    '운영: 70% 보고 86% 찾음'
    """
    variants = list(dict.fromkeys(review["variant"]))
    figure, panels = small_multiples(len(variants), height=2.7)
    for axes, variant in zip(panels, variants, strict=True):
        rows = review[review["variant"] == variant].sort_values("flagged_share")
        axes.fill_between(rows["flagged_share"], rows["low"], rows["high"], color=COLOURS[0],
                          alpha=0.2, linewidth=0)  # fmt: skip
        axes.plot(rows["flagged_share"], rows["recall"], color=COLOURS[0])
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
        for row in results[results["variant"] == variant].itertuples():
            harmful = max(row.tp + row.fn, 1)
            share = (row.tp + row.fp) / (row.tp + row.fp + row.fn + row.tn)
            axes.plot(share, row.tp / harmful, "o", color=COLOURS[0], markeredgecolor="black",
                      clip_on=False, zorder=4)  # fmt: skip
            words = written(
                "operating: {seen} seen, {found} found", "운영: {seen} 보고 {found} 찾음"
            )
            axes.annotate(
                words.format(seen=f"{share:.0%}", found=f"{row.tp / harmful:.0%}"), (0.98, 0.04),
                xycoords="axes fraction", ha="right", fontsize=8.5, bbox=PLATE,
            )  # fmt: skip
        axes.set(
            title=model_name(variant),
            xlabel=written("Share reviewed", "검토한 비율"),
            xlim=(0, 1.02),
        )
        axes.set_xticks([0, 0.5, 1], ["0%", "50%", "100%"])
    panels[0].set(ylabel="Recall", ylim=(0, 1.04))
    panels[0].set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
    return figure
