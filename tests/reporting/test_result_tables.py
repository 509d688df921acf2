import pandas as pd
import pytest

from harmlib.reporting.text import result_tables as tables


def test_the_baseline_is_the_last_row_with_what_the_table_has():
    own = pd.DataFrame({"variant": "model3", "epoch": [1, 1], "precision": 0.8, "recall": 0.9,
                        "f1": [0.85, 0.8]})  # fmt: skip
    table = tables.with_baseline(own.assign(tp=[3, 2]), harmful=30, safe=10)
    last = table.iloc[-1]
    assert (last["variant"], last["tp"], last["recall"]) == ("baseline", 30, 1.0)
    assert last["precision"] == 0.75
    assert last["f1"] == pytest.approx(60 / 70)
    assert last["epoch"] is pd.NA
    assert [type(value) for value in table["tp"]] == [int, int, int]
    assert set(table) == {*own, "tp"}


def pair(metric, low, high, split="test", a="model2", b="model4"):
    return {"split": split, "a": a, "b": b, "metric": metric, "corrected_low": low,
            "corrected_high": high}  # fmt: skip


def test_effect_is_the_last_variant_less_the_first_on_test(published):
    test = pd.DataFrame(
        {"variant": ["model2", "model3", "model4", "baseline"], "f1": [0.85, 0.5, 0.86, 0.8571],
         "threshold": [0.5, 0.4, 0.3, None], "precision": [0.8, 0.7, 0.75, 0.75],
         "recall": [0.9, 0.9, 1.0, 1.0]}
    )  # fmt: skip
    apart = pd.DataFrame(
        [pair("f1", -0.02, 0.04), pair("f1", 0.5, 0.6, split="val"),
         pair("f1", 0.7, 0.8, a="model3"), pair("precision", float("nan"), float("nan"))]
    )  # fmt: skip
    table = tables.effect_table(test, apart, published).set_index("항목")
    difference = table["차이(Model 4 − Model 2)"]
    assert difference["F1"] == "+0.0100"
    assert difference["Precision"] == "−0.0500"
    assert difference["Threshold"] == "−0.20"
    assert table["차이의 95% 신뢰구간"].tolist() == ["−0.0200~+0.0400", "–", "–", "–"]
    assert table["모두 유해(기준선)"].tolist() == ["0.8571", "0.7500", "1.0000", "–"]
    assert table.loc["F1", "이전 보고서 Model 3"] == "0.8800"
    assert not [
        c for c in tables.effect_table(test, apart, published.head(0)) if "이전 보고서" in c
    ]


def test_the_summary_gives_the_baseline_no_interval():
    test = pd.DataFrame(
        {"variant": ["model4", "baseline"], "threshold": [0.3, None], "tp": 9, "fp": 2, "fn": 1,
         "tn": 3, "precision": 0.8, "recall": 0.9, "f1": [0.9, 0.84], "average_precision": 0.95}
    )  # fmt: skip
    intervals = pd.DataFrame(
        {"variant": "model4", "metric": ["recall", "f1"], "low": [0.1, 0.87], "high": [0.2, 1.0]}
    )
    table = tables.summary_table(test, intervals)
    assert table["F1의 95% 신뢰구간"].tolist() == ["0.87~1.00", "–"]
    assert list(table)[:6] == ["variant", "threshold", "tp", "fp", "fn", "tn"]
    few = intervals.assign(low=float("nan"), high=float("nan"))
    assert tables.summary_table(test, few)["F1의 95% 신뢰구간"].tolist() == ["–", "–"]
