"""The figure of 00_data: how the items are divided."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from harmlib.language import written
from harmlib.reporting.figures.style import HARMFUL, SAFE, panels
from harmlib.reporting.text.korean import LABEL, MODALITY, SPLIT


def class_balance(manifest: pd.DataFrame) -> Figure:
    """Draw the harmful and safe items of each split, one panel per modality.

    Parameters
    ----------
    manifest : DataFrame
        One row per item; columns modality, split, label (0 or 1).

    Returns
    -------
    Figure
        Stacked bars with their counts.

    Examples
    --------
    >>> columns = {"modality": "image", "split": ["train", "val", "test"], "label": [1, 0, 1]}
    >>> [axes.get_title() for axes in class_balance(pd.DataFrame(columns)).axes]
    ['이미지: 분할별 항목 수']
    """
    modalities = list(dict.fromkeys(manifest["modality"]))
    figure, columns = panels(len(modalities), height=3.2)
    for axes, modality in zip(columns, modalities, strict=True):
        rows = manifest[manifest["modality"] == modality]
        counts = rows.groupby(["split", "label"]).size().unstack(fill_value=0).reindex([*SPLIT])
        left = np.zeros(len(counts))
        for label, colour in ((1, HARMFUL), (0, SAFE)):
            bars = axes.barh(
                list(SPLIT.values()), counts[label], left=left, color=colour, label=LABEL[label]
            )
            axes.bar_label(bars, label_type="center", color="white", fontweight="bold")
            left += counts[label].to_numpy()
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set(
            title=written(
                f"{MODALITY[modality]}: items by split", f"{MODALITY[modality]}: 분할별 항목 수"
            ),
            xlabel=written("Items", "항목 수"),
        )
        axes.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, -0.42))
    return figure
