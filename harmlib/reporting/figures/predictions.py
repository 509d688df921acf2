"""Figures of a saved model on new files. Tables in, Figure out; see `figures`."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from harmlib.analysis.bands import Bands
from harmlib.reporting.figures.report import GREY, HARMFUL, SAFE
from harmlib.reporting.text.korean import LABEL, MODALITY, signed
from harmlib.reporting.text.predictions import BACKBONES, BANDS

_BAND_COLOURS = {"pass": SAFE, "review": GREY, "block": HARMFUL}


def scores_and_bands(
    validation: pd.DataFrame, probabilities, threshold: float, bands: Bands, modality: str
) -> Figure:
    """Validation's scores by label above, those of new files below, with threshold and bands.

    validation : label, probability. probabilities : (n,) of the new files
    """
    figure = Figure(figsize=(8.2, 4.8))
    upper, lower = figure.subplots(2, 1, sharex=True)
    bins = np.linspace(0, 1, 41)
    for label, colour, hatch in ((1, HARMFUL, ""), (0, SAFE, "//")):
        own = validation.loc[validation["label"] == label, "probability"]
        look = {"color": colour, "alpha": 0.6, "hatch": hatch, "edgecolor": "white"}
        upper.hist(own, bins, label=LABEL[label], **look)
    lower.hist(
        np.asarray(probabilities, float), bins, color="#374151", edgecolor="white", label="이 폴더"
    )
    for axes in (upper, lower):
        axes.axvline(threshold, color="black", linewidth=1.4, label=f"Threshold {threshold:.3f}")
        for name, (low, high) in _spans(bands).items():
            axes.axvspan(low, high, color=_BAND_COLOURS[name], alpha=0.13, zorder=0, linewidth=0)
        axes.set(ylabel="항목 수", xlim=(0, 1))
        axes.set_axisbelow(True)
        axes.yaxis.get_major_locator().set_params(integer=True)
    upper.set_title(f"{MODALITY[modality]}: 위는 검증, 아래는 이 폴더")
    lower.set_xlabel("유해 확률")
    shades = [
        Patch(color=_BAND_COLOURS[name], alpha=0.25, label=BANDS[name])
        for name, (low, high) in _spans(bands).items()
        if high > low
    ]
    handles = upper.get_legend_handles_labels()[0] + lower.get_legend_handles_labels()[0][:1]
    figure.legend(handles=handles + shades, loc="outside lower center", ncols=4, fontsize=10)
    return figure


def _spans(bands: Bands) -> dict[str, tuple[float, float]]:
    low = 0.0 if bands.pass_at is None else bands.pass_at
    high = 1.0 if bands.block_above is None else bands.block_above
    return {"pass": (0.0, low), "review": (low, high), "block": (high, 1.0)}


def contribution_bars(contributions: dict[str, float]) -> Figure:
    """What each backbone added to the logit, against the average training item."""
    figure = Figure(figsize=(6.4, 0.55 * len(contributions) + 1.3))
    axes = figure.subplots()
    values = list(contributions.values())
    colours = [HARMFUL if value > 0 else SAFE for value in values]
    bars = axes.barh([BACKBONES[name] for name in contributions], values, color=colours)
    axes.bar_label(bars, [signed(value, 3) for value in values], padding=4)
    axes.axvline(0, color="black", linewidth=1)
    axes.margins(x=0.2)
    axes.set_axisbelow(True)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set(title="백본의 몫", xlabel="logit에 더한 값 (오른쪽은 유해, 왼쪽은 안전 쪽)")
    return figure
