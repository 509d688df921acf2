import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from harmlib.analysis.judged import judged_items
from harmlib.analysis.over_seeds import estimate_over_seeds
from harmlib.media.folds import assign_folds, fold_splits
from harmlib.models import strata as module
from harmlib.models.fold_training import train_folds
from harmlib.models.strata import STRATA_COLUMNS, study_strata
from harmlib.models.training import Split
from harmlib.params import PROJECT_ROOT, Variant

CPU = torch.device("cpu")
FOLDS = 3


def model4():
    table = yaml.safe_load((PROJECT_ROOT / "params/variants.yaml").read_text(encoding="utf-8"))
    spec = table["model4"] | {"video": {"epochs": 2, "batch_size": 16, "learning_rate": 0.02}}
    return Variant.model_validate(spec)


def items(kinds, each=24, group=2):
    """Of each kind `each` items; all of "kind-" are harmful, all of "kind+" safe."""
    rows = []
    for kind in kinds:
        for i in range(each):
            label = {"-": 1, "+": 0}.get(kind[-1], i % 2)
            name = f"{kind.strip('-+')}{i:03}"
            rows.append((name, f"videos/{name}.mp4", label, f"{kind}{i // group}"))
    table = pd.DataFrame(rows, columns=["item_id", "path", "label", "group"])
    return table.assign(sha256=[f"{i * 7919 % 100_003:08}" for i in range(len(table))])


def study(table, strata, seeds=(1, 2), own=None):
    """The label is in the first column, but for the kind `own` in the second."""
    rng = np.random.default_rng(0)
    column = table["item_id"].str.startswith(own).to_numpy().astype(int) if own else 0
    matrix = rng.normal(size=(len(table), 2))
    matrix[np.arange(len(table)), column] += 2 * (2 * table["label"].to_numpy() - 1)
    fold_of = assign_folds(table, FOLDS, seed=1)
    folds = []
    for fold in range(FOLDS):
        parts = fold_splits(fold_of, fold)
        folds.append(
            {
                name: Split(
                    torch.tensor(matrix[parts == name], dtype=torch.float32),
                    torch.tensor(table.loc[parts == name, "label"].to_numpy()),
                    table.loc[parts == name, "item_id"].to_list(),
                    table.loc[parts == name, "group"].to_list(),
                )
                for name in ("train", "val", "test")
            }
        )
    spec, dims = model4(), {"clip": 2}
    trained = train_folds(folds, dims, spec, "video", list(seeds), device=CPU)
    groups = table.set_index("item_id")["group"]
    scored = trained.scores.assign(group=trained.scores["item_id"].map(groups))
    judged = judged_items(scored, trained.operating_points)
    return judged, study_strata(judged, table, folds, dims, spec, "video", strata, device=CPU)


def test_a_stratum_with_a_sign_of_its_own_is_judged_by_chance_where_it_is_unknown():
    judged, found = study(items(["a", "b", "odd"]), {"odd": "odd"}, own="odd")
    auc = found[found["metric"] == "roc_auc"].set_index("trained")
    assert 0.3 < auc.loc["without", "value"] < 0.7
    assert auc.loc["with", "value"] > 0.75
    apart = auc.loc["without", "value"] - auc.loc["with", "value"]
    assert auc.loc["difference", "value"] == pytest.approx(apart)
    assert auc.loc["difference", "high"] < 0
    own = judged[judged["item_id"].str.startswith("odd")]
    expected = estimate_over_seeds(own, "roc_auc")
    assert auc.loc["with", "value"] == pytest.approx(expected.value)
    assert tuple(auc.loc["with", ["low", "high"]]) == pytest.approx(expected.interval("share"))


