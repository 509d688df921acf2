"""Figures: a table in, a matplotlib Figure out. Nothing is loaded or saved here."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harmlib.reporting.figures.fonts import use_korean_fonts
from harmlib.reporting.text.korean import BASELINE_NAME, LABEL, MODALITY, SPLIT, model_name

# Okabe and Ito's palette: told apart by people with any colour vision; shapes and dashes help.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"]
HARMFUL, SAFE, GREY = "#D55E00", "#0072B2", "#6b7280"
MAX_LABELLED_EPOCHS = 5
MARKERS = "osD^vP"
DASHES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1))]


def style() -> None:
    """Fonts and looks of every figure. Call it once before drawing."""
    use_korean_fonts()
    matplotlib.rcParams.update(
        {
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#e5e7eb",
            "font.size": 11,
            "axes.titlesize": 13,
            "axes.titleweight": "bold",
            "legend.frameon": False,
            "svg.hashsalt": "harmlib",  # the same figure gives the same file
        }
    )


def _panels(count: int, width: float = 5.6, height: float = 4.4) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width * count, height))
    return figure, list(np.atleast_1d(figure.subplots(1, count)))


def class_balance(manifest: pd.DataFrame) -> Figure:
    """Harmful and safe items of each split. manifest : columns modality, split, label."""
    modalities = list(dict.fromkeys(manifest["modality"]))
    figure, panels = _panels(len(modalities), height=3.2)
    for axes, modality in zip(panels, modalities, strict=True):
        rows = manifest[manifest["modality"] == modality]
        counts = rows.groupby(["split", "label"]).size().unstack(fill_value=0).reindex(SPLIT)
        left = np.zeros(len(counts))
        for label, colour in ((1, HARMFUL), (0, SAFE)):
            bars = axes.barh(
                list(SPLIT.values()), counts[label], left=left, color=colour, label=LABEL[label]
            )
            axes.bar_label(bars, label_type="center", color="white", fontweight="bold")
            left += counts[label].to_numpy()
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set(title=f"{MODALITY[modality]}: 분할별 항목 수", xlabel="항목 수")
        axes.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, -0.42))
    return figure


def training_history(history: pd.DataFrame) -> Figure:
    """Loss by epoch. history : columns variant, epoch, train_loss, val_loss."""
    variants = list(dict.fromkeys(history["variant"]))
    figure, panels = _panels(len(variants), width=4.2, height=3.4)
    for axes, variant in zip(panels, variants, strict=True):
        rows = history[history["variant"] == variant]
        axes.plot(rows["epoch"], rows["train_loss"], "o-", color=GREY, label="학습")
        axes.plot(rows["epoch"], rows["val_loss"], "s--", color=HARMFUL, label="검증")
        axes.set(title=f"{model_name(variant)}: epoch별 loss", xlabel="Epoch", ylabel="Loss")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    return figure


def precision_recall(curves: pd.DataFrame, points: pd.DataFrame, prevalence: float) -> Figure:
    """PR curves of several models in one figure, with the line of the baseline.

    curves : columns variant, threshold, recall, precision
    points : columns variant, recall, precision, threshold: where each model operates
    prevalence : precision of calling everything harmful
    """
    figure, (axes,) = _panels(1, width=7.6, height=5.2)
    axes.axhline(prevalence, color=GREY, linestyle=":", zorder=1)
    axes.annotate(
        f"{BASELINE_NAME}: Precision {prevalence:.3f}",
        (0.0, prevalence),
        color=GREY,
        xytext=(0, -14),
        textcoords="offset points",
        fontsize=9.5,
    )
    marks = {}
    for i, variant in enumerate(dict.fromkeys(curves["variant"])):
        rows = curves[curves["variant"] == variant].sort_values("threshold")
        look = {"color": COLOURS[i % 6], "linestyle": DASHES[i % 6], "linewidth": 1.8}
        axes.plot(rows["recall"], rows["precision"], drawstyle="steps-post", **look)
        marks[variant] = {**look, "marker": MARKERS[i % 6], "markersize": 10 - i}
    for variant, look in marks.items():
        for at in points[points["variant"] == variant].itertuples():
            label = f"{model_name(variant)} (threshold {at.threshold:.2f})"
            axes.plot(at.recall, at.precision, label=label, markeredgecolor="black", **look)
    low = min(curves["precision"].min(), prevalence)
    axes.set(
        title="PR 곡선: 점은 각 모델의 운영 threshold",
        xlabel="Recall (유해 중 찾아낸 비율)",
        ylabel="Precision (유해 판정 중 맞은 비율)",
        xlim=(-0.02, 1.03),
        ylim=(max(0, low - 0.15), 1.03),
    )
    axes.legend(loc="lower left", fontsize=10)
    return figure


def epoch_thresholds(epochs: pd.DataFrame, grid: tuple[float, float]) -> Figure:
    """The best threshold of each epoch with its interval, its F1 beside the mark.

    epochs : columns variant, epoch, threshold, low, high (of the threshold), value (F1)
    grid : lowest and highest threshold that were tried
    """
    figure, (axes,) = _panels(1, width=7.6, height=4.4)
    variants = list(dict.fromkeys(epochs["variant"]))
    for i, variant in enumerate(variants):
        rows = epochs[epochs["variant"] == variant]
        # A little to the side, so that the marks of two models are both seen.
        x = rows["epoch"] + (i - (len(variants) - 1) / 2) * 0.14
        look = {"marker": MARKERS[i % 6], "linestyle": DASHES[i % 6], "color": COLOURS[i % 6]}
        # Not an error bar: a percentile interval need not hold the sample's own best threshold.
        axes.vlines(x, rows["low"], rows["high"], color=COLOURS[i % 6], linewidth=4, alpha=0.3)
        axes.plot(x, rows["threshold"], label=model_name(variant), markersize=8, **look)
        if epochs["epoch"].nunique() <= MAX_LABELLED_EPOCHS:
            side = (
                {"ha": "right", "xytext": (-7, 6)} if i == 0 else {"ha": "left", "xytext": (7, 6)}
            )
            for at, row in zip(x, rows.itertuples(), strict=True):
                axes.annotate(
                    f"F1 {row.value:.3f}",
                    (at, row.threshold),
                    textcoords="offset points",
                    fontsize=9,
                    color=COLOURS[i % 6],
                    **side,
                )
    for edge, name, side in zip(grid, ("격자의 아래 끝", "격자의 위 끝"), (-13, 3), strict=True):
        axes.axhline(edge, color=GREY, linestyle=":", linewidth=1)
        axes.annotate(
            name,
            (0.0, edge),
            xycoords=("axes fraction", "data"),
            fontsize=9,
            color=GREY,
            xytext=(3, side),
            textcoords="offset points",
        )
    axes.set(
        title="Epoch별 최적 threshold와 95% 구간",
        xlabel="Epoch",
        ylabel="최적 threshold (검증 F1 기준)",
        ylim=(grid[0] - 0.08, grid[1] + 0.08),
        xlim=(epochs["epoch"].min() - 0.6, epochs["epoch"].max() + 0.6),
    )
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def metrics_by_threshold(sweeps: pd.DataFrame, points: pd.DataFrame) -> Figure:
    """Precision, recall and F1 against the threshold, a panel for each model.

    sweeps : columns variant, threshold, precision, recall, f1 (every attainable threshold)
    points : columns variant, threshold: where each model operates
    """
    variants = list(dict.fromkeys(sweeps["variant"]))
    figure, panels = _panels(len(variants), width=4.3, height=3.9)
    for axes, variant in zip(panels, variants, strict=True):
        rows = sweeps[sweeps["variant"] == variant]
        for column, name, i in (
            ("precision", "Precision", 0),
            ("recall", "Recall", 1),
            ("f1", "F1", 2),
        ):
            axes.plot(
                rows["threshold"],
                rows[column],
                linestyle=DASHES[i],
                color=COLOURS[i],
                label=name,
                drawstyle="steps-post",
                linewidth=2.4 if column == "f1" else 1.5,
            )
        for threshold in points.loc[points["variant"] == variant, "threshold"]:
            axes.axvline(threshold, color="black", linewidth=1)
            axes.annotate(
                f"운영 {threshold:.2f}",
                (threshold, 0.02),
                rotation=90,
                fontsize=9,
                xytext=(3, 0),
                textcoords="offset points",
            )
        axes.set(title=model_name(variant), xlabel="Threshold", xlim=(0, 1), ylim=(0, 1.03))
    panels[0].set_ylabel("지표")
    panels[-1].legend(loc="lower left")
    return figure


def score_distribution(scores: pd.DataFrame, points: pd.DataFrame) -> Figure:
    """Where harmful and safe items score, a panel for each model, with its threshold.

    scores : columns variant, label, probability; points : columns variant, threshold
    """
    variants = list(dict.fromkeys(scores["variant"]))
    figure, panels = _panels(len(variants), width=4.3, height=3.4)
    bins = np.linspace(0, 1, 26)
    for axes, variant in zip(panels, variants, strict=True):
        rows = scores[scores["variant"] == variant]
        for label, colour, hatch in ((1, HARMFUL, ""), (0, SAFE, "//")):
            axes.hist(
                rows.loc[rows["label"] == label, "probability"],
                bins,
                color=colour,
                alpha=0.55,
                label=LABEL[label],
                hatch=hatch,
                edgecolor="white",
            )
        for threshold in points.loc[points["variant"] == variant, "threshold"]:
            axes.axvline(threshold, color="black", linewidth=1.2)
        axes.set(title=model_name(variant), xlabel="유해 확률", xlim=(0, 1))
    panels[0].set_ylabel("항목 수")
    panels[0].legend()
    return figure
