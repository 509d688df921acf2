import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, confusion_matrix, f1_score, roc_auc_score

from harmlib.analysis.pooled import pooled_results

N, FOLDS, SEEDS = 60, 3, (4, 5)


@pytest.fixture
def tables():
    """Made-up scores of two variants on folds, every fold with its own threshold."""
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, N)
    fold_of = np.arange(N) % FOLDS
    rows = []
    for variant in ("one", "two"):
        for seed in SEEDS:
            for fold in range(FOLDS):
                for split, tested in (("test", fold), ("val", (fold + 1) % FOLDS)):
                    own = fold_of == tested
                    logit = rng.normal(label[own] * 1.5, 1)
                    rows.append(pd.DataFrame({
                        "variant": variant, "seed": seed, "fold": fold, "epoch": 1, "split": split,
                        "item_id": [f"{i:03d}" for i in np.flatnonzero(own)], "label": label[own],
                        "group": np.flatnonzero(own) // 3, "logit": logit,
                        "probability": 1 / (1 + np.exp(-logit)),
                    }))  # fmt: skip
    scored = pd.concat(rows)
    points = scored[["variant", "seed", "fold", "epoch"]].drop_duplicates()
    return scored, points.assign(threshold=rng.uniform(0.4, 0.7, len(points)), chosen=True)


def test_figures_are_scikit_learns_of_all_decisions(tables):
    scored, points = tables
    found = pooled_results(scored, points).set_index("variant")
    for variant in ("one", "two"):
        test = scored[(scored["variant"] == variant) & (scored["split"] == "test")]
        test = test.merge(points, on=["variant", "seed", "fold", "epoch"])
        flagged, row = test["probability"] > test["threshold"], found.loc[variant]
        matrix = confusion_matrix(test["label"], flagged).ravel()
        assert row[["tn", "fp", "fn", "tp"]].tolist() == matrix.tolist()
        assert row["f1"] == pytest.approx(f1_score(test["label"], flagged))
        assert row["accuracy"] == pytest.approx((flagged == test["label"]).mean())
        seeds = [own for _, own in test.assign(flagged=flagged).groupby("seed")]
        for name, metric in (("roc_auc", roc_auc_score),
                             ("average_precision", average_precision_score)):  # fmt: skip
            each = [metric(own["label"], own["probability"]) for own in seeds]
            assert row[name] == pytest.approx(np.mean(each))
        each = [f1_score(own["label"], own["flagged"]) for own in seeds]
        assert row["f1_sd"] == pytest.approx(np.std(each, ddof=1))


def test_counts_are_items_times_seeds_and_the_baseline_is_last(tables):
    found = pooled_results(*tables)
    assert found["variant"].tolist() == ["one", "two", "baseline"]
    assert (found["n"] == N * len(SEEDS)).all()
    assert found[["folds", "seeds", "items"]].drop_duplicates().to_numpy().tolist() == [[3, 2, N]]
    baseline = found.iloc[-1]
    assert (baseline["recall"], baseline["fn"], baseline["roc_auc"]) == (1, 0, 0.5)
    assert np.isnan(baseline["validation_f1"])


def test_validation_is_not_test(tables):
    scored, points = tables
    before = pooled_results(scored, points)
    wrong = scored.assign(
        label=np.where(scored["split"] == "val", 1 - scored["label"], scored["label"])
    )
    after = pooled_results(wrong, points)
    assert (before["f1"] == after["f1"]).all()
    assert (before["validation_f1"] != after["validation_f1"]).iloc[:2].all()
