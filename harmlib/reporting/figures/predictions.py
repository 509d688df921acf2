"""Figures of a saved model on new files."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from harmlib.analysis.bands import Bands
from harmlib.language import written
from harmlib.reporting.figures.scores import draw_histogram
from harmlib.reporting.figures.style import GREY, HARMFUL, SAFE, whole_numbers
from harmlib.reporting.text.korean import MODALITY, backbone_name, signed
from harmlib.reporting.text.review_bands import BANDS

_BAND_COLOURS = {"pass": SAFE, "review": GREY, "block": HARMFUL}
_BINS = 40  # of the range from 0 to 1


def scores_and_bands(
    validation: pd.DataFrame,
    probabilities: npt.ArrayLike,
    threshold: float,
    bands: Bands,
    modality: str,
) -> Figure:
    """Draw validation's scores by label above, those of new files below, with threshold and bands.

    Parameters
    ----------
    validation : DataFrame
        One row per item; columns label (0 or 1), probability (0 to 1).
    probabilities : array_like of shape (n,)
        Of the new files, 0 to 1; n may be 0.
    threshold : float
        The operating threshold, a probability.
    bands : Bands
        Where validation passes, reviews and blocks.
    modality : str
        `image` or `video`.

    Returns
    -------
    Figure

    Examples
    --------
    >>> validation = pd.DataFrame({"label": [0, 1, 1], "probability": [0.1, 0.7, 0.9]})
    >>> bands = Bands(0.9, 0.9, "ok", 0.2, 0.8, pd.DataFrame())
    >>> figure = scores_and_bands(validation, [0.3, 0.9], 0.45, bands, "video")
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['유해', '안전', 'Threshold 0.450', '이 폴더', '통과', '검토', '차단']
    """
    figure = Figure(figsize=(8.2, 4.8))
    upper, lower = figure.subplots(2, 1, sharex=True)
    draw_histogram(upper, validation, _BINS)
    new = np.asarray(probabilities, float)
    lower.hist(
        new,
        _BINS,
        range=(0, 1),
        color=GREY,
        edgecolor="white",
        label=written("this folder", "이 폴더"),
    )
    ranges = _ranges(bands)
    for axes in (upper, lower):
        axes.axvline(threshold, color="black", linewidth=1.4, label=f"Threshold {threshold:.3f}")
        for name, (low, high) in ranges.items():
            axes.axvspan(low, high, color=_BAND_COLOURS[name], alpha=0.13, zorder=0, linewidth=0)
        axes.set(ylabel=written("Items", "항목 수"), xlim=(0, 1))
        whole_numbers(axes.yaxis)
    upper.set_title(
        written(
            f"{MODALITY[modality]}: validation above, this folder below",
            f"{MODALITY[modality]}: 위는 검증, 아래는 이 폴더",
        )
    )
    lower.set_xlabel(written("Probability of harmful", "유해 확률"))
    shades = [
        Patch(color=_BAND_COLOURS[name], alpha=0.25, label=BANDS[name])
        for name, (low, high) in ranges.items()
        if high > low
    ]
    handles = upper.get_legend_handles_labels()[0] + lower.get_legend_handles_labels()[0][:1]
    figure.legend(handles=handles + shades, loc="outside lower center", ncols=4, fontsize=10)
    return figure


def _ranges(bands: Bands) -> dict[str, tuple[float, float]]:
    low = 0.0 if bands.pass_at is None else bands.pass_at
    high = 1.0 if bands.block_above is None else bands.block_above
    return {"pass": (0.0, low), "review": (low, high), "block": (high, 1.0)}


def contribution_bars(contributions: Mapping[str, float]) -> Figure:
    """Draw what each backbone added to the logit, compared with the average training item.

    Parameters
    ----------
    contributions : mapping of str to float
        Logits (Shapley values) by the name of the backbone.

    Returns
    -------
    Figure

    Examples
    --------
    >>> figure = contribution_bars({"clip": 0.25, "slowfast": -0.5})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['+0.250', '−0.500']
    """
    figure = Figure(figsize=(6.4, 0.55 * len(contributions) + 1.3))
    axes = figure.subplots()
    values = list(contributions.values())
    colours = [HARMFUL if value > 0 else SAFE for value in values]
    bars = axes.barh([backbone_name(name) for name in contributions], values, color=colours)
    axes.bar_label(bars, [signed(value, 3) for value in values], padding=4)
    axes.axvline(0, color="black", linewidth=1)
    axes.margins(x=0.2)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set(
        title=written("Share of each backbone", "백본의 몫"),
        xlabel=written(
            "Added to the logit (right: towards harmful, left: towards safe)",
            "logit에 더한 값 (오른쪽은 유해, 왼쪽은 안전 쪽)",
        ),
    )
    return figure
