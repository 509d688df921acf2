"""Tables of differences, as the study writes them: of an ablation, and of any other kind."""

import numpy as np
import pandas as pd

FACTORS = ["loss", "pos_weight", "threshold_rule"]

NONE = dict.fromkeys(["low", "high", "corrected_low", "corrected_high"], np.nan)


def table(rows, name="tables/ablation_video.csv"):
    found = pd.DataFrame(rows)
    found.attrs = {"name": name, "rows": len(found)}
    return found


def one(difference, half=0.02, before=0.7, **keys):
    ends = {"low": difference - half, "high": difference + half}
    wide = {"corrected_low": difference - 1.5 * half, "corrected_high": difference + 1.5 * half}
    level = {"metric": "f1", "before": before, "after": before + difference}
    return keys | level | {"difference": difference, "seeds": 10, "groups": 30} | ends | wide


def effects(in_order, alone, shapley):
    rows, before = [], 0.7
    for factor, difference in zip(FACTORS, in_order, strict=True):
        half = 0 if difference == 0 else 0.02
        rows.append(one(difference, half, before, way="in_order", factor=factor))
        before += difference
    rows.append(one(sum(in_order), way="in_order", factor="total"))
    for way, differences in (("alone", alone), ("shapley", shapley)):
        rows += [
            one(d, 0 if d == 0 else 0.02, way=way, factor=f)
            for f, d in zip(FACTORS, differences, strict=True)
        ]
    return table(rows)


HELPED = effects([0, -0.01, 0.09], [0, 0.01, 0.05], [0, 0.01, 0.07])


def fused(values, half=0.05):
    rows = [
        {"setting": setting, "metric": metric, "value": value, "low": value - half,
         "high": value + half}
        for setting, value in values.items() for metric in ("roc_auc", "f1")
    ]  # fmt: skip
    return table(rows, "tables/fusion_video.csv")


def claimed(difference, half=0.02):
    rows = [
        one(difference, half, name=name) | {"metric": metric}
        for name in ("model2", "model4") for metric in ("accuracy", "roc_auc", "f1")
    ]  # fmt: skip
    return table(rows, "tables/claims_video.csv")
