import pandas as pd
import pytest

from harmlib.reporting.text import epoch_tables as tables


def test_the_highest_f1_of_each_group_of_rows_is_marked():
    table = pd.DataFrame({"epoch": [1, 1, 2], "f1": [0.5, 0.6, 0.4]})
    assert tables.best_f1(table).tolist() == [False, True, False]
    assert tables.best_f1(table, by=["epoch"]).tolist() == [False, True, True]


def test_overview_takes_the_best_printed_row_of_each_epoch(published):
    points = pd.DataFrame(
        {"variant": ["model3", "model4"], "epoch": 1, "train_loss": 0.5, "val_loss": 0.6,
         "best_threshold": 0.35, "best_precision": 0.8, "best_recall": 0.9, "best_f1": 0.85}
    )  # fmt: skip
    table = tables.epoch_overview(points, published)
    assert table["f1"].tolist() == [0.85, 0.85]
    assert table["이전 보고서 Threshold"].tolist() == pytest.approx(
        [0.7, float("nan")], nan_ok=True
    )
    assert not [c for c in tables.epoch_overview(points, published.head(0)) if "이전 보고서" in c]
