import pandas as pd
import pytest
import torch
from small_folds import DIMS, small_folds

from harmlib.models.ablation import groups_of, judge
from harmlib.models.fold_training import train_folds
from harmlib.models.fusion import combinations_of, of_backbones, train_combinations
from harmlib.params import load_params

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
SPEC = load_params("params/demo.yaml").variants["model4"]


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (2, 3), (3, 7), (4, 15), (5, 21)])
def test_alone_in_pairs_all_but_one_and_all(count, expected):
    names = "abcde"[:count]
    found = combinations_of(names)
    assert len(found) == len(set(found)) == expected
    assert found[-1] == tuple(names)
    for name in names:
        assert (name,) in found
        assert tuple(other for other in names if other != name) in found or count == 1


def test_columns_of_some_backbones_stay_in_their_order():
    fold = small_folds(dims={"a": 2, "b": 3, "c": 1})[0]
    cut, dims = of_backbones(fold, {"a": 2, "b": 3, "c": 1}, ["c", "a"])
    assert dims == {"a": 2, "c": 1}
    for name, split in fold.items():
        assert torch.equal(cut[name].features, split.features[:, [0, 1, 5]])
        assert torch.equal(cut[name].labels, split.labels)
        assert cut[name].item_ids == split.item_ids


@pytest.mark.parametrize(
    ("names", "message"), [(["d"], "unknown backbones: d"), ([], "none given")]
)
def test_unknown_backbones_are_named(names, message):
    with pytest.raises(ValueError, match=f"{message}; known: clip, yolo"):
        of_backbones(small_folds()[0], DIMS, names)


def test_each_combination_is_trained_on_its_columns_only():
    folds, seen = small_folds(), []
    told = {"device": CPU, "progress": lambda *at: seen.append(at)}
    found = train_combinations(folds, DIMS, SPEC, "video", [1, 2], **told)
    assert list(found) == [("clip",), ("yolo",), ("clip", "yolo")]
    assert seen[-1] == (300, 300)
    whole = judge(train_folds(folds, DIMS, SPEC, "video", [1, 2], device=CPU), groups_of(folds))
    pd.testing.assert_frame_equal(found["clip", "yolo"], whole)
    for fold in folds:
        for split in fold.values():
            split.features[:, :6] = 0.0  # YOLO doesn't see CLIP's columns
    blind = train_combinations(folds, DIMS, SPEC, "video", [1, 2], device=CPU)
    pd.testing.assert_frame_equal(found["yolo",], blind["yolo",])
    assert not found["clip",]["logit"].equals(blind["clip",]["logit"])
