import os
from pathlib import Path

import pandas as pd
import pytest

from harmlib.audit.published import published_figures

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("HARMLIB_SHARED", ROOT / ".." / "shared"))


def test_figures_are_the_twelve_rows_printed_in_full():
    figures = published_figures()
    assert list(figures.columns) == [
        "modality",
        "model",
        "epoch",
        "threshold",
        "precision",
        "recall",
        "f1",
    ]
    assert (figures["modality"] == "video").all()
    assert figures.groupby(["model", "epoch"]).size().to_dict() == {
        (2, 1): 1,
        (3, 1): 9,
        (3, 2): 1,
        (3, 3): 1,
    }
    best = figures.loc[figures["f1"].idxmax()]
    assert best[["model", "epoch", "threshold", "f1"]].tolist() == [3, 1, 0.70, 0.9405]


def test_every_figure_was_printed_in_the_seed_report():
    report = SHARED / "seed" / "final_model3_report.md"
    if not report.is_file():
        pytest.skip(f"the seed report is not at {report} (set HARMLIB_SHARED)")
    text = report.read_text(encoding="utf-8")
    for row in published_figures().itertuples():
        for figure in (row.precision, row.recall, row.f1):
            assert f"{figure:.4f}" in text
        if (row.model, row.epoch) == (3, 1):
            line = f"Threshold={row.threshold:.2f}: Precision={row.precision:.4f}, "
            assert line + f"Recall={row.recall:.4f}, F1={row.f1:.4f}" in text


def test_figures_equal_the_shared_table():
    path = SHARED / "seed" / "published_counts.csv"
    if not path.is_file():
        pytest.skip(f"the seed table is not at {path} (set HARMLIB_SHARED)")
    shared = pd.read_csv(path).drop(columns=["tp", "fp", "fn", "tn"])
    pd.testing.assert_frame_equal(published_figures().drop(columns="modality"), shared)
