"""A run and a report in memory, with as much as the first screen looks at."""

import math
from types import SimpleNamespace

import pandas as pd

from harmlib.analysis.recommendation import METRICS
from harmlib.params import load_params

NAN = math.nan


class MemoryRun:
    """Keeps tables as a run's folder does: what is read has the file's name, and no empty text."""

    def __init__(self, params, scores):
        self.params, self.tables, self._scores = params, {}, scores

    def write(self, table, name):
        self.tables[name] = table

    def read(self, name, made_by):
        assert made_by == "05_report"
        table = self.tables[name].replace({"": None}).reset_index(drop=True)
        table.attrs = {"name": name, "rows": len(table)}
        return table

    def scores(self, modality, *, folds=False):
        return self._scores[modality].iloc[:0] if folds else self._scores[modality]


def made_scores(equal):
    rows = [
        {"variant": variant, "seed": 1, "fold": -1, "epoch": 1, "split": "test", "item_id": item,
         "probability": probability + shift}
        for variant, shift in (("model2", 0.0), ("model4", 0.0 if equal else 0.1))
        for item, probability in (("a", 0.2), ("b", 0.7))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def named(table, name):
    table = table.reset_index(drop=True)
    table.attrs = {"name": f"tables/{name}.csv", "rows": len(table)}
    return table


def make(
    *,
    baseline=(0.05, 0.2),
    pair=(0.02, 0.2),
    weights="pretrained (abc)",
    equal=False,
    edge="",
    given=None,
    ledger=(),
    drop=(-0.1, 0.1),
    folds=False,
    policies=None,
    mute=(),
    state="ok",
):
    """A run and its report of one section, `video`, where validation prefers model4 to model2."""
    params = load_params("params/demo.yaml").model_copy(update={"mute": list(mute)})
    names = ["model2", "model4"]
    chosen = pd.DataFrame({"variant": names, "f1": [0.8, 0.9], "epoch": [1, 3],
                           "threshold": [0.5, 0.3], "state": ["ok", state],
                           "at_grid_edge": ["", edge], "best_threshold": [0.5, 0.3]})  # fmt: skip
    results = pd.DataFrame({"variant": [*names, "baseline"], "n": 60, "tp": [30, 36, 40],
                            "fp": [8, 5, 20], "fn": [10, 4, 0], "tn": [12, 15, 0]})  # fmt: skip
    if folds:
        results = results.assign(folds=5, seeds=3, items=20)
    nothing = math.isnan(baseline[0])
    ends = (NAN, NAN) if nothing else (0.78, 0.97)
    intervals = pd.DataFrame(
        [(v, m, 0.9, *ends, 3 if nothing else 9, 8) for v in names for m in METRICS],
        columns=["variant", "metric", "value", "low", "high", "harmful_groups", "safe_groups"],
    )
    against = pd.DataFrame(
        {"variant": names, "baseline": 0.8, "difference": sum(baseline) / 2,
         "corrected_low": baseline[0], "corrected_high": baseline[1], "groups": 9,
         "groups_needed": 40.0}
    )  # fmt: skip
    pairs = pd.DataFrame(
        {"split": ["test"], "metric": "f1", "a": "model2", "b": "model4",
         "difference": sum(pair) / 2, "corrected_low": pair[0], "corrected_high": pair[1]}
    )  # fmt: skip
    shares = [("data", 0.7)] + ([("given", given)] if given else [])
    prevalence = pd.DataFrame(
        [(v, origin, share, 0.2, 0.3) for v in names for origin, share in shares],
        columns=["variant", "origin", "prevalence", "precision", "flagged_share"],
    )
    drops = pd.DataFrame({"variant": names, "validation": 0.9, "test": 0.8, "difference": -0.1,
                          "low": drop[0], "high": drop[1]})  # fmt: skip
    backbones = pd.DataFrame({"backbone": ["clip"], "weights": weights, "modality": "video"})
    lost = pd.DataFrame({"modality": list(ledger)}, dtype=str)
    whole = {"split": ["all"], "n": 20, "group": 9}
    report = SimpleNamespace(
        modalities=("video",),
        sections={"video": ("video",)},
        weights=backbones,
        ledger=named(lost, "ledger"),
        items={"video": named(pd.DataFrame(whole), "items_video")},
        prevalence={"video": named(prevalence, "prevalence_video")},
        drops={"video": named(drops, "drops_video")},
        policies={"video": policies} if policies is not None else {},
        against_baseline={"video": named(against, "against_baseline_video")},
        differences={"video": named(pairs, "differences_video")},
        medium=lambda section: section,
        preferred=lambda _: chosen,
        chosen=lambda _: named(chosen, "operating_points_video"),
        results=lambda _: results,
        evidence=lambda _: intervals,
    )
    return MemoryRun(params, {"video": made_scores(equal)}), report