def test_no_item_of_the_stratum_trains_or_validates(monkeypatch):
    seen = []

    def remember(folds, *args, **options):
        seen.extend(folds)
        return train_folds(folds, *args, **options)

    monkeypatch.setattr(module, "train_folds", remember)
    study(items(["a", "b", "odd"]), {"odd": "odd"})
    assert len(seen) == FOLDS
    for fold in seen:
        known = fold["train"].item_ids + fold["val"].item_ids
        assert not [name for name in known if name.startswith("odd")]
        assert not set(fold["train"].groups) & set(fold["val"].groups)
        assert not (set(fold["train"].groups) | set(fold["val"].groups)) & set(fold["test"].groups)
        assert fold["train"].features.mean(dim=0).abs().max() < 1e-5, "scaled by what is left"
    assert sorted(name for fold in seen for name in fold["test"].item_ids) == sorted(
        items(["a", "b", "odd"])["item_id"]
    )


def test_the_items_and_what_chance_would_give_are_told():
    _, found = study(items(["a", "b", "odd"]), {"odd": "odd\\d"})
    assert list(found) == STRATA_COLUMNS
    first = found.iloc[0]
    assert first[["stratum", "harmful", "safe", "against", "state"]].tolist() == [
        "odd", 12, 12, "own", "ok",
    ]  # fmt: skip
    assert first["harmful_share"] == 0.5


def test_without_safe_items_of_its_own_it_is_ranked_against_all():
    _, found = study(items(["a", "b", "fire-"]), {"fire": "fire"})
    first = found.iloc[0]
    assert first["against"] == "all"
    assert first["safe"] == 0
    assert first["safe_groups"] == 24
    assert first["harmful_share"] == pytest.approx(24 / (24 + 24))


def test_few_groups_give_values_without_an_interval():
    _, found = study(items(["a", "b", "odd"], group=8), {"odd": "odd"})
    assert set(found["state"]) == {"few_groups"}
    assert found["value"].notna().all()
    assert found["low"].isna().all()


@pytest.mark.parametrize(
    ("kinds", "pattern", "state"),
    [
        (["a", "b"], "nowhere", "no_items"),
        (["a", "b", "calm+"], "calm", "no_harmful"),
        (["a", "b"], "videos", "one_class"),
    ],
)
def test_what_cannot_be_measured_is_named(kinds, pattern, state):
    _, found = study(items(kinds), {"own": pattern})
    assert found["state"].tolist() == [state]
    assert found[["metric", "value"]].isna().all(axis=None)


def test_where_the_stratum_was_all_safe_items_of_validation_it_is_cut_again(monkeypatch):
    """One group holds nearly all safe items, so a fold without it has no safe item to validate."""
    table = items(["a-", "b"], each=24)
    extra = items(["big+"], each=30, group=30)
    some = items(["big-"], each=4, group=1).assign(group=["x1", "x2", "x3", "x4"])
    some["item_id"], some["path"] = "h" + some["item_id"], "h" + some["path"]
    table = pd.concat([table, extra, some], ignore_index=True)
    table["sha256"] = [f"{i * 7919 % 100_003:08}" for i in range(len(table))]
    seen = []

    def remember(folds, *args, **options):
        seen.extend(folds)
        return train_folds(folds, *args, **options)

    monkeypatch.setattr(module, "train_folds", remember)
    study(table, {"big": "big"})
    for fold in seen:
        for name in ("train", "val"):
            assert set(fold[name].labels.tolist()) == {0, 1}
        assert not set(fold["train"].groups) & set(fold["val"].groups)


def test_a_regular_expression_that_cannot_be_read_is_named():
    with pytest.raises(ValueError, match=r"study\.strata\.guns: '\(gun' is no regular expression"):
        study_strata(
            pd.DataFrame(), items(["a"]), [], {}, model4(), "video", {"guns": "(gun"}, device=CPU
        )


def test_no_strata_give_an_empty_table():
    found = study_strata(pd.DataFrame(), items(["a"]), [], {}, model4(), "video", {}, device=CPU)
    assert found.empty
    assert list(found) == STRATA_COLUMNS
