import pandas as pd
import pytest

from harmlib.reporting.text.published_tables import beside_published


def test_printed_figures_stand_beside_the_same_epoch_and_threshold(published):
    own = pd.DataFrame(
        {"variant": "model3", "epoch": [1, 1], "threshold": [0.30000000000000004, 0.4],
         "precision": 0.8, "recall": 0.9, "f1": [0.85, 0.8]}
    )  # fmt: skip
    table = beside_published(own, published, "model3")
    assert table["이전 보고서 F1"].tolist() == pytest.approx([0.86, float("nan")], nan_ok=True)
    assert beside_published(own, published.head(0), "model3") is own
